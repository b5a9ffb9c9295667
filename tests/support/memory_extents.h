#pragma once

#include "core/entry.h"
#include "core/extent_source.h"

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace azekura::tests {

/// An ExtentSource over memory: packs filled in the order of store(), any of which can be damaged.
///
/// Bytes come in small pieces, wrong ones of a damaged pack too, before they are found wrong.
class MemoryExtents : public ExtentSource {
 public:
  explicit MemoryExtents(std::uint64_t pack_bytes = 64 * kKiB, std::uint64_t extent_bytes = 4096)
      : pack_bytes_{pack_bytes}, extent_bytes_{extent_bytes} {}

  /// Stores bytes as extents of at most the extent size, none across two packs.
  Content store(ByteView bytes);
  Content store(std::string_view text) { return store(as_bytes(text)); }
  /// Stores the content's extent list apart: level 1.
  Content with_list(Content content);
  /// Stores a directory; sorts its entries.
  Content store_directory(std::vector<Entry> entries);

  /// What is stored next begins a new pack; returns its number.
  std::uint32_t begin_pack();
  void damage(std::uint32_t pack) { damaged_.insert(pack); }
  /// Damages one byte, and the chunk of kChunk bytes it is in.
  void damage(Position position) { damaged_bytes_.insert(position); }
  /// From the given number of fetched extents on, the medium is gone.
  void remove_after(std::uint64_t extents) { extents_left_ = extents; }

  void fetch(std::span<const WantedExtent> wanted, ExtentReceiver& receiver) override;
  /// Keeps no records of chunk ids.
  std::optional<std::string> mismatch(const Content& /*content*/,
                                      std::span<const Extent> /*extents*/) override {
    return std::nullopt;
  }

  static constexpr std::uint32_t kChunk = 1000;
  std::vector<WantedExtent> chunks_of(const WantedExtent& extent) override;

  /// Positions in the order they were fetched; a new list begins with each fetch.
  [[nodiscard]] const std::vector<std::vector<Position>>& fetches() const { return fetches_; }

 private:
  Extent store_extent(ByteView bytes);

  std::uint64_t pack_bytes_;
  std::uint64_t extent_bytes_;
  std::vector<Buffer> packs_;
  std::set<std::uint32_t> damaged_;
  std::set<Position> damaged_bytes_;
  std::uint64_t extents_left_ = UINT64_MAX;
  std::vector<std::vector<Position>> fetches_;
};

Entry file_entry(std::string name, Content content);
Entry directory_entry(std::string name, Content content);
Entry symlink_entry(std::string name, std::string target);
Entry special_entry(std::string name, EntryKind kind);

}  // namespace azekura::tests
