#include "cli/help_format.h"

#include "core/messages.h"

#include <fmt/format.h>

#include <utility>

namespace azekura::cli {

HelpFormat::HelpFormat() {
  for (const char* const word :
       {"Usage", "OPTIONS", "SUBCOMMAND", "Positionals", "REQUIRED", "Needs", "Excludes"}) {
    label(word, std::string{in_language(word)});
  }
}

std::string HelpFormat::make_group(std::string group, bool is_positional,
                                   std::vector<const CLI::Option*> options) const {
  return Formatter::make_group(std::string{in_language(group)}, is_positional, std::move(options));
}

std::string HelpFormat::make_description(const CLI::App* app) const {
  return fmt::format("{}\n", in_language(app->get_description()));
}

std::string HelpFormat::make_subcommands(const CLI::App* app, CLI::AppFormatMode /*mode*/) const {
  const std::vector<const CLI::App*> commands = app->get_subcommands({});
  std::string rows = commands.empty() ? "" : fmt::format("\n{}:\n", in_language("Subcommands"));
  for (const CLI::App* command : commands) {
    rows += make_subcommand(command);
  }
  return rows;
}

std::string HelpFormat::make_subcommand(const CLI::App* command) const {
  return row(command->get_name(), command->get_description());
}

std::string HelpFormat::make_option(const CLI::Option* option, bool is_positional) const {
  return row(make_option_name(option, is_positional) + make_option_opts(option),
             option->get_description());
}

std::string HelpFormat::row(const std::string& name, const std::string& description) const {
  const std::string column = fmt::format("{:<{}}", "  " + name, get_column_width());
  const bool is_full = column.ends_with(name) && !description.empty();
  return fmt::format("{}{}{}\n", column,
                     is_full ? fmt::format("\n{:{}}", "", get_column_width()) : "",
                     in_language(description));
}

}  // namespace azekura::cli
