#pragma once

#include "core/observer.h"
#include "core/ordered_stage.h"
#include "vault/healable_file.h"

#include <functional>
#include <memory>
#include <optional>

namespace azekura::vault {

/// Reads files of a medium from its device and checks them: one after the other as they lie there,
/// while all threads hash.
///
/// Memory: 4 MiB a thread.
class FileVerifier {
 public:
  /// Called for each file in the order they were pushed; nullopt if it is whole.
  using Take = std::function<void(const HealableFile&, std::optional<Finding>)>;

  /// Lifetime: all outlive it. `take` is called by one thread at a time.
  FileVerifier(const FolderMedium& medium, Healer& healer, unsigned threads, Observer& observer,
               Take take);
  FileVerifier(const FileVerifier&) = delete;
  FileVerifier& operator=(const FileVerifier&) = delete;
  ~FileVerifier();

  /// Returns when the file is being read. Lifetime: the file stays until drain().
  /// Errors: of this and all files before: MediumError if the medium is gone; InterruptedError;
  /// what `take` throws.
  void push(const HealableFile& file);
  /// Returns when all are checked. Errors: as push.
  void drain();

 private:
  struct Reading;
  struct Slice;

  void read(Slice& slice) const;
  void check(Slice& slice);
  [[nodiscard]] Remedy remedy_of(const HealableFile& file) const;

  const FolderMedium& medium_;
  Healer& healer_;
  Observer& observer_;
  Take take_;
  OrderedStage<Slice> slices_;
};

}  // namespace azekura::vault
