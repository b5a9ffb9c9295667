#include "core/site_config.h"

#include "core/error.h"
#include "core/limits.h"
#include "core/text.h"

#include <toml++/toml.h>

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <optional>
#include <sstream>

namespace azekura {

namespace {

constexpr std::string_view kEmptySiteFile =
    R"(# What this site backs up, and onto what. Azekura reads it at every run;
# 'azekura source add' and 'azekura set add' append to it, and you may edit it.
#
# [[source]]                 a tree: a folder and all below it
# name = "documents"         a-z, 0-9, '-', '_', '.'
# path = "/srv/documents"
# exclude = ["*.tmp", "/scratch/"]   left out of every backup: patterns as in .gitignore
# exclude_caches = true              of folders with a CACHEDIR.TAG keep that tag only
#
# [[source]]                 a stream: what a command prints; it must end with status 0
# name = "ehr"
# command = "pg_dump --format=plain ehr"
#
# [[set]]                    a media set: the media that together restore alone
# name = "daily"
# folder = "/mnt/daily"      where its medium is mounted
# parity = "20+2"            for every 20 parts 2 of parity; also "10+3", "50+1", "none"
)";

[[noreturn]] void fail(const toml::node& node, std::string_view fact) {
  UsageError error{"site.toml, line {}: {}", node.source().begin.line, in_language(fact)};
  error.set_hint("correct that line of the site file; its comments show the form");
  throw error;
}

std::string expect_text(const toml::node& node, std::string_view key) {
  std::optional<std::string> value = node.value<std::string>();
  if (!node.is_string() || !value || value->empty() || value->size() > limits::kTextMax ||
      value->find('\0') != std::string::npos) {
    fail(node, text("'{}' must be a text that is not empty", key));
  }
  return *std::move(value);
}

std::optional<std::string> text_of(const toml::table& table, std::string_view key) {
  const toml::node* node = table.get(key);
  return node == nullptr ? std::nullopt : std::optional{expect_text(*node, key)};
}

std::string name_of(const toml::table& table) {
  const std::optional<std::string> name = text_of(table, "name");
  if (!name || !is_valid_label(*name)) {
    fail(table, "a name of a-z, 0-9, '-', '_', '.' (at most 64) is needed");
  }
  return *name;
}

void check_keys(const toml::table& table, std::initializer_list<std::string_view> known) {
  for (const auto& [key, node] : table) {
    if (std::find(known.begin(), known.end(), key.str()) == known.end()) {
      fail(node, text("'{}' is not a setting", key.str()));
    }
  }
}

std::vector<std::string> parse_patterns(const toml::node& node) {
  const toml::array* array = node.as_array();
  if (array == nullptr) {
    fail(node, "'exclude' must be a list of texts");
  }
  std::vector<std::string> patterns;
  for (const toml::node& element : *array) {
    patterns.push_back(expect_text(element, "exclude"));
  }
  return patterns;
}

SourceConfig parse_source(const toml::table& table) {
  check_keys(table, {"name", "path", "command", "exclude", "exclude_caches"});
  SourceConfig config;
  Source& source = config.source;
  source.name = name_of(table);
  const std::optional<std::string> path = text_of(table, "path");
  const std::optional<std::string> command = text_of(table, "command");
  if (path.has_value() == command.has_value()) {
    fail(table, "a source needs either a path or a command");
  }
  if (path && path->front() != '/') {
    fail(table, "a path must begin with '/'");
  }
  source.kind = path ? SourceKind::tree : SourceKind::stream;
  source.origin = path ? *path : *command;
  const toml::node* exclude = table.get("exclude");
  const toml::node* caches = table.get("exclude_caches");
  if (command && (exclude != nullptr || caches != nullptr)) {
    fail(exclude != nullptr ? *exclude : *caches, "only a path can have things excluded");
  }
  if (exclude != nullptr) {
    config.exclude = parse_patterns(*exclude);
  }
  if (caches != nullptr) {
    if (!caches->is_boolean()) {
      fail(*caches, "'exclude_caches' must be true or false");
    }
    config.exclude_caches = caches->value_or(false);
  }
  return config;
}

const std::string& label_of(const SourceConfig& config) { return config.source.name; }
const std::string& label_of(const SetConfig& config) { return config.name; }

ParityShape parse_parity(const toml::node& node) {
  const std::string written = expect_text(node, "parity");
  if (written == "none") {
    return {0, 0};
  }
  ParityShape shape{0, 0};
  const char* const end = written.data() + written.size();
  const auto [plus, error] = std::from_chars(written.data(), end, shape.members);
  const bool has_plus = error == std::errc{} && plus != end && *plus == '+';
  if (!has_plus || std::from_chars(plus + 1, end, shape.files).ptr != end || shape.members == 0 ||
      shape.members > limits::kStripeLeavesMax || shape.files == 0 ||
      shape.files > limits::kParityFilesMax) {
    fail(node, text("'parity' must be like \"20+2\" (at most {}+{}), or \"none\"",
                    limits::kStripeLeavesMax, limits::kParityFilesMax));
  }
  return shape;
}

SetConfig parse_set(const toml::table& table) {
  check_keys(table, {"name", "folder", "parity"});
  SetConfig set;
  set.name = name_of(table);
  const std::optional<std::string> folder = text_of(table, "folder");
  if (!folder || folder->front() != '/') {
    fail(table, "a set needs a folder that begins with '/'");
  }
  set.folder = *folder;
  if (const toml::node* parity = table.get("parity")) {
    set.parity = parse_parity(*parity);
  }
  return set;
}

template <typename Item, typename Parse>
std::vector<Item> parse_list(const toml::table& root, std::string_view key, Parse parse) {
  std::vector<Item> items;
  const toml::node* node = root.get(key);
  if (node == nullptr) {
    return items;
  }
  const toml::array* array = node->as_array();
  if (array == nullptr || array->size() > limits::kSourcesMax) {
    fail(*node, text("'{}' must be written as [[{}]]", key, key));
  }
  for (const toml::node& element : *array) {
    const toml::table* table = element.as_table();
    if (table == nullptr) {
      fail(element, text("'{}' must be written as [[{}]]", key, key));
    }
    Item item = parse(*table);
    if (std::any_of(items.begin(), items.end(),
                    [&](const Item& other) { return label_of(other) == label_of(item); })) {
      fail(element, text("the {} '{}' is there twice", in_language(key), label_of(item)));
    }
    items.push_back(std::move(item));
  }
  return items;
}

template <typename Item>
const Item& find_named(const std::vector<Item>& items, std::string_view name,
                       std::string_view what) {
  const auto found = std::find_if(items.begin(), items.end(),
                                  [&](const Item& item) { return label_of(item) == name; });
  if (found != items.end()) {
    return *found;
  }
  std::string names;
  for (const Item& item : items) {
    names += (names.empty() ? "" : ", ") + label_of(item);
  }
  UsageError error{"there is no {} '{}'; there {}", in_language(what), name,
                   names.empty() ? text("is none yet") : text("are: {}", names)};
  error.set_hint(text("add it with 'azekura {} add'", what));
  throw error;
}

/// True if `quoted` says `text`: bytes that are not UTF-8 are quoted as something else.
bool says(const std::string& quoted, std::string_view text) {
  try {
    return toml::parse("text = " + quoted)["text"].value<std::string>() == text;
  } catch (const toml::parse_error&) {
    return false;
  }
}

/// A TOML string.
std::string quoted(std::string_view text) {
  std::ostringstream out;
  out << toml::value<std::string>{std::string{text}};
  if (!says(out.str(), text)) {
    UsageError error{"\"{}\" is not UTF-8 and cannot stand in site.toml", printable(text)};
    error.set_hint("in a pattern write '?' for each such byte; reach such a path by a link to it");
    throw error;
  }
  return out.str();
}

}  // namespace

