#include "cli/language.h"

#include <CLI/Validators.hpp>

#include <cstdlib>
#include <string>
#include <string_view>

namespace azekura::cli {

namespace {

constexpr std::string_view kJapaneseCode = "ja";

/// Of the locale of messages, like "ja_JP.UTF-8".
std::string_view locale_name() {
  for (const char* const name : {"LC_ALL", "LC_MESSAGES", "LANG"}) {
    const char* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): one thread yet
    if (value != nullptr && *value != '\0') {
      return value;
    }
  }
  return {};
}

}  // namespace

Language language_asked_for(int argc, char** argv) {
  constexpr std::string_view kOption = "--lang";
  std::string_view code = locale_name();
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--") {
      break;
    }
    if (argument == "--json") {
      return Language::english;
    }
    if (argument == kOption && i + 1 < argc) {
      code = argv[++i];
    } else if (argument.starts_with(kOption) && argument.substr(kOption.size()).starts_with('=')) {
      code = argument.substr(kOption.size() + 1);
    }
  }
  return code.starts_with(kJapaneseCode) ? Language::japanese : Language::english;
}

void add_language_option(CLI::App& app) {
  app.add_option("--lang", "Speak ja or en; else as the locale says")
      ->type_name("LANG")
      ->check(CLI::Validator{CLI::IsMember({"ja", "en"})}.description(""));
}

}  // namespace azekura::cli
