#pragma once

#include "core/bytes.h"

namespace azekura::vault {

/// Bytes of 16-bit samples, laid out so that they compress: pixels of CT and MR images, waveforms.
///
/// Each byte as its difference (modulo 256) from the byte two before it, which for the first two
/// counts as 0: first those at even places, then those at odd ones. So what the samples have in
/// common with their neighbours goes, and the noisy lower bytes stand apart from the others. At
/// which byte a sample begins makes no difference. Source: docs/format.md section 7.
Buffer to_planes(ByteView plain);

/// The bytes that to_planes() made `planes` of.
Buffer from_planes(ByteView planes);

}  // namespace azekura::vault
