#pragma once

#include "core/entry.h"
#include "core/error.h"
#include "core/observer.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace azekura::restore {

/// Bytes of a file, from `offset`.
struct ByteRange {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;

  bool operator==(const ByteRange&) const = default;
};

/// Bytes of a file that cannot be had, and the pack they are in.
struct LostRange {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  std::uint32_t pack = 0;

  bool operator==(const LostRange&) const = default;
};

/// Something wanted that is not in the target. Raw bytes in paths; `reason` is printable.
struct LostItem {
  std::string path;
  std::string reason;
  std::vector<LostRange> ranges;  ///< sorted, merged; empty if it is not about some bytes only
  std::string saved_as;  ///< where the rest of the file is, these ranges as zeros; empty: nowhere

  bool operator==(const LostItem&) const = default;
};

/// Something wanted that the snapshot has with a flaw: in the target as far as the snapshot has it.
struct FlawedItem {
  std::string path;  ///< raw bytes
  EntryFlaw flaw = EntryFlaw::none;

  bool operator==(const FlawedItem&) const = default;
};

/// What a restored object can be without.
enum class Lack {
  owner,
  mode,
  set_id,
  time,
  attribute,
  access_list,
  capability,
  trusted_attribute,
  flags,
  device,
  socket,
};
inline constexpr std::size_t kLacks = 11;
/// Such as "access_list": the word for machines.
std::string_view name_of(Lack lack) noexcept;

/// How many objects are without each.
class LackCounts {
 public:
  void add(Lack lack) noexcept { ++counts_[static_cast<std::size_t>(lack)]; }
  [[nodiscard]] std::uint64_t of(Lack lack) const noexcept {
    return counts_[static_cast<std::size_t>(lack)];
  }
  [[nodiscard]] std::uint64_t total() const noexcept;

 private:
  std::array<std::uint64_t, kLacks> counts_{};
};

/// What a restore did.
struct RestoreReport {
  std::uint64_t entries = 0;  ///< objects made, a further name of a file included
  std::uint64_t files = 0;    ///< files of them, each written once
  std::uint64_t bytes = 0;    ///< logical bytes of these files
  std::uint64_t kept = 0;     ///< files of them that an earlier run had finished
  std::vector<LostItem> lost;
  std::vector<FlawedItem> flawed;
  LackCounts left_out;  ///< by the mode
  LackCounts not_set;   ///< by the system
};

/// Collects the report and tells the observer as it happens.
///
/// Lifetime: the observer outlives it. Threads: any; the observer is told by one at a time.
class Reporter {
 public:
  explicit Reporter(Observer& observer) : observer_{observer} {}

  void phase(std::string_view name, std::uint64_t total_bytes);
  void advanced(std::uint64_t more_bytes);
  void made_entry();
  void made_file(std::uint64_t bytes);
  /// A file that is there already.
  void kept_file(std::uint64_t bytes);
  /// `path` is not in the target. Shape: ranges in any order.
  void lost(const std::string& path, std::string reason, std::vector<LostRange> ranges = {},
            std::string saved_as = {});
  /// Nothing is reported for EntryFlaw::none.
  void flawed(const std::string& path, EntryFlaw flaw);
  void left_out(const std::string& path, Lack lack);
  void not_set(const std::string& path, Lack lack, std::string_view reason);
  void notice(std::string_view text);

  [[nodiscard]] RestoreReport take() { return std::move(report_); }

 private:
  std::mutex telling_;
  Observer& observer_;
  RestoreReport report_;
};

/// What a flaw means, for a person.
std::string_view meaning_of(EntryFlaw flaw) noexcept;

/// True for failures that cost one item; false for those that end the restore: no space, no
/// medium, a signal, our own bug.
bool concerns_one_item(const Error& error) noexcept;

}  // namespace azekura::restore
