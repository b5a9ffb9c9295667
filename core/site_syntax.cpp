#include "core/site_syntax.h"

#include "core/bytes.h"
#include "core/messages.h"
#include "core/text.h"

#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

namespace azekura {

namespace {

using std::string_view_literals::operator""sv;

/// Whoever has mended as many looks again.
constexpr std::size_t kSyntaxMistakesMax = 20;
/// A list or a text of more lines ends the search: looking at it costs their square.
constexpr unsigned kStatementLinesMax = 256;
/// All that is looked at, also again and again: half a second.
constexpr std::size_t kBytesMax = 8 * kMiB;
/// Stands for what is mistaken: what follows is in a table of its own then, so that no name is
/// there twice only because the [[source]] before it cannot be read.
constexpr std::string_view kPlaceholder = "[[\"\\u0001\"]]\n";

constexpr std::string_view kNameCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-."sv;

struct SyntaxMistake {
  std::string_view fact;
  std::string_view remedy;
};

constexpr std::string_view kLineForm =
    "write a setting like name = \"daily-1\", a table like [[source]]; a comment begins with '#'";

constexpr SyntaxMistake kNotUtf8{
    "this line is not UTF-8",
    "save the file as UTF-8: an editor may have written it as Shift_JIS or another encoding"};
constexpr SyntaxMistake kNotEnded{
    "the text does not end on its line",
    "end it with the quote that it begins with; within double quotes, a quote is written \\\""};
constexpr SyntaxMistake kWrongTable{
    "this does not begin a table",
    "write its name in brackets, alone on the line, like [[source]] or [media]"};
constexpr SyntaxMistake kTableTwice{
    "this table is there already",
    "write [media] and [spool] once, and [[source]], [[set]], [[pool]] and [[holiday]] in double "
    "brackets: they may be there many times"};
constexpr SyntaxMistake kSettingTwice{
    "this setting is there already in its table",
    "take one of the two out; another source, set, pool or holiday begins with a line like "
    "[[source]]"};
constexpr SyntaxMistake kNoName{"neither a setting nor a table begins like this", kLineForm};
constexpr SyntaxMistake kNoSetting{"there is no '=' behind the name", kLineForm};
constexpr SyntaxMistake kNoValue{"there is no value behind '='", "write one, or take the line out"};
constexpr SyntaxMistake kWrongValue{
    "this is no value",
    "put a text in double quotes, like \"daily-1\"; only a number, a date like 2026-12-29, true "
    "and false stand without"};
constexpr SyntaxMistake kWrongBackslash{
    "a '\\' of this text is not followed by what it can stand before",
    "write \\\\ for each '\\', or put the text in single quotes"};
constexpr SyntaxMistake kMoreBehind{
    "something stands behind the value",
    "write each setting on a line of its own; within double quotes, a quote is written \\\""};
constexpr SyntaxMistake kWrongList{
    "the list is not written as it should be",
    "write it like [\"a\", \"b\"]: each text in double quotes, a comma between two"};
constexpr SyntaxMistake kControl{"a control character stands here", "take it out"};

constexpr std::string_view kEndIt =
    "end a list with ], with commas between its parts and each text in double quotes; end a text "
    "of several lines with the three quotes that it begins with";

/// What the library says, and what that means; the first that fits counts.
constexpr auto kMeanings = std::to_array<std::pair<std::string_view, const SyntaxMistake*>>({
    {"table header: cannot redefine"sv, &kTableTwice},
    {"cannot redefine"sv, &kSettingTwice},
    {"cannot insert"sv, &kSettingTwice},
    {"parsing table header"sv, &kWrongTable},
    {"expected keys, tables"sv, &kNoName},
    {"parsing key: "sv, &kNoName},
    {"expected '='"sv, &kNoSetting},
    {"expected value, saw"sv, &kNoValue},
    {"escape sequence"sv, &kWrongBackslash},
    {"unicode scalar sequence"sv, &kWrongBackslash},
    {"expected a comment or whitespace"sv, &kMoreBehind},
    {"control character"sv, &kControl},
    {"form-feeds"sv, &kControl},
    {"after '\\r'"sv, &kControl},
    {"parsing array"sv, &kWrongList},
    {"parsing value"sv, &kWrongValue},
    {"inline table"sv, &kWrongValue},
    {"parsing boolean"sv, &kWrongValue},
    {"floating-point"sv, &kWrongValue},
    {"integer: "sv, &kWrongValue},
    {"parsing date"sv, &kWrongValue},
    {"parsing time"sv, &kWrongValue},
});

bool is_said(const toml::parse_error& error, std::string_view words) {
  return error.description().find(words) != std::string_view::npos;
}

bool is_about_bytes(const toml::parse_error& error) {
  return error.description().starts_with("Encountered "sv);
}

std::optional<toml::parse_error> parse_error_of(std::string_view text) {
  try {
    static_cast<void>(toml::parse(text));
    return std::nullopt;
  } catch (const toml::parse_error& error) {
    return error;
  }
}

/// Whether a text that was given as far as here may yet be right.
bool goes_on(const std::optional<toml::parse_error>& error) {
  return error && error->description().ends_with(": encountered end-of-file"sv);
}

std::string_view without_blanks(std::string_view line) {
  line.remove_prefix(std::min(line.find_first_not_of(" \t\r\n"), line.size()));
  return line.substr(0, line.find_last_not_of(" \t\r\n") + 1);
}

/// Like `name = ...` or `[[source]...`, right or wrong.
bool looks_like_statement(std::string_view line) {
  const bool is_table = line.starts_with('[');
  line.remove_prefix(line.starts_with("[[") ? 2 : is_table ? 1 : 0);
  const std::string_view behind =
      line.substr(std::min(line.find_first_not_of(kNameCharacters), line.size()));
  return behind.size() < line.size() && without_blanks(behind).starts_with(is_table ? ']' : '=');
}

std::string_view character_at(std::string_view text, const toml::source_position& place) {
  text.remove_prefix(std::min(byte_offset(text, place.line, place.column), text.size()));
  return text.substr(0, byte_offset(text, 1, 2));
}

/// A mistake in `read`; its line is that of the file.
SiteFinding finding_of(const toml::parse_error& error, std::string_view read, unsigned line) {
  const toml::source_position place = error.source().begin;
  const std::string_view character = character_at(read, place);
  const bool is_quoted = is_said(error, "string: "sv) || is_said(error, "comment: "sv);
  const auto meaning = std::find_if(kMeanings.begin(), kMeanings.end(),
                                    [&](const auto& one) { return is_said(error, one.first); });
  SiteFinding finding;
  finding.line = line;
  finding.column = place.column;
  const auto tell = [&](const SyntaxMistake& mistake) {
    finding.fact = in_language(mistake.fact);
    finding.remedy = in_language(mistake.remedy);
  };
  if (is_about_bytes(error)) {
    tell(kNotUtf8);
    finding.column = 0;  // the library tells that of a character before it
  } else if (is_quoted && (character == "\n" || character == "\r")) {
    tell(kNotEnded);
  } else if (!is_quoted && character.size() > 1) {
    finding.fact = text("'{}' stands neither in a text nor in a comment", printable(character));
    finding.remedy = in_language(
        "type it in half width, without a Japanese input method; a text stands in double quotes");
  } else if (meaning != kMeanings.end()) {
    tell(*meaning->second);
  } else {
    finding.fact = text("this line is not TOML: {}", printable(error.description()));
    finding.remedy = in_language("correct that line of the site file; its comments show the form");
  }
  return finding;
}

/// A setting, the beginning of a table, or nothing; with the end of its last line.
struct Statement {
  unsigned line;
  std::string text;
};

class SyntaxSearch {
 public:
  explicit SyntaxSearch(std::string_view site_file) : text_{site_file} {
    if (!text_.ends_with('\n')) {
      text_ += '\n';
    }
  }

