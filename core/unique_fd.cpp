#include "core/unique_fd.h"

#include "core/error.h"

#include <unistd.h>

#include <cerrno>

namespace azekura {

UniqueFd& UniqueFd::operator=(UniqueFd&& other) noexcept {
  if (this != &other) {
    if (is_open()) {
      ::close(fd_);
    }
    fd_ = std::exchange(other.fd_, kClosed);
  }
  return *this;
}

UniqueFd::~UniqueFd() {
  if (is_open()) {
    ::close(fd_);
  }
}

void UniqueFd::close() {
  if (is_open() && ::close(std::exchange(fd_, kClosed)) != 0) {
    throw SystemError{errno, "close a file that was written"};
  }
}

}  // namespace azekura
