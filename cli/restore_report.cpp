#include "cli/restore_report.h"

#include "cli/lost_ranges.h"
#include "core/text.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace azekura::cli {

namespace {

/// "access_list" becomes "access list".
std::string words_of(std::string_view name) {
  std::string words{name};
  std::replace(words.begin(), words.end(), '_', ' ');
  return std::string{in_language(words)};
}

template <typename Step>
void for_each_lack(const restore::LackCounts& counts, Step&& step) {
  for (std::size_t i = 0; i < restore::kLacks; ++i) {
    const auto lack = static_cast<restore::Lack>(i);
    if (counts.of(lack) > 0) {
      step(counts.of(lack), restore::name_of(lack));
    }
  }
}

/// Like "owner (3), access list (1)".
std::string lacks_text(const restore::LackCounts& counts) {
  std::string lacks;
  for_each_lack(counts, [&](std::uint64_t count, std::string_view name) {
    lacks += fmt::format("{}{} ({})", lacks.empty() ? "" : ", ", words_of(name), count);
  });
  return lacks;
}

/// The same for machines.
Json lacks_object(const restore::LackCounts& counts) {
  Json object = Json::object();
  for_each_lack(counts, [&](std::uint64_t count, std::string_view name) {
    object[std::string{name}] = count;
  });
  return object;
}

std::string lost_text(const restore::RestoreReport& report) {
  return report.lost.empty() ? "" : text("  {} LOST", report.lost.size());
}

}  // namespace

void RestoreTeller::report(const restore::RestoreReport& report) {
  report_items(report);
  output_.object({{"event", "restored"},
                  {"snapshot", snapshot_},
                  {"entries", report.entries},
                  {"files", report.files},
                  {"bytes", report.bytes},
                  {"kept", report.kept},
                  {"lost", report.lost.size()},
                  {"flawed", report.flawed.size()},
                  {"metadata_not_set", report.not_set.total()},
                  {"left_out", lacks_object(report.left_out)},
                  {"not_set", lacks_object(report.not_set)}});
  output_.line(text("{:<20} {:>9} entries {:>11}{}", snapshot_, report.entries,
                    human_bytes(report.bytes), lost_text(report)));
  if (report.kept > 0) {
    output_.line(text("    finished by an earlier run: {} files", report.kept));
  }
  report_lacks(report);
}

void RestoreTeller::report(const restore::Forecast& forecast) {
  const restore::RestoreReport& report = forecast.report;
  report_items(report);
  output_.object({{"event", "forecast"},
                  {"snapshot", snapshot_},
                  {"entries", report.entries},
                  {"files", report.files},
                  {"bytes", report.bytes},
                  {"packs", forecast.packs.size()},
                  {"lost", report.lost.size()},
                  {"flawed", report.flawed.size()},
                  {"left_out", lacks_object(report.left_out)},
                  {"not_set", lacks_object(report.not_set)}});
  output_.line(text("{:<20} {:>9} entries {:>11}  from {} packs{}", snapshot_, report.entries,
                    human_bytes(report.bytes), forecast.packs.size(), lost_text(report)));
  report_lacks(report);
}

void RestoreTeller::report_lacks(const restore::RestoreReport& report) {
  if (report.left_out.total() > 0) {
    output_.line(text("    left out: {}", lacks_text(report.left_out)));
  }
  if (report.not_set.total() > 0) {
    output_.line(text("    cannot be set: {}", lacks_text(report.not_set)));
  }
}

void RestoreTeller::report_items(const restore::RestoreReport& report) {
  for (const restore::LostItem& item : report.lost) {
    report_lost(item);
  }
  for (const restore::FlawedItem& item : report.flawed) {
    report_flawed(item);
  }
}

void RestoreTeller::report_flawed(const restore::FlawedItem& item) {
  const bool is_unreadable = item.flaw == EntryFlaw::unreadable;
  Json object{{"event", "flawed"},
              {"snapshot", snapshot_},
              {"flaw", is_unreadable ? "unreadable" : "changed_while_read"}};
  put_name(object, "path", item.path);
  output_.object(object);
  output_.line(fmt::format("{} {}:{}: {}", in_language(is_unreadable ? "UNREADABLE" : "CHANGED"),
                           snapshot_, printable(item.path),
                           in_language(restore::meaning_of(item.flaw))));
}

void RestoreTeller::report_lost(const restore::LostItem& item) {
  Json object{{"event", "lost"}, {"snapshot", snapshot_}, {"reason", item.reason}};
  put_name(object, "path", item.path);
  put_ranges(object, item.ranges);
  std::string where = ranges_text(item.ranges);
  if (!item.saved_as.empty()) {
    put_name(object, "saved_as", item.saved_as);
    where += text("; the rest is in \"{}\"", printable(item.saved_as));
  }
  output_.object(object);
  output_.line(text("LOST {}:{}: {}{}", snapshot_, printable(item.path),
                    printable(in_language(item.reason)), where));
}

void RestoreTeller::phase(std::string_view name, std::uint64_t total_bytes) {
  output_.phase(name, total_bytes);
}

void RestoreTeller::advanced(std::uint64_t bytes) { output_.advanced(bytes); }

void RestoreTeller::flawed(std::string_view path, std::string_view reason) {
  output_.flawed(path, reason);
}

void RestoreTeller::left_out(std::string_view path, std::string_view what) {
  Json object{{"event", "left_out"}, {"snapshot", snapshot_}, {"what", what}};
  put_name(object, "path", path);
  output_.object(object);
  output_.line(text("LEFT OUT {}:{}: {}", snapshot_, printable(path), words_of(what)));
}

void RestoreTeller::not_set(std::string_view path, std::string_view what, std::string_view reason) {
  Json object{{"event", "not_set"}, {"snapshot", snapshot_}, {"what", what}};
  put_name(object, "path", path);
  object["reason"] = reason;
  output_.object(object);
}

void RestoreTeller::notice(std::string_view text) { output_.notice(text); }

}  // namespace azekura::cli
