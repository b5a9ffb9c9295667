#pragma once

#include "vault/folder_medium.h"
#include "vault/label.h"
#include "vault/site.h"

#include <string>

namespace azekura::vault {

/// Makes a folder a set's medium: label, texts for people, the format's specification and the
/// static restore program at `restore_program`.
///
/// The folder is made if it is absent; it must be empty otherwise.
/// Errors: UsageError if it is in use or the program is missing; MediumError, SpaceError-kind.
void set_up_medium(const Site& site, const SetSecrets& set, const std::string& folder,
                   const std::string& restore_program);

/// A label for a new medium of a set. `capacity`: bytes; 0 if unknown.
Label new_label(const Site& site, const SetSecrets& set, std::uint64_t capacity);
/// The bytes of the restore program that goes onto every medium. Errors: UsageError.
Buffer read_restore_program(const std::string& path);
/// Puts onto an empty medium what every medium has before its first session, durably.
void fill_new_medium(FolderMedium& medium, ByteView label, ByteView restore_program);

}  // namespace azekura::vault
