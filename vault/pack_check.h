#pragma once

#include "vault/file_check.h"
#include "vault/leaf_hasher.h"
#include "vault/pack_format.h"

namespace azekura::vault {

/// Checks a pack file: header ids, leaf hashes, tail, root. docs/format.md, section 7.
class PackCheck final : public FileCheck {
 public:
  /// `session` names the set and session the pack must belong to.
  /// Errors: DamageError if no pack can have info.file_bytes.
  PackCheck(const PackInfo& info, const SessionIdentity& session);

  using FileCheck::update;
  [[nodiscard]] std::uint64_t leaves_bytes() const noexcept override;
  void update(ByteView bytes, ByteView leaf_hashes) override;
  void finish() override;

 private:
  PackInfo info_;
  SessionIdentity session_;
  std::uint64_t data_bytes_;
  std::uint64_t seen_ = 0;
  LeafHasher leaves_;
  Buffer head_;  ///< the pack's header
  Buffer tail_;  ///< stored leaf hashes and tail
};

}  // namespace azekura::vault
