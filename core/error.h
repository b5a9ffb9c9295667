#pragma once

#include "core/messages.h"

#include <fmt/format.h>

#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace azekura {

/// What the caller can do about a failure; the numbers are the process exit codes
/// (docs/reliability.md, "Exit codes").
enum class ErrorKind {
  incomplete = 1,     ///< a source item could not be read; listed, the rest is safe
  usage = 2,          ///< the request is wrong; change it
  system = 3,         ///< the operating system refused; nothing was committed
  damage = 5,         ///< stored bytes are not what was written
  authenticity = 6,   ///< bad signature, wrong key, rollback or fork
  busy = 7,           ///< another run holds the catalogue
  space = 8,          ///< no space
  medium = 9,         ///< medium missing, wrong, removed or failing
  policy = 10,        ///< refused by policy
  internal = 70,      ///< our own bug
  interrupted = 130,  ///< a signal asked us to stop
};

/// Base of all failures: a fact, the attempts it happened in, and what to do next.
///
/// Messages start in lower case, have no final period and name the object; they are kept in the
/// language spoken when they are made. Catch it only in cli/main.cpp, at a worker's end, in
/// while_doing and where one source item is skipped.
class Error : public std::exception {
 public:
  Error(ErrorKind kind, std::string fact) : kind_{kind}, fact_{std::move(fact)} {}

  [[nodiscard]] ErrorKind kind() const noexcept { return kind_; }
  /// What is stored is damaged or not authentic; nothing is wrong with the machine or the request.
  [[nodiscard]] bool is_about_stored_bytes() const noexcept {
    return kind_ == ErrorKind::damage || kind_ == ErrorKind::authenticity;
  }
  [[nodiscard]] const char* what() const noexcept override { return fact_.c_str(); }
  /// What was being attempted, innermost first.
  [[nodiscard]] const std::vector<std::string>& contexts() const noexcept { return contexts_; }
  [[nodiscard]] const std::string& hint() const noexcept { return hint_; }
  /// A stable name of this failure for people and programs (docs/reliability.md, "Refusals");
  /// empty for most.
  [[nodiscard]] const std::string& code() const noexcept { return code_; }

  void add_context(std::string attempt) { contexts_.push_back(std::move(attempt)); }
  /// Says what to type next: a message, or text() of one. The first hint given stays.
  void set_hint(std::string_view hint);
  /// The first code given stays.
  void set_code(std::string_view code);

  /// The fact and every context in one line, for lists.
  [[nodiscard]] std::string one_line() const;

 private:
  ErrorKind kind_;
  std::string fact_;
  std::vector<std::string> contexts_;
  std::string hint_;
  std::string code_;
};

/// One class per ErrorKind, so that a handler can name what it can deal with.
template <ErrorKind kKind>
class ErrorOf : public Error {
 public:
  template <typename... Args>
  explicit ErrorOf(fmt::format_string<Args...> fact, Args&&... args)
      : Error{kKind, text(fact, std::forward<Args>(args)...)} {}
};

/// A source could not be read. The only kind that may be downgraded to "incomplete, listed".
using SourceError = ErrorOf<ErrorKind::incomplete>;
using UsageError = ErrorOf<ErrorKind::usage>;
using DamageError = ErrorOf<ErrorKind::damage>;
using AuthenticityError = ErrorOf<ErrorKind::authenticity>;
using BusyError = ErrorOf<ErrorKind::busy>;
using SpaceError = ErrorOf<ErrorKind::space>;
using MediumError = ErrorOf<ErrorKind::medium>;
using PolicyError = ErrorOf<ErrorKind::policy>;
using InternalError = ErrorOf<ErrorKind::internal>;
using InterruptedError = ErrorOf<ErrorKind::interrupted>;

/// The operating system refused; carries errno. ENOSPC, EDQUOT and EFBIG become kind `space`.
class SystemError : public Error {
 public:
  template <typename... Args>
  SystemError(int error_number, fmt::format_string<Args...> attempt, Args&&... args)
      : SystemError{text(attempt, std::forward<Args>(args)...), error_number} {}

  [[nodiscard]] int error_number() const noexcept { return error_number_; }

 private:
  SystemError(const std::string& attempt, int error_number);

  int error_number_ = 0;
};

/// What errno means, for a person.
std::string errno_text(int error_number);

/// Runs `step`; an Error that leaves it is told what was being attempted.
template <typename Step, typename... Args>
decltype(auto) while_doing(Step&& step, fmt::format_string<Args...> doing, Args&&... args) {
  try {
    return std::forward<Step>(step)();
  } catch (Error& error) {
    error.add_context(text(doing, std::forward<Args>(args)...));
    throw;
  }
}

/// Reports our own bug and throws InternalError; used by AZK_CHECK.
[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace azekura

/// Holds in every build; never used on input.
#define AZK_CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::azekura::check_failed(#condition, __FILE__, __LINE__))
