#include "core/site_edit.h"

#include "core/error.h"
#include "core/site_config.h"
#include "core/site_reader.h"
#include "core/site_syntax.h"
#include "core/text.h"

#include <toml++/toml.h>

#include <algorithm>
#include <optional>
#include <sstream>
#include <vector>

namespace azekura {

namespace {

/// True if `quoted` says `text`: bytes that are not UTF-8 are quoted as something else.
bool says(const std::string& quoted, std::string_view text) {
  try {
    return toml::parse("text = " + quoted)["text"].value<std::string>() == text;
  } catch (const toml::parse_error&) {
    return false;
  }
}

/// The first mistake that more tables do not mend.
std::optional<SiteFinding> mistake_in(std::string_view site_file) {
  const std::vector<SiteFinding> findings = read_site_file(site_file).findings;
  const auto found = std::find_if(findings.begin(), findings.end(), [](const SiteFinding& one) {
    return one.is_mistake && !one.is_unfinished;
  });
  return found == findings.end() ? std::nullopt : std::optional{*found};
}

}  // namespace

std::string toml_text(std::string_view text) {
  std::ostringstream out;
  out << toml::value<std::string>{std::string{text}};
  if (!says(out.str(), text)) {
    UsageError error{"\"{}\" is not UTF-8 and cannot stand in site.toml", printable(text)};
    error.set_hint("in a pattern write '?' for each such byte; reach such a path by a link to it");
    throw error;
  }
  return out.str();
}

std::string with_tables(std::string_view site_file, std::string_view tables) {
  std::string text{site_file};
  text += tables;
  if (const std::optional<SiteFinding> mistake = mistake_in(text)) {
    if (mistake_in(site_file)) {
      static_cast<void>(SiteConfig::parse(site_file));
    }
    UsageError error{"it cannot be added to site.toml: {}", mistake->fact};
    error.set_hint(mistake->remedy);
    throw error;
  }
  return text;
}

std::string with_folder(std::string_view site_file, std::string_view set, std::string_view folder) {
  const toml::table root = toml::parse(site_file);
  std::string text{site_file};
  for (const toml::node& element : *root["set"].as_array()) {
    const toml::table& table = *element.as_table();
    if (table["name"].value<std::string_view>() == set) {
      const toml::source_region& place = table.get("folder")->source();
      const std::size_t begin = byte_offset(text, place.begin.line, place.begin.column);
      const std::size_t end = byte_offset(text, place.end.line, place.end.column);
      text.replace(begin, end - begin, toml_text(folder));
    }
  }
  return text;
}

}  // namespace azekura
