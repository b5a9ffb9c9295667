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
  /// Requires: the name of a source, which needs no quoting.
  void put(std::string_view source, std::int64_t value) {
    text_ += fmt::format("{}{{source=\"{}\"}} {}\n", name_, source, value);
  }
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  std::string_view name_;
  std::string text_;
};

}  // namespace

std::string prometheus_text(const SiteStatus& status) {
  MetricText text;
  text.begin("azekura_source_last_generation_timestamp_seconds",
             "Start of the newest complete snapshot on a medium; 0 if there is none.");
  for (const SourceStatus& source : status.sources) {
    text.put(source.config.source.name, source.last ? source.last->generation.started.seconds : 0);
  }
  text.begin("azekura_source_rpo_seconds", "The age at which that is an alarm.");
  for (const SourceStatus& source : status.sources) {
    text.put(source.config.source.name, std::chrono::seconds{source.config.rpo}.count());
  }
  text.begin("azekura_spool_bytes", "Bytes that wait for their media.");
  text.put(static_cast<std::int64_t>(status.spool.bytes));
  text.begin("azekura_spool_sessions", "Sessions that wait for their media.");
  text.put(static_cast<std::int64_t>(status.spool.sessions));
  text.begin("azekura_alarms", "Alarms that azekura status shows.");
  text.put(static_cast<std::int64_t>(status.alarms.size()));
  return text.take();
}

}  // namespace azekura::cli
