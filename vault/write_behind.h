#pragma once

#include <cstdint>
#include <string>

namespace azekura::vault {

/// Sends what is written to a file to its device while more is written, so that little of it is
/// left for the flush at the end: a person who stops a write to a slow device, or the limit of
/// connected time, is not kept waiting by a full page cache.
class WriteBehind {
 public:
  /// Of a file that is written from its beginning on. `name` is for messages.
  WriteBehind(int fd, std::string name);

  /// `bytes` were written so far. At most two windows of 8 MiB are not on the device then.
  /// Errors: SystemError; the file's content is unknown after it, as after a failed flush.
  void wrote(std::uint64_t bytes);

 private:
  int fd_;
  std::string name_;
  std::uint64_t sent_ = 0;
};

}  // namespace azekura::vault
