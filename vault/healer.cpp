#include "vault/healer.h"

#include "core/error.h"
#include "core/limits.h"
#include "core/sabotage.h"
#include "vault/pack_format.h"
#include "vault/parity_code.h"

#include <algorithm>
#include <utility>

namespace azekura::vault {

namespace {

/// Leaf hashes kept in memory: 32 KiB a pack.
constexpr std::size_t kHashesKept = 256;

Buffer padded(Buffer leaf) {
  leaf.resize(limits::kLeafBytes, std::byte{0});
  return leaf;
}

}  // namespace

/// The members of a stripe, filled up with zeros to a leaf.
struct Healer::Stripe {
  std::vector<Buffer> members;  ///< empty where one is lost
  std::vector<unsigned> lost;   ///< rising
};

/// A parity leaf as a copy of its file has it, whole or not.
struct Healer::ParityLeaf {
  unsigned file = 0;
  Buffer bytes;
};

Healer::Healer(const FolderMedium& medium, std::span<const SealedSession> sessions,
               std::vector<Finding>& findings)
    : medium_{medium}, packs_{vouched_packs(sessions, findings)} {
  for (const SealedSession& session : sessions) {
    const Manifest& manifest = session.manifest;
    const std::vector<PackInfo> own_packs = manifest.own_packs();
    // An older session may say otherwise of a pack, and goes before: such parity fits nothing.
    const bool is_told_alike =
        std::all_of(own_packs.begin(), own_packs.end(),
                    [&](const PackInfo& pack) { return packs_.at(pack.number).info == pack; });
    if (!manifest.parity || !is_told_alike) {
      continue;
    }
    Session one{manifest.identity, {}, ParityLayout{*manifest.parity, own_packs}};
    for (std::size_t i = 0; i < manifest.parity_files(); ++i) {
      one.files.push_back(ParityFileInfo::of(manifest, i));
    }
    sessions_.emplace(session.number(), std::move(one));
  }
}

const VouchedPack& Healer::vouched(std::uint32_t pack) const {
  const auto found = packs_.find(pack);
  if (found == packs_.end()) {
    throw DamageError{"no seal vouches for pack {:08x}", pack};
  }
  return found->second;
}

const Healer::Session& Healer::session_of(const VouchedPack& pack) const {
  const auto found = sessions_.find(pack.session.number);
  if (found == sessions_.end()) {
    throw DamageError{"pack {:08x} is damaged, and session {} has no parity", pack.info.number,
                      pack.session.number};
  }
  return found->second;
}

Buffer Healer::read(std::uint32_t pack, std::uint64_t offset, std::uint64_t bytes) {
  const std::lock_guard lock{mutex_};
  const std::uint64_t data_bytes = pack_data_bytes(vouched(pack).info.file_bytes);
  if (offset > data_bytes || bytes > data_bytes - offset) {
    throw DamageError{"bytes {} to {} lie outside pack {:08x}", offset, offset + bytes, pack};
  }
  Buffer result;
  result.reserve(static_cast<std::size_t>(bytes));
  for (std::uint64_t at = offset; at < offset + bytes;) {
    const auto index = static_cast<std::uint32_t>(at / limits::kLeafBytes);
    const Buffer all = leaf_or_remains(pack, index);
    const std::size_t from = at % limits::kLeafBytes;
    const std::size_t part = std::min<std::uint64_t>(all.size() - from, offset + bytes - at);
    append(result, ByteView{all}.subspan(from, part));
    at += part;
  }
  return result;
}

void Healer::offer(std::uint32_t pack, std::uint64_t offset, Buffer bytes) {
  const std::lock_guard lock{mutex_};
  offered_[pack].insert_or_assign(offset, std::move(bytes));
}

void Healer::withdraw(std::uint32_t pack) {
  const std::lock_guard lock{mutex_};
  offered_.erase(pack);
}

std::uint64_t Healer::offered_bytes() {
  const std::lock_guard lock{mutex_};
  std::uint64_t sum = 0;
  for (const auto& [pack, parts] : offered_) {
    for (const auto& [offset, bytes] : parts) {
      sum += bytes.size();
    }
  }
  return sum;
}

void Healer::stream_pack(std::uint32_t pack, const std::function<void(ByteView)>& take) {
  const std::lock_guard lock{mutex_};
  const PackInfo& info = vouched(pack).info;
  const std::size_t leaves = leaf_count(pack_data_bytes(info.file_bytes));
  for (std::uint32_t index = 0; index < leaves; ++index) {
    take(leaf(pack, index));
  }
  take(pack_end(info, proven_hashes(pack)));
}

void Healer::stream_parity(std::uint32_t session, std::size_t index,
                           const std::function<void(ByteView)>& take) {
  const std::lock_guard lock{mutex_};
  const auto found = sessions_.find(session);
  if (found == sessions_.end() || index >= found->second.files.size()) {
    throw DamageError{"session {} has no parity {}", session, index};
  }
  const Session& of = found->second;
  Buffer own_hashes;
  for (const LeafRow& row : of.layout.rows) {
    for (std::uint32_t stripe = 0; stripe < row.stripes(); ++stripe) {
      const Buffer made = make_parity_leaf(row, stripe, static_cast<unsigned>(index));
      append(own_hashes, sha256(made).bytes());
      take(made);
    }
  }
  take(own_hashes);
  Sha256 pack_hashes;
  for (const LeafRow& row : of.layout.rows) {
    for (const PackInfo& pack : row.packs()) {
      const Buffer& hashes = proven_hashes(pack.number);
      pack_hashes.update(hashes);
      take(hashes);
    }
  }
  const ParityFileInfo& info = of.files[index];
  take(info.tail(info.root(own_hashes, pack_hashes.finish())));
}

Buffer Healer::make_parity_leaf(const LeafRow& row, std::uint32_t stripe, unsigned file) {
  std::vector<Buffer> members;
  std::vector<FieldElement> factors;
  for (std::uint64_t place = stripe; place < row.leaves(); place += row.stripes()) {
    const LeafRow::Leaf at = row.at(place);
    factors.push_back(parity_factor(file, static_cast<unsigned>(members.size())));
    members.push_back(padded(leaf(at.pack.number, at.index)));
  }
  Buffer made(limits::kLeafBytes);
  const MutableBytes output{made};
  field_sums(factors, std::vector<ByteView>{members.begin(), members.end()}, {&output, 1});
  return made;
}

std::vector<Healer::MadeLeaf> Healer::take_made() {
  const std::lock_guard lock{mutex_};
  std::vector<MadeLeaf> made = std::exchange(made_, {});
  std::sort(made.begin(), made.end());
  made.erase(std::unique(made.begin(), made.end()), made.end());
  return made;
}

Buffer Healer::leaf(std::uint32_t pack, std::uint32_t index) {
  if (std::optional<Buffer> whole = copied_leaf(pack, index)) {
    return *std::move(whole);
  }
  std::optional<Buffer> offered = offered_leaf(pack, index);
  const bool is_offered = offered.has_value();
  Buffer made = is_offered ? *std::move(offered) : make_leaf(pack, index);
  made_.push_back({pack, index, static_cast<std::uint32_t>(made.size()), is_offered});
  return made;
}

Buffer Healer::leaf_or_remains(std::uint32_t pack, std::uint32_t index) {
  try {
    return leaf(pack, index);
  } catch (const DamageError&) {
    if (std::optional<Buffer> bytes = remains(pack, index)) {
      return *std::move(bytes);
    }
    throw;
  }
}

std::optional<Buffer> Healer::remains(std::uint32_t pack, std::uint32_t index) const {
  const std::uint64_t begin = index * limits::kLeafBytes;
  const std::size_t size = leaf_bytes(vouched(pack).info, index);
  std::optional<Buffer> leaf;
  for (const std::string& copy : pack_copies(pack)) {
    if (!leaf) {
      leaf = medium_.read_around(copy, begin, size);
    }
  }
  const auto of_pack = offered_.find(pack);
  if (of_pack == offered_.end()) {
    return leaf;
  }
  for (const auto& [offset, bytes] : of_pack->second) {
    const std::uint64_t from = std::max(offset, begin);
    const std::uint64_t to = std::min(offset + bytes.size(), begin + size);
    if (from < to) {
      if (!leaf) {
        leaf.emplace(size, std::byte{0});
      }
      std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(from - offset), to - from,
                  leaf->begin() + static_cast<std::ptrdiff_t>(from - begin));
    }
  }
  return leaf;
}

