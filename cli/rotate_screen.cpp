#include "cli/rotate_screen.h"

#include "cli/custody_words.h"
#include "core/interrupt.h"
#include "core/messages.h"
#include "core/text.h"

#include <fmt/format.h>

#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>

namespace azekura::cli {

namespace {

constexpr std::size_t kColumns = 60;
constexpr std::string_view kClear = "\x1b[2J\x1b[H";
constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kPlain = "\x1b[0m";

void print_screen(std::string_view text) {
  static_cast<void>(std::fwrite(text.data(), 1, text.size(), stdout));
  static_cast<void>(std::fflush(stdout));
}

std::string rule() {
  std::string line;
  for (std::size_t i = 0; i < kColumns; ++i) {
    line += "─";
  }
  return line + "\n";
}

}  // namespace

RotateScreen::RotateScreen() : is_terminal_{::isatty(STDOUT_FILENO) == 1} {}

void RotateScreen::show(const RotatePage& page) {
  const std::string_view bold = is_terminal_ ? kBold : "";
  const std::string_view plain = is_terminal_ ? kPlain : "";
  std::string drawn = rule() + fmt::format("  {}\n", page.title) + rule() + "\n";
  if (!page.large.empty()) {
    drawn += fmt::format("      {}【 {} 】{}\n\n", bold, printable(page.large), plain);
  }
  for (const std::string& step : page.steps) {
    drawn += fmt::format("    {}{}{}\n\n", bold, step, plain);
  }
  for (const std::string& note : page.notes) {
    drawn += fmt::format("    {}\n", note);
  }
  drawn += rule();
  if (drawn == shown_) {
    return;
  }
  shown_ = drawn;
  print_screen(std::string{is_terminal_ ? kClear : std::string_view{}} + drawn);
}

std::optional<std::string> RotateScreen::ask(const std::string& question, const std::string& usual,
                                             Answer answer) {
  for (;;) {
    print_screen(usual.empty() ? fmt::format("  {}: ", question)
                               : fmt::format("  {} [{}]: ", question, usual));
    std::string typed;
    const bool is_over = !std::getline(std::cin, typed);
    throw_if_interrupted();
    if (is_over) {
      return std::nullopt;
    }
    std::optional<std::string> words = custody_words(typed);
    if (words && words->empty() && (!usual.empty() || answer == Answer::may_be_empty)) {
      return usual;
    }
    if (words && !words->empty()) {
      return words;
    }
    print_screen(fmt::format("  {}\n", words ? text("Something must be typed here.")
                                             : text("Keys that are no letters were in it (like "
                                                    "arrows). Type it again.")));
  }
}

int RotateScreen::input() { return std::cin.good() ? STDIN_FILENO : -1; }

void RotateScreen::forget_typed() {
  static_cast<void>(::tcflush(STDIN_FILENO, TCIFLUSH));  // of a terminal only
}

bool RotateScreen::was_called() {
  pollfd typed{.fd = input(), .events = POLLIN, .revents = 0};
  std::string line;
  return ::poll(&typed, 1, 0) > 0 && static_cast<bool>(std::getline(std::cin, line));
}

}  // namespace azekura::cli
