#pragma once

#include "core/bytes.h"
#include "restore/pending_file.h"

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <list>
#include <string>
#include <vector>

namespace azekura::restore {

/// Told of each file that has its name, and its state then.
using FilePlaced = std::function<void(const FileTask&, const struct stat&)>;

/// Makes files of its own: several lanes at once, each of them one thread at a time.
///
/// A step that fails costs its file; what ends the restore (concerns_one_item) is thrown.
/// Lifetime: files stay where they are while they are open.
class FileLane {
 public:
  /// At most `open_max` files are open at once.
  FileLane(const Target& target, FilePlaced placed, std::size_t open_max);

  void write(PendingFile& file, std::uint64_t offset, ByteView bytes);
  void wipe(PendingFile& file, std::uint64_t offset, std::uint64_t length);
  /// Makes the twins of a file all of whose bytes are there, and gives it its metadata and its
  /// name.
  void finish(PendingFile& file);
  /// Gives it up and removes what there is of it. The first reason counts.
  void lose(PendingFile& file, std::string reason);
  void close(PendingFile& file);

  /// Keeps a step for run().
  void add_step(std::function<void()> step) { steps_.push_back(std::move(step)); }
  [[nodiscard]] bool has_steps() const noexcept { return !steps_.empty(); }
  /// Does the steps in order, to the end or to what ends the restore, which rethrow() throws.
  void run_steps() noexcept;
  void rethrow() const;

 private:
  /// While the file is ours alone: whom it will belong to could change it. A twin that cannot be
  /// made so stays with the file.
  void make_twins(PendingFile& file);
  void make_twin(PendingFile& file, const Twin& twin);
  void note_placed(const PendingFile& file, const struct stat& info);
  template <typename Step>
  void attempt(PendingFile& file, Step&& step);
  void note_use(PendingFile& file);
  void forget_use(PendingFile& file);

  Target target_;
  FilePlaced placed_;
  std::size_t open_max_;
  std::list<PendingFile*> uses_;  ///< files that are open, latest used first
  std::vector<std::function<void()>> steps_;
  std::exception_ptr failure_;
};

/// Gives a file, whole or as far as there is any of it, its metadata and its name; its state then.
/// Errors: those of FileWriter::place.
struct stat place(const Target& target, PendingFile& file);

}  // namespace azekura::restore