  std::vector<SiteFinding> run() {
    while (at_ < text_.size() && findings_.size() < kSyntaxMistakesMax && read_statement()) {
    }
    find_twice();
    std::stable_sort(findings_.begin(), findings_.end(),
                     [](const SiteFinding& a, const SiteFinding& b) { return a.line < b.line; });
    return std::move(findings_);
  }

 private:
  [[nodiscard]] bool may_look_at(std::string_view part);
  bool read_statement();
  [[nodiscard]] bool may_go_on(std::string_view line, std::size_t next) const;
  void find_twice();

  std::string text_;
  std::size_t bytes_left_ = kBytesMax;
  std::size_t at_ = 0;  ///< of the next statement
  unsigned line_ = 1;
  std::vector<Statement> statements_;
  std::vector<SiteFinding> findings_;
};

bool SyntaxSearch::may_look_at(std::string_view part) {
  const bool may = part.size() <= bytes_left_;
  bytes_left_ -= may ? part.size() : 0;
  return may;
}

/// False if what follows cannot be looked at.
bool SyntaxSearch::read_statement() {
  std::string_view statement;
  std::optional<toml::parse_error> error;
  unsigned lines = 0;
  std::size_t next = at_;
  do {
    next = text_.find('\n', next) + 1;
    statement = std::string_view{text_}.substr(at_, next - at_);
    if (!may_look_at(statement)) {
      return false;
    }
    error = parse_error_of(statement);
    ++lines;
  } while (goes_on(error) && next < text_.size() && lines < kStatementLinesMax);
  if (goes_on(error)) {
    if (next == text_.size()) {
      findings_.push_back({true, line_, text("the list or text that begins here does not end"),
                           std::string{in_language(kEndIt)}});
    }
    return false;
  }
  if (error) {
    SiteFinding finding = finding_of(*error, statement, line_ + lines - 1);
    if (lines > 1 && !is_about_bytes(*error)) {
      finding.fact = text("{}, in the list or text that begins on line {}", finding.fact, line_);
      finding.remedy = in_language(kEndIt);
    }
    findings_.push_back(std::move(finding));
    if (lines > 1 || is_about_bytes(*error) || may_go_on(statement, next)) {
      return false;
    }
    statement = kPlaceholder;
  }
  statements_.push_back({line_, std::string{statement}});
  at_ = next;
  line_ += lines;
  return true;
}

/// Whether what is wrong on a line may go on behind it, where it would be told as another mistake.
bool SyntaxSearch::may_go_on(std::string_view line, std::size_t next) const {
  const auto has = [&](std::string_view mark) { return line.find(mark) != std::string_view::npos; };
  if (has("\"\"\"") || has("'''") || has("{")) {
    return true;
  }
  while (next < text_.size()) {
    const std::size_t end = text_.find('\n', next) + 1;
    const std::string_view behind =
        without_blanks(std::string_view{text_}.substr(next, end - next));
    if (!behind.empty() && !behind.starts_with('#')) {
      return !looks_like_statement(behind);
    }
    next = end;
  }
  return false;
}

/// Names that are there twice show in the whole only.
void SyntaxSearch::find_twice() {
  while (findings_.size() < kSyntaxMistakesMax) {
    std::string whole;
    for (const Statement& statement : statements_) {
      whole += statement.text;
    }
    if (!may_look_at(whole)) {
      return;
    }
    const std::optional<toml::parse_error> error = parse_error_of(whole);
    if (!error) {
      return;
    }
    const unsigned line = error->source().begin.line;
    const auto behind =
        std::find_if(statements_.begin(), statements_.end(),
                     [&](const Statement& statement) { return statement.line > line; });
    std::string& twice = std::prev(behind)->text;
    if (twice.starts_with(kPlaceholder)) {
      return;
    }
    findings_.push_back(finding_of(*error, whole, line));
    const auto lines = std::count(twice.begin(), twice.end(), '\n');
    twice = kPlaceholder;
    twice.append(static_cast<std::size_t>(lines - 1), '\n');
  }
}

}  // namespace

std::vector<SiteFinding> syntax_mistakes(std::string_view site_file) {
  const std::optional<toml::parse_error> first = parse_error_of(site_file);
  if (!first) {
    return {};
  }
  std::vector<SiteFinding> findings = SyntaxSearch{site_file}.run();
  if (findings.empty()) {
    findings.push_back(finding_of(*first, site_file, first->source().begin.line));
  }
  return findings;
}

std::size_t byte_offset(std::string_view text, unsigned line, unsigned column) {
  std::size_t offset = 0;
  for (unsigned before = 1; before < line; ++before) {
    offset = text.find('\n', offset) + 1;
  }
  for (unsigned before = 1; before < column; ++before) {
    do {
      ++offset;
    } while (offset < text.size() && (static_cast<unsigned char>(text[offset]) & 0xC0U) == 0x80U);
  }
  return offset;
}

}  // namespace azekura
