#pragma once

#include <CLI/App.hpp>
#include <CLI/Formatter.hpp>

#include <string>
#include <vector>

namespace azekura::cli {

/// Help in the language spoken: every description is looked up as it is shown. Columns are as wide
/// as they look, also of words in Japanese.
class HelpFormat final : public CLI::Formatter {
 public:
  HelpFormat();

  std::string make_group(std::string group, bool is_positional,
                         std::vector<const CLI::Option*> options) const override;
  std::string make_description(const CLI::App* app) const override;
  std::string make_subcommands(const CLI::App* app, CLI::AppFormatMode mode) const override;
  std::string make_subcommand(const CLI::App* command) const override;
  std::string make_option(const CLI::Option* option, bool is_positional) const override;

 private:
  [[nodiscard]] std::string row(const std::string& name, const std::string& description) const;
};

}  // namespace azekura::cli
