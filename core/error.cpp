#include "core/error.h"

#include <cerrno>
#include <system_error>

namespace azekura {

namespace {

ErrorKind kind_of(int error_number) {
  switch (error_number) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return ErrorKind::space;
    default:
      return ErrorKind::system;
  }
}

}  // namespace

void Error::set_hint(std::string hint) {
  if (hint_.empty()) {
    hint_ = std::move(hint);
  }
}

void Error::set_code(std::string_view code) {
  if (code_.empty()) {
    code_ = code;
  }
}

std::string Error::one_line() const {
  std::string line = fact_;
  for (const std::string& context : contexts_) {
    line += fmt::format(" (while {})", context);
  }
  return line;
}

SystemError::SystemError(int error_number, std::string attempt)
    : Error{kind_of(error_number),
            fmt::format("cannot {}: {}", attempt, std::generic_category().message(error_number))},
      error_number_{error_number} {}

void check_failed(const char* condition, const char* file, int line) {
  throw InternalError{"{}:{}: '{}' does not hold", file, line, condition};
}

}  // namespace azekura
