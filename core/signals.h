#pragma once

#include "core/byte_reader.h"
#include "core/byte_writer.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What is recorded of a snapshot for a later judgement whether its source was encrypted: counts,
/// no judgement. docs/format.md, "Signals".
namespace azekura {

/// What was cut from the source in this run.
struct ChunkSignals {
  std::uint64_t chunks = 0;
  std::uint64_t bytes = 0;
  std::uint64_t new_chunks = 0;  ///< of these, the set did not have
  std::uint64_t new_bytes = 0;
  std::uint64_t stored_bytes = 0;  ///< of the blocks of the new chunks

  bool operator==(const ChunkSignals&) const = default;
};

struct ExtensionCount {
  std::string extension;  ///< as extension_of() says
  std::uint64_t files = 0;

  bool operator==(const ExtensionCount&) const = default;
};

/// Against what the snapshots before saw of the source.
struct ChangeSignals {
  std::uint64_t files = 0;  ///< new, or of another content than before
  std::uint64_t bytes = 0;  ///< their logical bytes
  std::uint64_t gone = 0;   ///< names, of entries of any kind, that are not there any more
  std::uint64_t renamed = 0;
  std::vector<ExtensionCount> extensions;
  bool is_partial = false;  ///< of a part of the source it is not known what it was before
  bool is_bounded = false;  ///< more contents were new or gone than are compared for renames

  bool operator==(const ChangeSignals&) const = default;
};

struct TreeSignals {
  std::uint64_t files = 0;  ///< with content; of several names of a file, the one that has it
  std::uint64_t bytes = 0;
  std::vector<ExtensionCount> extensions;  ///< the most frequent ones
  bool is_bounded = false;                 ///< more kinds of extensions than are counted apart
  std::optional<ChangeSignals> changes;    ///< absent if no snapshot before is known

  bool operator==(const TreeSignals&) const = default;
};

struct Signals {
  ChunkSignals chunks;
  std::optional<TreeSignals> tree;  ///< trees only

  bool operator==(const Signals&) const = default;
};

inline constexpr std::size_t kExtensionBytesMax = 16;
inline constexpr std::size_t kExtensionsMax = 64;

/// What follows the last dot of a name, A to Z as a to z, the first kExtensionBytesMax bytes; empty
/// if there is no dot, or it is the first byte.
std::string extension_of(std::string_view name);
/// In the order in which they are recorded: the most frequent first, equal ones by name.
bool comes_before(const ExtensionCount& left, const ExtensionCount& right) noexcept;

void encode_signals(ByteWriter& out, const Signals& signals);
Signals decode_signals(ByteReader& in);

}  // namespace azekura
