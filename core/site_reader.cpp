#include "core/site_reader.h"

#include "core/error.h"
#include "core/limits.h"
#include "core/site_rules.h"
#include "core/site_syntax.h"
#include "core/text.h"

#include <toml++/toml.h>

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <map>

namespace azekura {

namespace {

/// Each dot of a name is a table in the one before, and the library follows them by recursion.
constexpr std::ptrdiff_t kDotsMax = 10'000;

constexpr std::string_view kForm = "correct that line of the site file; its comments show the form";
constexpr std::string_view kWeekdayForm = "write one of mon, tue, wed, thu, fri, sat, sun";
constexpr std::string_view kMonthForm =
    "write \"first\", \"second\", \"third\", \"fourth\" or \"last\" and a weekday, like "
    "\"last fri\"; or a day of the month, 1 to 28";
constexpr std::string_view kDateForm = "write a date without quotes, like 2026-12-29";
constexpr unsigned kHoursOfYear = 366 * 24;
constexpr unsigned kMinutesOfDay = 24 * 60;
constexpr unsigned kSpoolGibMax = 1U << 20U;  ///< a PiB: no host has more to spare
/// A site without media for longer is not on holiday.
constexpr std::chrono::days kHolidayMax{31};
template <typename Item>
std::vector<Item> items_of(std::vector<Placed<Item>>&& placed) {
  std::vector<Item> items;
  items.reserve(placed.size());
  for (Placed<Item>& one : placed) {
    items.push_back(std::move(one.item));
  }
  return items;
}

std::optional<ParityShape> parse_parity(std::string_view text) {
  if (text == "none") {
    return ParityShape{0, 0};
  }
  ParityShape shape{0, 0};
  const char* const end = text.data() + text.size();
  const auto [plus, error] = std::from_chars(text.data(), end, shape.members);
  const bool has_plus = error == std::errc{} && plus != end && *plus == '+';
  if (!has_plus || std::from_chars(plus + 1, end, shape.files).ptr != end || shape.members == 0 ||
      shape.members > limits::kStripeLeavesMax || shape.files == 0 ||
      shape.files > limits::kParityFilesMax) {
    return std::nullopt;
  }
  return shape;
}

/// Reads tables and values; what is wrong becomes a finding, and the value stays as it was.
class SiteReader {
 public:
  SiteReading read(const toml::table& root);

 private:
  template <typename... Args>
  void mistake(unsigned line, std::string_view remedy, fmt::format_string<Args...> fact,
               Args&&... args) {
    findings_.push_back(
        {true, line, text(fact, std::forward<Args>(args)...), std::string{in_language(remedy)}});
  }
  template <typename... Args>
  void mistake(const toml::node& node, std::string_view remedy, fmt::format_string<Args...> fact,
               Args&&... args) {
    mistake(node.source().begin.line, remedy, fact, std::forward<Args>(args)...);
  }

  void check_keys(const toml::table& table, std::initializer_list<std::string_view> known);
  std::optional<std::string> expect_text(const toml::node& node, std::string_view key);
  std::optional<std::string> text_of(const toml::table& table, std::string_view key);
  std::vector<std::string> texts_of(const toml::table& table, std::string_view key);
  std::optional<unsigned> number_of(const toml::table& table, std::string_view key, unsigned max);
  std::optional<std::uint64_t> bytes_of_gib(const toml::table& table, std::string_view key);
  std::optional<Date> date_of(const toml::table& table, std::string_view key);
  std::string name_of(const toml::table& table);
  std::optional<ParityShape> parity_of(const toml::table& table);

  SourceConfig read_source(const toml::table& table);
  SetConfig read_set(const toml::table& table);
  PoolConfig read_pool(const toml::table& table);
  PoolDays read_daily(const toml::node* on);
  PoolDays read_weekly(const toml::table& table, const toml::node* on);
  PoolDays read_monthly(const toml::table& table, const toml::node* on);
  HolidayConfig read_holiday(const toml::table& table);
  std::optional<std::chrono::weekday> expect_weekday(const toml::node& node);

  template <typename Item, typename Read>
  std::vector<Placed<Item>> read_list(const toml::table& root, std::string_view key, Read read);
  template <typename Read>
  void read_table(const toml::table& root, std::string_view key, Read read);

