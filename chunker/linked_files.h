#pragma once

#include "core/bytes.h"
#include "core/entry.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

namespace azekura::chunker {

/// What the first names of files say of them, for the further names to repeat: so a file is there
/// as long as one of its names is.
///
/// Memory: bounded; the further names of what is beyond it say nothing.
class LinkedFiles {
 public:
  /// Of entries that wait for their further names.
  static constexpr std::size_t kBytesMax = 64 * kMiB;

  /// Takes the first name of a file with several, whose encoded form has so many bytes.
  /// Requires: it has content and no flaw.
  void add_first(const Entry& entry, std::size_t encoded_bytes);
  /// The whole entry of a further name; nullopt if its first one is not known.
  [[nodiscard]] std::optional<Entry> find(const Entry& further);

 private:
  struct File {
    Entry first;
    std::uint32_t names_left = 0;
    std::size_t bytes = 0;
  };

  std::map<std::uint64_t, File> files_;  ///< by hard-link id
  std::size_t bytes_ = 0;                ///< of them all
};

}  // namespace azekura::chunker
