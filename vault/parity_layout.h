#pragma once

#include "core/site_config.h"
#include "vault/session.h"

#include <optional>
#include <vector>

/// How the leaves of a session's packs form stripes. docs/format.md, "Parity".
namespace azekura::vault {

/// The leaves of the data regions of some packs in a row: stripe s has those at s, s + stripes,
/// s + 2 · stripes, and so on, so members of a stripe lie far apart.
class LeafRow {
 public:
  struct Leaf {
    PackInfo pack;
    std::uint32_t index = 0;
  };

  /// `packs` by rising number. Errors: DamageError if no pack can have one of the lengths.
  LeafRow(std::vector<PackInfo> packs, std::uint32_t stripes);

  [[nodiscard]] const std::vector<PackInfo>& packs() const noexcept { return packs_; }
  [[nodiscard]] std::uint64_t leaves() const noexcept { return ends_.empty() ? 0 : ends_.back(); }
  [[nodiscard]] std::uint32_t stripes() const noexcept { return stripes_; }
  /// How many leaves the fullest stripe has. Requires: stripes() is not 0.
  [[nodiscard]] std::uint64_t members() const noexcept;
  /// Requires: place < leaves().
  [[nodiscard]] Leaf at(std::uint64_t place) const;
  /// The place of a pack's first leaf; nullopt if the pack is not in the row.
  [[nodiscard]] std::optional<std::uint64_t> first_of(std::uint32_t number) const noexcept;

 private:
  [[nodiscard]] std::uint64_t begin_of(std::size_t pack) const noexcept {
    return pack == 0 ? 0 : ends_[pack - 1];
  }

  std::vector<PackInfo> packs_;
  std::vector<std::uint64_t> ends_;  ///< the place after each pack's last leaf
  std::uint32_t stripes_;
};

/// All rows of a session, as its parity files have them: one after the other.
struct ParityLayout {
  std::vector<LeafRow> rows;

  /// Packs that are not among `own_packs` are left out of their rows.
  ParityLayout(const ParityInfo& parity, const std::vector<PackInfo>& own_packs);

  [[nodiscard]] std::uint64_t stripes() const noexcept;
  [[nodiscard]] std::uint64_t leaves() const noexcept;

  /// Where a leaf is: row, place in it, and how many stripes and leaves the rows before have.
  struct Place {
    const LeafRow* row = nullptr;
    std::uint64_t place = 0;
    std::uint64_t stripes_before = 0;
    std::uint64_t leaves_before = 0;
  };
  /// nullopt if the pack is in no row.
  [[nodiscard]] std::optional<Place> find(std::uint32_t pack, std::uint32_t leaf) const noexcept;
};

/// Whether every row has leaves, and stripes of at most limits::kStripeLeavesMax.
bool is_sound(const ParityLayout& layout) noexcept;

/// The rows of a session: one of the packs of trees, which all else hangs on, and one of all
/// others. Trees get as many stripes as their longest pack has leaves, so that no lost file takes
/// them along, as far as that costs little. Empty if the shape has no files or there are no packs.
/// Requires: `tree_packs` are among `own_packs`, both by rising number.
std::vector<ParityRow> choose_rows(const ParityShape& shape, const std::vector<PackInfo>& own_packs,
                                   const std::vector<std::uint32_t>& tree_packs);

}  // namespace azekura::vault
