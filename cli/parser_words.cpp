#include "cli/parser_words.h"

#include "core/messages.h"

#include <array>
#include <optional>

namespace azekura::cli {

namespace {

/// CLI11's, the longer ones first where two could be meant.
constexpr std::array<std::string_view, 9> kSentences{
    "A subcommand is required",
    "{} is required",
    "{} requires {}",
    "{} excludes {}",
    "{}: {} required {} missing",
    "{}: {} not in {}",
    "The following argument was not expected: {}",
    "The following arguments were not expected: {}",
    "Could not convert: {} = {}"};

constexpr std::string_view kBlank = "{}";
using Blanks = std::array<std::string_view, 3>;

/// What stands in the blanks of `sentence` in `said`; nullopt if that is another sentence.
std::optional<Blanks> blanks_of(std::string_view sentence, std::string_view said) {
  Blanks blanks{};
  for (std::size_t i = 0;; ++i) {
    const std::size_t next = sentence.find(kBlank);
    const std::string_view words = sentence.substr(0, next);
    if (!said.starts_with(words) || (next == sentence.npos && said != words)) {
      return std::nullopt;
    }
    if (next == sentence.npos) {
      return blanks;
    }
    said.remove_prefix(words.size());
    sentence.remove_prefix(next + kBlank.size());
    const std::string_view behind = sentence.substr(0, sentence.find(kBlank));
    const std::size_t end = behind.empty() ? said.size() : said.find(behind);
    if (end == said.npos) {
      return std::nullopt;
    }
    blanks.at(i) = said.substr(0, end);
    said.remove_prefix(end);
  }
}

}  // namespace

std::string parser_words(std::string_view english) {
  for (const std::string_view sentence : kSentences) {
    if (const std::optional<Blanks> blanks = blanks_of(sentence, english)) {
      const auto& [first, second, third] = *blanks;
      return format_in_language({sentence.data(), sentence.size()},
                                fmt::make_format_args(first, second, third));
    }
  }
  return std::string{english};
}

}  // namespace azekura::cli
