#pragma once

#include "cli/output.h"
#include "restore/forecast.h"

#include <string>
#include <string_view>

namespace azekura::cli {

/// Tells of one snapshot's restore as it happens, and what came of it.
///
/// Lifetime: output outlives it.
class RestoreTeller final : public Observer {
 public:
  /// `snapshot`: its name, such as "42/ehr".
  RestoreTeller(std::string snapshot, Output& output)
      : snapshot_{std::move(snapshot)}, output_{output} {}

  /// What was lost, and the totals.
  void report(const restore::RestoreReport& report);
  /// What would be.
  void report(const restore::Forecast& forecast);

  void phase(std::string_view name, std::uint64_t total_bytes) override;
  void advanced(std::uint64_t bytes) override;
  void flawed(std::string_view path, std::string_view reason) override;
  void left_out(std::string_view path, std::string_view what) override;
  void not_set(std::string_view path, std::string_view what, std::string_view reason) override;
  void notice(std::string_view text) override;

 private:
  void report_items(const restore::RestoreReport& report);
  void report_lost(const restore::LostItem& item);
  void report_flawed(const restore::FlawedItem& item);
  void report_lacks(const restore::RestoreReport& report);

  std::string snapshot_;
  Output& output_;
};

}  // namespace azekura::cli
