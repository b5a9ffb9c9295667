#pragma once

#include <optional>
#include <string>
#include <vector>

namespace azekura::cli {

/// One step for the person who carries media, in few words.
struct RotatePage {
  std::string title;
  std::string large;               ///< what this is about: a medium's name; may be empty
  std::vector<std::string> steps;  ///< what to do
  std::vector<std::string> notes = {};
};

/// The screen of `rotate`: one page at a time, on standard output, and what is typed. Where that is
/// no terminal, pages follow one another.
class RotateScreen {
 public:
  RotateScreen();

  /// Shows a page, unless it is what is shown already.
  void show(const RotatePage& page);
  enum class Answer { needed, may_be_empty };
  /// Asks for words of the register until they are some; `usual`, if there is one, if nothing is
  /// typed. Nothing if nobody can type any more. Errors: InterruptedError.
  [[nodiscard]] static std::optional<std::string> ask(const std::string& question,
                                                      const std::string& usual, Answer answer);
  /// What can be read once something was typed; -1 if nobody can type any more.
  [[nodiscard]] static int input();
  /// What was typed before somebody was asked does not count.
  static void forget_typed();
  /// Whether Enter was pressed; what stands before it is not kept.
  [[nodiscard]] static bool was_called();

 private:
  bool is_terminal_;
  std::string shown_;
};

}  // namespace azekura::cli
