#include "vault/parity_file.h"

#include "core/byte_writer.h"
#include "core/error.h"
#include "core/limits.h"
#include "vault/parity_layout.h"

#include <algorithm>

namespace azekura::vault {

namespace {
constexpr std::string_view kParityMagic = "AZKPARI1";
constexpr std::uint64_t kParityTailBytes = 64;
}  // namespace

ParityFileInfo ParityFileInfo::of(const Manifest& manifest, std::size_t index) {
  AZK_CHECK(manifest.parity && index < manifest.parity->roots.size());
  ParityFileInfo info;
  info.session = manifest.identity;
  info.index = static_cast<std::uint8_t>(index);
  info.count = static_cast<std::uint8_t>(manifest.parity->roots.size());
  const ParityLayout layout{*manifest.parity, manifest.own_packs()};
  info.stripes = layout.stripes();
  info.leaves = layout.leaves();
  return info;
}

std::uint64_t ParityFileInfo::leaves_bytes() const noexcept { return stripes * limits::kLeafBytes; }

std::uint64_t ParityFileInfo::pack_hashes_offset() const noexcept {
  return leaves_bytes() + stripes * Digest::kBytes;
}

std::uint64_t ParityFileInfo::file_bytes() const noexcept {
  return pack_hashes_offset() + leaves * Digest::kBytes + kParityTailBytes;
}

Digest ParityFileInfo::root(ByteView own_hashes, const Digest& pack_hashes) const {
  ByteWriter out;
  out.text("azekura parity root v1").u8(0).id(session.set).id(session.session);
  out.u8(index).u8(count).u64(stripes).u64(leaves).id(sha256(own_hashes)).id(pack_hashes);
  return sha256(out.view());
}

Buffer ParityFileInfo::tail(const Digest& root) const {
  ByteWriter out;
  out.text(kParityMagic).u32(session.number).u8(index).u8(count).u16(0).u64(stripes).u64(leaves);
  return out.id(root).take();
}

std::string parity_path(std::uint32_t session, std::size_t index) {
  return fmt::format("parity/{:06}/{}", session, index);
}

ParityCheck::ParityCheck(ParityFileInfo info, const Digest& root) : info_{info}, root_{root} {}

std::uint64_t ParityCheck::leaves_bytes() const noexcept { return info_.leaves_bytes(); }

void ParityCheck::update(ByteView bytes, ByteView leaf_hashes) {
  const auto take_until = [&](std::uint64_t end, auto&& take) {
    if (seen_ < end) {
      const std::size_t part = std::min<std::uint64_t>(bytes.size(), end - seen_);
      take(bytes.first(part));
      seen_ += part;
      bytes = bytes.subspan(part);
    }
  };
  const std::uint64_t tail_begin = info_.file_bytes() - kParityTailBytes;
  take_until(info_.leaves_bytes(), [&](ByteView part) { leaves_.update(part, leaf_hashes); });
  take_until(info_.pack_hashes_offset(), [&](ByteView part) { append(own_hashes_, part); });
  take_until(tail_begin, [&](ByteView part) { pack_hashes_.update(part); });
  take_until(info_.file_bytes(), [&](ByteView part) { append(tail_, part); });
  if (!bytes.empty()) {
    throw DamageError{"parity {} of session {} is longer than the {} bytes that were sealed",
                      info_.index, info_.session.number, info_.file_bytes()};
  }
}

void ParityCheck::finish() {
  if (seen_ != info_.file_bytes()) {
    throw DamageError{"parity {} of session {} has {} bytes, {} were sealed", info_.index,
                      info_.session.number, seen_, info_.file_bytes()};
  }
  const Buffer hashes = leaves_.finish();
  if (info_.root(hashes, pack_hashes_.finish()) != root_) {
    throw DamageError{"parity {} of session {} is damaged: {} of {} leaves", info_.index,
                      info_.session.number, differing_leaves(own_hashes_, hashes).size(),
                      info_.stripes};
  }
  if (!equal(hashes, own_hashes_) || !equal(info_.tail(root_), tail_)) {
    throw DamageError{"parity {} of session {} is damaged in its leaf hashes or tail", info_.index,
                      info_.session.number};
  }
}

}  // namespace azekura::vault
