#pragma once

#include "core/site_config.h"
#include "vault/medium_finder.h"
#include "vault/medium_register.h"
#include "vault/site.h"

#include <cstdint>
#include <string>

namespace azekura::vault {

/// A connected medium that the register knows.
struct AdmittedMedium {
  const ConnectedMedium* medium = nullptr;  ///< of the found ones
  MediumRecord record;
};

/// The one connected medium that may be written for a set now, or the refusal that says why there
/// is none and what to do. Nothing is mounted.
///
/// `needed`: bytes that wait for it. Errors: MediumError, PolicyError, AuthenticityError,
/// SpaceError, each with a code (vault/refusal.h).
AdmittedMedium admit(const Site& site, const SiteConfig& config, const std::string& set,
                     const MediumRegister& media, const FoundMedia& found, std::uint64_t needed);

}  // namespace azekura::vault
