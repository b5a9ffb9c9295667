#pragma once

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
  /// Asks for a line; `usual` if nothing is typed. Errors: InterruptedError.
  [[nodiscard]] static std::string ask(const std::string& question, const std::string& usual);

 private:
  bool is_terminal_;
  std::string shown_;
};

}  // namespace azekura::cli
