#pragma once

#include "vault/pack_format.h"

namespace azekura::vault {

/// Checks a pack file without any key, from its bytes in order: header ids, leaf hashes, tail,
/// root. docs/format.md, section 7.
class PackCheck {
 public:
  /// `session` names the set and session the pack must belong to.
  /// Errors: DamageError if no pack can have info.file_bytes.
  PackCheck(const PackInfo& info, const SessionIdentity& session);

  /// The next bytes of the file, in any portions.
  /// Errors: DamageError as soon as there are more than info.file_bytes.
  void update(ByteView bytes);
  /// Errors: DamageError saying which leaves are damaged, or that the root does not match.
  void finish();

 private:
  PackInfo info_;
  SessionIdentity session_;
  std::uint64_t data_bytes_;
  std::uint64_t seen_ = 0;
  Sha256 leaf_;
  Buffer leaf_hashes_;
  Buffer head_;  ///< the pack's header
  Buffer tail_;  ///< stored leaf hashes and tail
};

}  // namespace azekura::vault
