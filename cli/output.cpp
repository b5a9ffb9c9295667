#include "cli/output.h"

#include "cli/exit_code.h"
#include "core/clock.h"
#include "core/ids.h"
#include "core/text.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

namespace azekura::cli {

namespace {

constexpr double kRefreshSeconds = 0.2;
constexpr double kPlainSeconds = 60;  ///< between progress lines where there is no terminal

std::string duration_text(double seconds) {
  const auto whole = static_cast<std::uint64_t>(seconds);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

/// Never fails: a log that is full must not end a backup.
template <typename... Args>
void print(std::FILE* stream, fmt::format_string<Args...> form, Args&&... args) {
  const std::string text = fmt::format(form, std::forward<Args>(args)...);
  static_cast<void>(std::fwrite(text.data(), 1, text.size(), stream));
}

bool is_utf8(std::string_view raw) {
  try {
    static_cast<void>(Json(std::string{raw}).dump());
    return true;
  } catch (const Json::type_error&) {
    return false;
  }
}

}  // namespace

void put_name(Json& object, const std::string& key, std::string_view raw) {
  if (is_utf8(raw)) {
    object[key] = std::string{raw};
  } else {
    object[key + "_hex"] = to_hex(as_bytes(raw));
  }
}

Output::Output(std::string_view program) : program_{program}, terminal_{::isatty(2) == 1} {}

Output::~Output() { clear_progress(); }

void Output::print_result(std::string_view text) {
  clear_progress();
  errno = 0;
  const bool taken = std::fwrite(text.data(), 1, text.size(), stdout) == text.size() &&
                     std::fputc('\n', stdout) != EOF;
  if (!taken && unwritten_ == 0) {
    unwritten_ = errno != 0 ? errno : EIO;
  }
}

void Output::print_message(std::string_view form, std::string_view message) {
  const std::string_view said = in_language(message);
  print(stderr, "{}\n", fmt::vformat(in_language(form), fmt::make_format_args(program_, said)));
}

void Output::line(std::string_view text) {
  if (!json_) {
    print_result(in_language(text));
  }
}

void Output::object(const Json& object) {
  if (json_) {
    print_result(object.dump());
  }
}

void Output::warn(std::string_view text) {
  clear_progress();
  print_message("{}: warning: {}", text);
}

int Output::error(const Error& error) {
  end_phase();
  print_message("{}: error: {}", error.code().empty()
                                     ? std::string{error.what()}
                                     : fmt::format("{}: {}", error.code(), error.what()));
  for (const std::string& context : error.contexts()) {
    print_message("{}:   while {}", context);
  }
  if (!error.hint().empty()) {
    print_message("{}: hint: {}", error.hint());
  }
  const int code = exit_code_of(error.kind());
  if (json_) {
    Json failure{{"event", "error"}, {"exit_code", code}};
    if (!error.code().empty()) {
      failure["code"] = error.code();
    }
    failure["fact"] = error.what();
    failure["while"] = error.contexts();
    failure["hint"] = error.hint();
    object(failure);
  }
  return code;
}

void Output::show_now() {
  end_phase();
  static_cast<void>(std::fflush(stdout));  // what fails here fails again in finish()
}

void Output::finish() {
  end_phase();
  if (std::fflush(stdout) != 0 && unwritten_ == 0) {
    unwritten_ = errno;
  }
  if (unwritten_ == 0) {
    return;
  }
  const SystemError error{unwritten_, "write the results to standard output"};
  if (!only_reports_) {
    throw SystemError{error};
  }
  warn(text("{}; what they report is done", error.what()));
}

void Output::phase(std::string_view name, std::uint64_t total_bytes) {
  end_phase();
  phase_ = in_language(name);
  total_ = total_bytes;
  done_ = 0;
  phase_begun_ = steady_seconds();
  shown_ = phase_begun_;
}

void Output::advanced(std::uint64_t bytes) {
  done_ += bytes;
  const double now = steady_seconds();
  if (now - shown_ >= (terminal_ ? kRefreshSeconds : kPlainSeconds)) {
    shown_ = now;
    show_progress();
  }
}

void Output::show_progress() {
  const double seconds = steady_seconds() - phase_begun_;
  const double rate = seconds > 0 ? static_cast<double>(done_) / seconds : 0;
  const std::string done = human_bytes(done_);
  std::string said = total_ > 0 ? text("{}: {} of {}", phase_, done, human_bytes(total_))
                                : fmt::format("{}: {}", phase_, done);
  said += fmt::format(", {}/s", human_bytes(static_cast<std::uint64_t>(rate)));
  if (total_ > done_ && rate > 0) {
    said += text(", {} left", duration_text(static_cast<double>(total_ - done_) / rate));
  }
  if (terminal_) {
    print(stderr, "\r\033[K{}", said);
    progress_on_line_ = true;
    std::fflush(stderr);
  } else {
    print_message("{}: {}", said);
  }
}

void Output::clear_progress() {
  if (progress_on_line_) {
    print(stderr, "\r\033[K");
    progress_on_line_ = false;
  }
}

void Output::end_phase() {
  clear_progress();
  phase_.clear();
}

void Output::flawed(std::string_view path, std::string_view reason) {
  if (!terminal_) {  // names of patients' files do not belong into a log
    ++unnamed_flaws_;
    return;
  }
  warn(fmt::format("{}: {}", printable(path), printable(in_language(reason))));
}

void Output::notice(std::string_view text) {
  clear_progress();
  print_message("{}: {}", text);
}

}  // namespace azekura::cli
