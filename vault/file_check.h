#pragma once

#include "core/bytes.h"

#include <cstdint>

namespace azekura::vault {

/// Checks a file of a medium against what is signed, without any key, from its bytes in order.
class FileCheck {
 public:
  FileCheck() = default;
  FileCheck(const FileCheck&) = delete;
  FileCheck& operator=(const FileCheck&) = delete;
  virtual ~FileCheck() = default;

  /// How much of the file's beginning is checked by the hashes of its leaves.
  [[nodiscard]] virtual std::uint64_t leaves_bytes() const noexcept = 0;
  /// The next bytes of the file, in any portions.
  /// Errors: DamageError as soon as there are more than were sealed.
  void update(ByteView bytes) { update(bytes, {}); }
  /// The same, of leaves that another thread hashed. Requires: `leaf_hashes` are those of all
  /// leaves in `bytes`, which begin with a leaf and end with one; or are empty.
  virtual void update(ByteView bytes, ByteView leaf_hashes) = 0;
  /// Errors: DamageError saying what is damaged.
  virtual void finish() = 0;
};

}  // namespace azekura::vault
