#include "core/clock.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>
#include <ctime>

namespace azekura {

namespace {

std::string format_time(const std::tm& parts, const char* separator, const char* end) {
  return fmt::format("{:04}-{:02}-{:02}{}{:02}:{:02}:{:02}{}", parts.tm_year + 1900,
                     parts.tm_mon + 1, parts.tm_mday, separator, parts.tm_hour, parts.tm_min,
                     parts.tm_sec, end);
}

}  // namespace

Timestamp wall_clock_now() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return {now.tv_sec, static_cast<std::uint32_t>(now.tv_nsec)};
}

double steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::string local_time_text(const Timestamp& time) {
  const std::time_t seconds = time.seconds;
  std::tm parts{};
  if (::localtime_r(&seconds, &parts) == nullptr) {
    return fmt::format("{} s", time.seconds);
  }
  return format_time(parts, " ", "");
}

std::string utc_time_text(const Timestamp& time) {
  const std::time_t seconds = time.seconds;
  std::tm parts{};
  if (::gmtime_r(&seconds, &parts) == nullptr) {
    return fmt::format("{} s", time.seconds);
  }
  return format_time(parts, "T", "Z");
}

}  // namespace azekura
