#pragma once

#include "core/bytes.h"

namespace azekura::vault {

/// Checks a file of a medium against what is signed, without any key, from its bytes in order.
class FileCheck {
 public:
  FileCheck() = default;
  FileCheck(const FileCheck&) = delete;
  FileCheck& operator=(const FileCheck&) = delete;
  virtual ~FileCheck() = default;

  /// The next bytes of the file, in any portions.
  /// Errors: DamageError as soon as there are more than were sealed.
  virtual void update(ByteView bytes) = 0;
  /// Errors: DamageError saying what is damaged.
  virtual void finish() = 0;
};

}  // namespace azekura::vault