std::optional<Buffer> Healer::whole_leaf(std::uint32_t pack, std::uint32_t index) {
  std::optional<Buffer> whole = copied_leaf(pack, index);
  return whole ? whole : offered_leaf(pack, index);
}

std::optional<Buffer> Healer::offered_leaf(std::uint32_t pack, std::uint32_t index) {
  const Buffer* hashes = offered_.contains(pack) ? hashes_of(pack) : nullptr;
  std::optional<Buffer> leaf = hashes != nullptr ? remains(pack, index) : std::nullopt;
  const bool is_right = leaf && equal(sha256(*leaf).bytes(), leaf_hash(*hashes, index));
  return is_right ? leaf : std::nullopt;
}

std::optional<Buffer> Healer::copied_leaf(std::uint32_t pack, std::uint32_t index) {
  const PackInfo& info = vouched(pack).info;
  const Buffer* hashes = hashes_of(pack);
  if (hashes == nullptr) {
    return std::nullopt;
  }
  for (const std::string& copy : pack_copies(pack)) {
    std::optional<Buffer> bytes =
        medium_.read_part(copy, index * limits::kLeafBytes, leaf_bytes(info, index));
    if (bytes && equal(sha256(*bytes).bytes(), leaf_hash(*hashes, index))) {
      return bytes;
    }
  }
  return std::nullopt;
}

