#pragma once

#include "core/unique_fd.h"

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace azekura::chunker {

/// A shell command in a process group of its own, with its output on two pipes.
///
/// The kernel kills it when the thread that started it ends; the destructor kills the group and
/// waits for it, unless wait() already did.
class ChildProcess {
 public:
  /// Runs `/bin/sh -c command`, standard input /dev/null. Errors: SourceError.
  explicit ChildProcess(const std::string& command);
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  ~ChildProcess();

  [[nodiscard]] int output() const noexcept { return output_.get(); }
  [[nodiscard]] int errors() const noexcept { return errors_.get(); }  ///< does not block
  /// Readable once the command has ended.
  [[nodiscard]] int ended() const noexcept { return ended_.get(); }

  /// Waits for the end: its exit status, or 128 + the signal. Errors: SourceError.
  std::int32_t wait();

 private:
  void kill_group() noexcept;

  UniqueFd output_;
  UniqueFd errors_;
  UniqueFd ended_;
  pid_t pid_ = -1;
};

}  // namespace azekura::chunker
