#pragma once

#include "core/entry.h"
#include "core/unique_fd.h"
#include "vault/checked_file.h"
#include "vault/vault.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace azekura::vault {

/// What was checked of a medium, when, on which device, and what came of it: a text file on the
/// verifying side, a line a file and run. docs/reliability.md, "The history of a medium".
///
/// Order is that of the lines: the clock is only told. Errors: SystemError.
class VerifyHistory {
 public:
  /// Opens FOLDER/MEDIUM.tsv, or makes it, and holds it. What a crash cut off in it is left out.
  /// Errors: BusyError if another run holds it; DamageError if it is impossibly long.
  VerifyHistory(const std::string& folder, const MediumId& medium);

  [[nodiscard]] const std::string& path() const noexcept { return path_; }

  /// When a file was found whole last.
  struct Check {
    std::uint64_t line = 0;
    Timestamp when;
  };
  [[nodiscard]] std::optional<Check> last_whole(const CheckedFile& file) const;
  /// Whether that was in the run that a resumed one continues.
  [[nodiscard]] bool is_done(const CheckedFile& file) const;

  void begin(std::string_view device, bool is_resumed);
  void add(const CheckedFile& file, const std::optional<Finding>& finding);
  /// What was added is on the device when this returns.
  void end(std::uint64_t files_left);

 private:
  struct Known {
    std::string root;
    Check check;
  };

  /// Takes in the lines of the file; returns those that later ones do not replace.
  std::string load(std::string_view text);
  void take_line(std::string_view line);
  void write(std::string_view rest);

  std::string path_;
  UniqueFd file_;
  std::map<std::string, Known, std::less<>> whole_;  ///< by name
  std::uint64_t lines_ = 0;
  std::uint64_t run_ = 0;  ///< the line that began the last run that was not resumed
};

}  // namespace azekura::vault