Buffer Healer::make_leaf(std::uint32_t pack, std::uint32_t index) {
  const VouchedPack& wanted = vouched(pack);
  const Session& session = session_of(wanted);
  const std::optional<ParityLayout::Place> at = session.layout.find(pack, index);
  if (!at) {
    throw DamageError{"pack {:08x} is damaged, and in no row of its session's parity", pack};
  }
  const Digest hash = Digest::from_bytes(leaf_hash(proven_hashes(pack), index));
  const std::uint64_t number = at->place % at->row->stripes();
  const auto member = static_cast<unsigned>(at->place / at->row->stripes());
  const Stripe stripe = read_stripe(*at->row, number);
  const std::vector<ParityLeaf> parity = read_parity(session, at->stripes_before + number);
  // A parity leaf may be damaged itself: what is made tells. Every choice of as many as are lost,
  // a bit each, is tried.
  for (unsigned chosen = 1; chosen < 1U << parity.size(); ++chosen) {
    std::vector<const ParityLeaf*> used;
    for (unsigned i = 0; i < parity.size(); ++i) {
      if ((chosen >> i & 1U) != 0) {
        used.push_back(&parity[i]);
      }
    }
    const auto same_file = std::adjacent_find(
        used.begin(), used.end(),
        [](const ParityLeaf* a, const ParityLeaf* b) { return a->file == b->file; });
    if (used.size() != stripe.lost.size() || same_file != used.end()) {
      continue;
    }
    Buffer made = make_member(stripe, used, member);
    made.resize(leaf_bytes(wanted.info, index));
    if (sha256(made) == hash) {
      return made;
    }
  }
  throw DamageError{
      "bytes {} to {} of pack {:08x} are damaged: {} of the {} leaves of their stripe are lost",
      index * limits::kLeafBytes,
      index * limits::kLeafBytes + leaf_bytes(wanted.info, index),
      pack,
      stripe.lost.size(),
      stripe.members.size()};
}

/// Requires: `member` is lost, and as many parity leaves are given as are lost.
Buffer Healer::make_member(const Stripe& stripe, const std::vector<const ParityLeaf*>& parity,
                           unsigned member) {
  std::vector<ByteView> inputs;
  for (const Buffer& one : stripe.members) {
    if (!one.empty()) {
      inputs.emplace_back(one);
    }
  }
  std::vector<unsigned> files;
  for (const ParityLeaf* one : parity) {
    inputs.emplace_back(one->bytes);
    files.push_back(one->file);
  }
  const std::vector<FieldElement> factors =
      recovery_factors(static_cast<unsigned>(stripe.members.size()), stripe.lost, files);
  const auto row = static_cast<std::size_t>(
      std::lower_bound(stripe.lost.begin(), stripe.lost.end(), member) - stripe.lost.begin());
  Buffer made(limits::kLeafBytes);
  const MutableBytes output{made};
  field_sums(std::span{factors}.subspan(row * inputs.size(), inputs.size()), inputs, {&output, 1});
  return made;
}

