#include "cli/prometheus_text.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <string_view>
#include <utility>

namespace azekura::cli {

namespace {

class MetricText {
 public:
  void begin(std::string_view name, std::string_view help) {
    name_ = name;
    text_ += fmt::format("# HELP {} {}\n# TYPE {} gauge\n", name, help, name);
  }
  void put(std::int64_t value) { text_ += fmt::format("{} {}\n", name_, value); }
  /// `labels`: of label(), joined by commas.
  void put(const std::string& labels, std::int64_t value) {
    text_ += fmt::format("{}{{{}}} {}\n", name_, labels, value);
  }
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  std::string_view name_;
  std::string text_;
};

std::string label(std::string_view name, std::string_view value) {
  std::string text{name};
  text += "=\"";
  for (const char c : value) {
    text += c == '\\' || c == '"' ? std::string{'\\', c} : c == '\n' ? "\\n" : std::string{c};
  }
  return text + '"';
}

std::string labels_of(const vault::MediumRecord& medium) {
  const vault::CustodyMove move = medium.moves.empty() ? vault::CustodyMove{} : medium.moves.back();
  return fmt::format("{},{},{},{}", label("medium", medium.name), label("set", medium.set),
                     label("place", move.place), label("person", move.person));
}

}  // namespace

std::string prometheus_text(const SiteStatus& status) {
  MetricText text;
  text.begin("azekura_source_last_generation_timestamp_seconds",
             "Start of the newest complete snapshot on a medium; 0 if there is none.");
  for (const SourceStatus& source : status.sources) {
    text.put(label("source", source.config.source.name),
             source.last ? source.last->generation.started.seconds : 0);
  }
  text.begin("azekura_source_rpo_seconds", "The age at which that is an alarm.");
  for (const SourceStatus& source : status.sources) {
    text.put(label("source", source.config.source.name),
             std::chrono::seconds{source.config.rpo}.count());
  }
  text.begin("azekura_spool_bytes", "Bytes that wait for their media.");
  text.put(static_cast<std::int64_t>(status.spool.bytes));
  text.begin("azekura_spool_sessions", "Sessions that wait for their media.");
  text.put(static_cast<std::int64_t>(status.spool.sessions));
  text.begin("azekura_medium_connected",
             "1 if the medium is connected to this host, so not offline; where it was taken last.");
  for (const SetStatus& set : status.sets) {
    for (const vault::MediumRecord& medium : set.media) {
      text.put(labels_of(medium), medium.is_connected() ? 1 : 0);
    }
  }
  text.begin("azekura_medium_refused_timestamp_seconds",
             "When the medium could not be written, and why; absent once it is.");
  for (const SetStatus& set : status.sets) {
    for (const vault::MediumRecord& medium : set.media) {
      for (const vault::Refusal& refusal : medium.standing_refusals()) {
        text.put(fmt::format("{},{},{}", label("medium", medium.name), label("set", medium.set),
                             label("code", refusal.code)),
                 refusal.when.seconds);
      }
    }
  }
  text.begin("azekura_status_timestamp_seconds", "When this was written.");
  text.put(status.taken.seconds);
  text.begin("azekura_alarms", "Alarms that azekura status shows.");
  text.put(static_cast<std::int64_t>(status.alarms.size()));
  return text.take();
}

}  // namespace azekura::cli
