#pragma once

#include <utility>

namespace azekura {

/// Owns one open file descriptor; closes it on every path.
///
/// The destructor discards close errors. Code that wrote through the descriptor calls close()
/// first, because that is where a full disk or a lost server is reported.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) noexcept : fd_{fd} {}
  UniqueFd(UniqueFd&& other) noexcept : fd_{std::exchange(other.fd_, kClosed)} {}
  UniqueFd& operator=(UniqueFd&& other) noexcept;
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd();

  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] bool is_open() const noexcept { return fd_ != kClosed; }
  [[nodiscard]] int release() noexcept { return std::exchange(fd_, kClosed); }

  /// Closes now. Errors: SystemError. Afterwards the handle is empty either way.
  void close();

 private:
  static constexpr int kClosed = -1;
  int fd_ = kClosed;
};

}  // namespace azekura
