#pragma once

#include "core/bytes.h"
#include "core/unique_fd.h"
#include "restore/path_guard.h"

#include <sys/stat.h>

#include <cstdint>
#include <functional>
#include <string>

namespace azekura::restore {

/// One file in the making: under a random name of its own until all of it is there.
///
/// Errors: SystemError; afterwards the file can only be discarded.
/// Lifetime: the guard outlives it. A file that was not placed is removed with it.
class FileWriter {
 public:
  FileWriter(PathGuard& guard, DirectoryId directory);
  FileWriter(FileWriter&& other) noexcept;
  FileWriter& operator=(FileWriter&&) = delete;
  FileWriter(const FileWriter&) = delete;
  FileWriter& operator=(const FileWriter&) = delete;
  ~FileWriter();

  /// Bytes in any order; what is never written stays a hole.
  void write(std::uint64_t offset, ByteView bytes);
  /// The same bytes of another file in the making; the file system may let the two share them.
  void copy_from(FileWriter& other, std::uint64_t offset, std::uint64_t length);
  /// Stored zeros: space the file holds.
  void write_zeros(std::uint64_t offset, std::uint64_t length);
  /// Takes back what was written there: a hole again, or zeros.
  void wipe(std::uint64_t offset, std::uint64_t length);
  /// Gives the file its size, lets `finish` set the metadata through a descriptor, and its name.
  /// Errors: also those of `finish`. Returns the file's state under that name.
  struct stat place(std::uint64_t size, const std::string& name,
                    const std::function<void(int)>& finish);
  /// Closes the descriptor until the next write; errors of earlier writes may show here.
  void suspend();
  [[nodiscard]] bool is_open() const noexcept { return fd_.is_open(); }
  /// Removes the file unless it was placed.
  void discard() noexcept;
  /// True for names of files in the making, of any run.
  static bool is_temporary_name(const std::string& name);

 private:
  int fd();
  void allocate(int mode, std::uint64_t offset, std::uint64_t length);
  [[nodiscard]] std::string shown_name() const;

  PathGuard& guard_;
  DirectoryId directory_;
  std::string temporary_;     ///< empty: there is no file under it
  std::uint64_t size_ = 0;    ///< as far as it was written
  struct stat suspended_ {};  ///< its state when it was closed for a time
  UniqueFd fd_;
};

}  // namespace azekura::restore