SiteConfig SiteConfig::parse(std::string_view text) {
  toml::table root;
  try {
    root = toml::parse(text);
  } catch (const toml::parse_error& error) {
    UsageError failure{"site.toml, line {}: {}", error.source().begin.line, error.description()};
    failure.set_hint("correct that line of the site file; its comments show the form");
    throw failure;
  }
  check_keys(root, {"source", "set"});
  return {parse_list<SourceConfig>(root, "source", parse_source),
          parse_list<SetConfig>(root, "set", parse_set)};
}

const SourceConfig& SiteConfig::source(std::string_view name) const {
  return find_named(sources, name, "source");
}

const SetConfig& SiteConfig::set(std::string_view name) const {
  return find_named(sets, name, "set");
}

void expect_name(const std::string& name) {
  if (!is_valid_label(name)) {
    throw UsageError{"'{}' is not a name: a-z, 0-9, '-', '_', '.' only, at most 64",
                     printable(name)};
  }
}

std::string_view empty_site_file() { return kEmptySiteFile; }

std::string source_table(const SourceConfig& config) {
  const Source& source = config.source;
  std::string table =
      fmt::format("\n[[source]]\nname = {}\n{} = {}\n", quoted(source.name),
                  source.kind == SourceKind::tree ? "path" : "command", quoted(source.origin));
  std::string patterns;
  for (const std::string& pattern : config.exclude) {
    patterns += (patterns.empty() ? "" : ", ") + quoted(pattern);
  }
  table += patterns.empty() ? "" : fmt::format("exclude = [{}]\n", patterns);
  table += config.exclude_caches ? "exclude_caches = true\n" : "";
  return table;
}

std::string set_table(const SetConfig& set) {
  std::string table =
      fmt::format("\n[[set]]\nname = {}\nfolder = {}\n", quoted(set.name), quoted(set.folder));
  if (set.parity != ParityShape{}) {
    table += set.parity.files == 0
                 ? "parity = \"none\"\n"
                 : fmt::format("parity = \"{}+{}\"\n", set.parity.members, set.parity.files);
  }
  return table;
}

}  // namespace azekura
