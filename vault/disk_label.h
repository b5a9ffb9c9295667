#pragma once

#include "vault/label.h"
#include "vault/medium_layout.h"

#include <string>

namespace azekura::vault {

/// The label outside the file system: it tells what disk this is before anything of it is mounted.
/// docs/format.md, section 6.

/// Writes the label's copies into its partition, durably. Errors: SystemError.
void write_disk_label(const std::string& device, const MediumLayout& layout, ByteView label);
/// The first copy that is whole, checked as Label::decode does.
/// Errors: that of the first copy if none is; SystemError.
Label read_disk_label(const std::string& device, const MediumLayout& layout);

}  // namespace azekura::vault
