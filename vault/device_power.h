#pragma once

#include "vault/block_device.h"

namespace azekura::vault {

/// Where the kernel believes that a disk writes through, and so sends no flushes, makes it send
/// them: cheap USB bridges say so and cache nevertheless. docs/reliability.md.
void force_flushes(const BlockDevice& device);

/// Flushes the device's own cache and makes it refuse writes. Errors: SystemError.
void close_device(const BlockDevice& device);

/// Spins the disk down and, if it hangs on USB, cuts it off from the kernel. True if nothing on
/// this host reaches its content any more before it is attached anew.
bool power_off(const BlockDevice& device);

}  // namespace azekura::vault
