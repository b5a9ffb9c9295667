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

void Error::set_hint(std::string_view hint) {
  if (hint_.empty()) {
    hint_ = in_language(hint);
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
    line += text(" (while {})", context);
  }
  return line;
}

SystemError::SystemError(const std::string& attempt, int error_number)
    : Error{kind_of(error_number), text("cannot {}: {}", attempt, errno_text(error_number))},
      error_number_{error_number} {}

std::string errno_text(int error_number) {
  return std::string{in_language(std::generic_category().message(error_number))};
}

void check_failed(const char* condition, const char* file, int line) {
  throw InternalError{"{}:{}: '{}' does not hold", file, line, condition};
}

}  // namespace azekura
