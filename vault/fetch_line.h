#pragma once

#include "core/ordered_stage.h"
#include "vault/pack_fetch.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace azekura::vault {

/// Opens blocks of one pack after another on several threads and delivers them in order: the next
/// pack begins while the last blocks of the one before are written.
///
/// Threads: add and drain from one; the receiver is called from one thread at a time.
class FetchLine {
 public:
  /// Runs on any thread of the line.
  using Open = std::function<std::shared_ptr<const OpenBlock>(const PackReader&, std::uint32_t)>;

  /// Lifetime: the receiver outlives it.
  FetchLine(unsigned threads, Open open, ExtentReceiver& receiver);

  /// Takes a pack's blocks, rising. Waits while too many are on their way. Errors:
  /// what the receiver threw.
  void add(const std::shared_ptr<PackFetch>& fetch, std::span<const std::uint32_t> blocks);
  /// Returns when all is delivered. Errors: as above.
  void drain();

 private:
  struct Job {
    std::shared_ptr<PackFetch> fetch;
    std::optional<std::uint32_t> block;  ///< none: the end of its pack
    std::shared_ptr<const OpenBlock> opened;
    std::optional<Error> failure;
  };

  void open(Job& job) const;
  void deliver(Job& job);
  void let_go();

  Open open_;
  ExtentReceiver& receiver_;
  std::vector<std::shared_ptr<const OpenBlock>> held_;  ///< delivered; the receiver may use them
  OrderedStage<Job> stage_;  ///< last: its threads end before what they use
};

}  // namespace azekura::vault
