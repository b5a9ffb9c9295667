#pragma once

#include "vault/file_check.h"
#include "vault/leaf_hasher.h"
#include "vault/session.h"

#include <string>

/// A parity file: one parity leaf of every stripe, their hashes, and once more those of the packs.
/// docs/format.md, "Parity".
namespace azekura::vault {

/// Which parity file of which session it is, and its shape.
struct ParityFileInfo {
  SessionIdentity session;
  std::uint8_t index = 0;
  std::uint8_t count = 0;     ///< parity files of the session
  std::uint64_t stripes = 0;  ///< of all rows
  std::uint64_t leaves = 0;   ///< of the session's packs

  /// The parity file `index` of a session. Requires: it has one; the manifest was decoded.
  static ParityFileInfo of(const Manifest& manifest, std::size_t index);

  [[nodiscard]] std::uint64_t leaves_bytes() const noexcept;
  /// Where the copies of the packs' leaf hashes begin.
  [[nodiscard]] std::uint64_t pack_hashes_offset() const noexcept;
  [[nodiscard]] std::uint64_t file_bytes() const noexcept;
  /// `own`: hashes of the parity leaves; `packs`: SHA-256 of the leaf hashes of the packs, in
  /// order.
  [[nodiscard]] Digest root(ByteView own_hashes, const Digest& pack_hashes) const;
  [[nodiscard]] Buffer tail(const Digest& root) const;
};

/// Like "parity/000042/0".
std::string parity_path(std::uint32_t session, std::size_t index);

/// Checks a parity file: leaf hashes, tail, root.
class ParityCheck final : public FileCheck {
 public:
  ParityCheck(ParityFileInfo info, const Digest& root);

  using FileCheck::update;
  [[nodiscard]] std::uint64_t leaves_bytes() const noexcept override;
  void update(ByteView bytes, ByteView leaf_hashes) override;
  void finish() override;

 private:
  ParityFileInfo info_;
  Digest root_;
  std::uint64_t seen_ = 0;
  LeafHasher leaves_;
  Sha256 pack_hashes_;
  Buffer own_hashes_;  ///< as the file has them
  Buffer tail_;
};

}  // namespace azekura::vault
