#pragma once

#include "core/extent_source.h"

#include <cstdint>
#include <string>

namespace azekura {

/// Whoever may have bytes of files that an ExtentSource has lost.
class SpareSource {
 public:
  SpareSource() = default;
  SpareSource(const SpareSource&) = delete;
  SpareSource& operator=(const SpareSource&) = delete;
  virtual ~SpareSource() = default;

  /// Delivers an extent of the file at `path`, which begins there at `offset`, as
  /// ExtentSource::fetch does, with index 0: proven against its digest, or failed.
  /// `path` is raw, from the root of what is restored; of a file that is itself the root: any.
  /// Errors: MediumError.
  virtual void fetch(const std::string& path, std::uint64_t offset, const WantedExtent& wanted,
                     ExtentReceiver& receiver) = 0;
};

}  // namespace azekura