std::vector<Healer::ParityLeaf> Healer::read_parity(const Session& session,
                                                    std::uint64_t stripe) const {
  if (sabotaged(Sabotage::parity_unapplied)) {
    return {};
  }
  std::vector<ParityLeaf> leaves;
  for (const ParityFileInfo& file : session.files) {
    for (const std::string& copy : parity_copies(session.identity.number, file.index)) {
      if (auto bytes = medium_.read_part(copy, stripe * limits::kLeafBytes, limits::kLeafBytes)) {
        leaves.push_back({file.index, *std::move(bytes)});
      }
    }
  }
  return leaves;
}

Healer::Stripe Healer::read_stripe(const LeafRow& row, std::uint64_t stripe) {
  Stripe read;
  for (std::uint64_t place = stripe; place < row.leaves(); place += row.stripes()) {
    const LeafRow::Leaf at = row.at(place);
    std::optional<Buffer> bytes = whole_leaf(at.pack.number, at.index);
    if (!bytes) {
      read.lost.push_back(static_cast<unsigned>(read.members.size()));
    }
    read.members.push_back(bytes ? padded(*std::move(bytes)) : Buffer{});
  }
  return read;
}

const Buffer* Healer::hashes_of(std::uint32_t pack) {
  auto known = hashes_.find(pack);
  if (known == hashes_.end()) {
    if (hashes_.size() == kHashesKept) {
      hashes_.erase(hashes_.begin());
    }
    known = hashes_.emplace(pack, find_hashes(vouched(pack))).first;
  }
  return known->second.empty() ? nullptr : &known->second;
}

Buffer Healer::find_hashes(const VouchedPack& pack) const {
  const std::uint64_t data_bytes = pack_data_bytes(pack.info.file_bytes);
  const auto is_right = [&](const Buffer& hashes) {
    return !hashes.empty() && pack_root(pack.session.set, pack.session.session, pack.info.number,
                                        data_bytes, hashes) == pack.info.root;
  };
  for (Buffer& candidate : hash_candidates(pack)) {
    if (is_right(candidate)) {
      return std::move(candidate);
    }
  }
  for (const std::string& copy : pack_copies(pack.info.number)) {
    Buffer hashes = hash_leaves(copy, pack.info);
    if (is_right(hashes)) {
      return hashes;
    }
  }
  return {};
}

Buffer Healer::hash_leaves(const std::string& copy, const PackInfo& pack) const {
  Buffer hashes;
  const std::size_t leaves = leaf_count(pack_data_bytes(pack.file_bytes));
  for (std::uint32_t index = 0; index < leaves; ++index) {
    const std::optional<Buffer> bytes =
        medium_.read_part(copy, index * limits::kLeafBytes, leaf_bytes(pack, index));
    if (!bytes) {
      return {};
    }
    append(hashes, sha256(*bytes).bytes());
  }
  return hashes;
}

const Buffer& Healer::proven_hashes(std::uint32_t pack) {
  const Buffer* hashes = hashes_of(pack);
  if (hashes == nullptr) {
    throw DamageError{"no copy of the leaf hashes of pack {:08x} is whole", pack};
  }
  return *hashes;
}

/// The leaf hashes of a pack as its copies and those of its session's parity have them.
std::vector<Buffer> Healer::hash_candidates(const VouchedPack& pack) const {
  const std::uint64_t data_bytes = pack_data_bytes(pack.info.file_bytes);
  const std::size_t bytes = leaf_count(data_bytes) * Digest::kBytes;
  std::vector<Buffer> candidates;
  const auto add = [&](const std::string& name, std::uint64_t offset) {
    if (std::optional<Buffer> hashes = medium_.read_part(name, offset, bytes)) {
      candidates.push_back(*std::move(hashes));
    }
  };
  for (const std::string& copy : pack_copies(pack.info.number)) {
    add(copy, data_bytes);
  }
  const auto session = sessions_.find(pack.session.number);
  if (session == sessions_.end()) {
    return candidates;
  }
  const std::optional<ParityLayout::Place> first = session->second.layout.find(pack.info.number, 0);
  for (const ParityFileInfo& file : session->second.files) {
    for (const std::string& copy : parity_copies(pack.session.number, file.index)) {
      if (first) {
        add(copy,
            file.pack_hashes_offset() + (first->leaves_before + first->place) * Digest::kBytes);
      }
    }
  }
  return candidates;
}

}  // namespace azekura::vault
