#pragma once

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

}  // namespace azekura::vault