  std::map<std::string, ParityShape> parity_of_pool_;
  std::vector<SiteFinding> findings_;
};

void SiteReader::check_keys(const toml::table& table,
                            std::initializer_list<std::string_view> known) {
  for (const auto& [key, node] : table) {
    if (std::find(known.begin(), known.end(), key.str()) == known.end()) {
      mistake(node, kForm, "'{}' is not a setting", printable(key.str()));
    }
  }
}

std::optional<std::string> SiteReader::expect_text(const toml::node& node, std::string_view key) {
  std::optional<std::string> text = node.value<std::string>();
  if (!node.is_string() || !text || text->empty() || text->size() > limits::kTextMax ||
      text->find('\0') != std::string::npos) {
    mistake(node, kForm, "'{}' must be a text that is not empty", key);
    return std::nullopt;
  }
  return text;
}

std::optional<std::string> SiteReader::text_of(const toml::table& table, std::string_view key) {
  const toml::node* node = table.get(key);
  return node == nullptr ? std::nullopt : expect_text(*node, key);
}

std::vector<std::string> SiteReader::texts_of(const toml::table& table, std::string_view key) {
  std::vector<std::string> texts;
  const toml::node* node = table.get(key);
  if (node == nullptr) {
    return texts;
  }
  const toml::array* array = node->as_array();
  if (array == nullptr) {
    mistake(*node, kForm, "'{}' must be a list of texts", key);
    return texts;
  }
  for (const toml::node& element : *array) {
    if (std::optional<std::string> text = expect_text(element, key)) {
      texts.push_back(std::move(*text));
    }
  }
  return texts;
}

std::optional<unsigned> SiteReader::number_of(const toml::table& table, std::string_view key,
                                              unsigned max) {
  const toml::node* node = table.get(key);
  if (node == nullptr) {
    return std::nullopt;
  }
  const std::int64_t number = node->is_integer() ? node->value_or<std::int64_t>(0) : 0;
  if (number < 1 || number > max) {
    mistake(*node, kForm, "'{}' must be a number from 1 to {}", key, max);
    return std::nullopt;
  }
  return static_cast<unsigned>(number);
}

std::optional<std::uint64_t> SiteReader::bytes_of_gib(const toml::table& table,
                                                      std::string_view key) {
  const toml::node* node = table.get(key);
  if (node == nullptr) {
    return std::nullopt;
  }
  const double gib = node->value<double>().value_or(0);
  if (!(gib > 0 && gib <= kSpoolGibMax)) {
    mistake(*node, kForm, "'{}' must be a number above 0, at most {}", key, kSpoolGibMax);
    return std::nullopt;
  }
  return static_cast<std::uint64_t>(gib * static_cast<double>(kGiB));
}

std::optional<Date> SiteReader::date_of(const toml::table& table, std::string_view key) {
  const toml::node* node = table.get(key);
  if (node == nullptr) {
    return std::nullopt;
  }
  const std::optional<toml::date> date = node->is_date() ? node->value<toml::date>() : std::nullopt;
  if (!date) {
    mistake(*node, kDateForm, "'{}' must be a date", key);
    return std::nullopt;
  }
  return Date{std::chrono::year{date->year}, std::chrono::month{date->month},
              std::chrono::day{date->day}};
}

std::string SiteReader::name_of(const toml::table& table) {
  const toml::node* node = table.get("name");
  const std::optional<std::string> name = text_of(table, "name");
  if (name && is_valid_label(*name)) {
    return *name;
  }
  if (name || node == nullptr) {
    mistake(table, kForm, "a name of a-z, 0-9, '-', '_', '.' (at most 64) is needed");
  }
  return {};
}

SourceConfig SiteReader::read_source(const toml::table& table) {
  check_keys(table, {"name", "path", "command", "exclude", "exclude_caches", "pools", "rpo_hours"});
  SourceConfig config;
  Source& source = config.source;
  source.name = name_of(table);
  const bool is_tree = table.contains("path");
  const bool is_stream = table.contains("command");
  const std::optional<std::string> path = text_of(table, "path");
  const std::optional<std::string> command = text_of(table, "command");
  if (is_tree == is_stream) {
    mistake(table, kForm, "a source needs either a path or a command");
  }
  if (path && path->front() != '/') {
    mistake(table, kForm, "a path must begin with '/'");
  }
  source.kind = is_tree ? SourceKind::tree : SourceKind::stream;
  source.origin = path.value_or(command.value_or(""));
  const toml::node* exclude = table.get("exclude");
  const toml::node* caches = table.get("exclude_caches");
  if (is_stream && !is_tree && (exclude != nullptr || caches != nullptr)) {
    mistake(exclude != nullptr ? *exclude : *caches, kForm, "only a path can have things excluded");
  }
  config.exclude = texts_of(table, "exclude");
  if (caches != nullptr && !caches->is_boolean()) {
    mistake(*caches, kForm, "'exclude_caches' must be true or false");
  }
  config.exclude_caches = caches != nullptr && caches->value_or(false);
  config.pools = texts_of(table, "pools");
  if (const toml::node* pools = table.get("pools");
      pools != nullptr && pools->is_array() && pools->as_array()->empty()) {
    mistake(*pools, "name its pools, or leave the line out: then it is captured on every night",
            "the source '{}' has no schedule: its list of pools is empty", source.name);
  }
  if (const std::optional<unsigned> hours = number_of(table, "rpo_hours", kHoursOfYear)) {
    config.rpo = std::chrono::hours{*hours};
  }
  return config;
}

std::optional<ParityShape> SiteReader::parity_of(const toml::table& table) {
  const std::optional<std::string> text = text_of(table, "parity");
  const std::optional<ParityShape> shape = text ? parse_parity(*text) : std::nullopt;
  if (text && !shape) {
    mistake(*table.get("parity"), kForm,
            "'parity' must be like \"20+2\" (at most {}+{}), or \"none\"", limits::kStripeLeavesMax,
            limits::kParityFilesMax);
  }
  return shape;
}

SetConfig SiteReader::read_set(const toml::table& table) {
  check_keys(table, {"name", "folder", "parity", "pool"});
  SetConfig set;
  set.name = name_of(table);
  if (const std::optional<std::string> folder = text_of(table, "folder")) {
    set.folder = *folder;
    if (folder->front() != '/') {
      mistake(table, "write its whole path; leave the line out if its media are enrolled",
              "the folder of a set must begin with '/'");
    }
  }
  set.pool = text_of(table, "pool").value_or("");
  if (const std::optional<ParityShape> own = parity_of(table)) {
    set.parity = *own;
  } else if (const auto pool = parity_of_pool_.find(set.pool); pool != parity_of_pool_.end()) {
    set.parity = pool->second;
  }
  return set;
}

std::optional<std::chrono::weekday> SiteReader::expect_weekday(const toml::node& node) {
  const std::optional<std::string> text = expect_text(node, "on");
  const std::optional<std::chrono::weekday> weekday = text ? parse_weekday(*text) : std::nullopt;
  if (text && !weekday) {
    mistake(node, kWeekdayForm, "\"{}\" is not a weekday", printable(*text));
  }
  return weekday;
}

PoolDays SiteReader::read_daily(const toml::node* on) {
  if (on == nullptr) {
    return PoolDays::daily();
  }
  const toml::array* array = on->as_array();
  if (array == nullptr || array->empty()) {
    mistake(*on,
            "write a list like [\"mon\", \"tue\"], or leave the line out: then it has every day",
            "'on' of a daily pool must be a list of weekdays");
    return {};
  }
  std::vector<std::chrono::weekday> weekdays;
  for (const toml::node& element : *array) {
    if (const std::optional<std::chrono::weekday> weekday = expect_weekday(element)) {
      weekdays.push_back(*weekday);
    }
  }
  return PoolDays::daily(weekdays);
}

PoolDays SiteReader::read_weekly(const toml::table& table, const toml::node* on) {
  if (on == nullptr || !on->is_string()) {
    mistake(on == nullptr ? table : *on, kWeekdayForm,
            "'on' of a weekly pool must be a weekday, like \"fri\"");
    return {};
  }
  const std::optional<std::chrono::weekday> weekday = expect_weekday(*on);
  return weekday ? PoolDays::weekly(*weekday) : PoolDays{};
}

PoolDays SiteReader::read_monthly(const toml::table& table, const toml::node* on) {
  std::optional<PoolDays> days;
  if (on != nullptr && on->is_string()) {
    days = PoolDays::monthly(on->value_or(std::string_view{}));
  } else if (on != nullptr && on->is_integer()) {
    const std::int64_t day = on->value_or<std::int64_t>(0);
    days = day >= 0 && day <= 31 ? PoolDays::monthly(static_cast<unsigned>(day)) : std::nullopt;
  }
  if (!days) {
    mistake(on == nullptr ? table : *on, kMonthForm,
            "'on' of a monthly pool must be a day that every month has");
  }
  return days.value_or(PoolDays{});
}

PoolConfig SiteReader::read_pool(const toml::table& table) {
  check_keys(table, {"name", "every", "on", "parity"});
  PoolConfig pool;
  pool.name = name_of(table);
  if (const std::optional<ParityShape> parity = parity_of(table)) {
    parity_of_pool_.emplace(pool.name, *parity);
  }
  const toml::node* const on = table.get("on");
  const toml::node* const every = table.get("every");
  const std::string_view cycle =
      every == nullptr ? std::string_view{} : every->value_or(std::string_view{});
  if (cycle == "day") {
    pool.days = read_daily(on);
  } else if (cycle == "week") {
    pool.days = read_weekly(table, on);
  } else if (cycle == "month") {
    pool.days = read_monthly(table, on);
  } else {
    mistake(every == nullptr ? table : *every, kForm,
            "'every' of a pool must be \"day\", \"week\" or \"month\"");
  }
  return pool;
}

HolidayConfig SiteReader::read_holiday(const toml::table& table) {
  check_keys(table, {"date", "until", "name"});
  HolidayConfig holiday;
  holiday.name = text_of(table, "name").value_or("");
  if (!table.contains("name")) {
    mistake(table, kForm, "a holiday needs a name");
  }
  if (!table.contains("date")) {
    mistake(table, kDateForm, "a holiday needs a date");
  }
  const std::optional<Date> first = date_of(table, "date");
  const std::optional<Date> last = date_of(table, "until");
  if (!first) {
    return holiday;
  }
  holiday.first = *first;
  holiday.last = last.value_or(*first);
  const std::chrono::days length =
      std::chrono::sys_days{holiday.last} - std::chrono::sys_days{holiday.first};
  if (length < std::chrono::days{0} || length >= kHolidayMax) {
    mistake(*table.get("until"), "'until' is its last day; a longer pause is several holidays",
            "the holiday ends before it begins, or after more than {} days", kHolidayMax.count());
    holiday.last = holiday.first;
  }
  return holiday;
}

template <typename Item, typename Read>
std::vector<Placed<Item>> SiteReader::read_list(const toml::table& root, std::string_view key,
                                                Read read) {
  std::vector<Placed<Item>> items;
  const toml::node* node = root.get(key);
  if (node == nullptr) {
    return items;
  }
  const toml::array* array = node->as_array();
  if (array == nullptr || array->size() > limits::kSourcesMax) {
    mistake(*node, kForm, "'{}' must be written as [[{}]]", key, key);
    return items;
  }
  for (const toml::node& element : *array) {
    if (const toml::table* table = element.as_table()) {
      items.push_back({read(*table), element.source().begin.line});
    } else {
      mistake(element, kForm, "'{}' must be written as [[{}]]", key, key);
    }
  }
  return items;
}

template <typename Read>
void SiteReader::read_table(const toml::table& root, std::string_view key, Read read) {
  const toml::node* node = root.get(key);
  if (node == nullptr) {
    return;
  }
  if (const toml::table* table = node->as_table()) {
    read(*table);
  } else {
    mistake(*node, kForm, "'{}' must be written as [{}]", key, key);
  }
}

SiteReading SiteReader::read(const toml::table& root) {
  SiteReading reading;
  SiteConfig& config = reading.config;
  PlacedTables tables;
  check_keys(root, {"source", "set", "pool", "holiday", "media", "spool"});
  const auto reader = [this](auto read_one) {
    return [this, read_one](const toml::table& table) { return (this->*read_one)(table); };
  };
  tables.sources = read_list<SourceConfig>(root, "source", reader(&SiteReader::read_source));
  tables.pools = read_list<PoolConfig>(root, "pool", reader(&SiteReader::read_pool));
  // After the pools, whose parity is theirs.
  tables.sets = read_list<SetConfig>(root, "set", reader(&SiteReader::read_set));
  std::vector<Placed<HolidayConfig>> holidays =
      read_list<HolidayConfig>(root, "holiday", reader(&SiteReader::read_holiday));
  read_table(root, "media", [&](const toml::table& table) {
    check_keys(table, {"connected_minutes", "overhang_minutes"});
    if (const auto minutes = number_of(table, "connected_minutes", kMinutesOfDay)) {
      config.media.connected = std::chrono::minutes{*minutes};
    }
    if (const auto minutes = number_of(table, "overhang_minutes", kMinutesOfDay)) {
      config.media.overhang = std::chrono::minutes{*minutes};
    }
  });
  read_table(root, "spool", [&](const toml::table& table) {
    check_keys(table, {"limit_gib"});
    config.spool_limit = bytes_of_gib(table, "limit_gib");
  });
  for (SiteFinding& finding : check_site_rules(tables)) {
    findings_.push_back(std::move(finding));
  }
  config.sources = items_of(std::move(tables.sources));
  config.sets = items_of(std::move(tables.sets));
  config.pools = items_of(std::move(tables.pools));
  config.holidays = items_of(std::move(holidays));
  std::stable_sort(findings_.begin(), findings_.end(),
                   [](const SiteFinding& a, const SiteFinding& b) { return a.line < b.line; });
  reading.findings = std::move(findings_);
  return reading;
}

}  // namespace

SiteReading read_site_file(std::string_view text) {
  if (std::count(text.begin(), text.end(), '.') > kDotsMax) {
    SiteFinding finding;
    finding.fact = azekura::text("site.toml has more than {} dots", kDotsMax);
    finding.remedy = in_language("no site needs as many: look at what they stand in");
    return {{}, {std::move(finding)}, false};
  }
  try {
    return SiteReader{}.read(toml::parse(text));
  } catch (const toml::parse_error&) {
    return {{}, syntax_mistakes(text), false};
  }
}

}  // namespace azekura
