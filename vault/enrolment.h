#pragma once

#include "vault/block_device.h"
#include "vault/file_system.h"
#include "vault/medium_register.h"
#include "vault/site.h"

#include <string>

namespace azekura::vault {

/// What enrolling a disk comes to.
enum class Enrolment {
  erase,  ///< all that is on it is replaced
  anew,   ///< the same of a disk with our partitions, of which no label and no session can be read
  recover,  ///< it is a medium of this set already, which the register lost; nothing is written
};

/// What enrolling the disk as the medium of a set would do. Nothing is written.
/// Errors: UsageError if the disk is in use, read-only, too small or another medium, or if the set
/// has one; MediumError if what is on it cannot be looked at.
Enrolment plan_enrolment(const Site& site, const MediumRegister& media, const std::string& set,
                         const BlockDevice& device, FileSystem kind);

/// Erases the disk, makes it the set's medium, reads back what it wrote, enters it into the
/// register and powers it off: a person pulls it then.
/// Requires: plan_enrolment said `erase` or `anew`. Errors: SystemError, MediumError; the register
/// is untouched then.
MediumRecord enrol(const Site& site, MediumRegister& media, const std::string& set,
                   const BlockDevice& device, FileSystem kind, const std::string& restore_program);

/// Enters the medium into the register again, as connected. Requires: plan_enrolment said
/// `recover`.
MediumRecord recover(MediumRegister& media, const std::string& set, const BlockDevice& device);

}  // namespace azekura::vault
