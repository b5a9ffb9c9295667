#pragma once

#include "cli/output.h"
#include "core/error.h"
#include "core/site_config.h"
#include "vault/admission.h"
#include "vault/folder_medium.h"
#include "vault/medium_finder.h"
#include "vault/medium_register.h"
#include "vault/set_writer.h"
#include "vault/site.h"

#include <functional>
#include <optional>

namespace azekura::cli {

/// Where a set's medium is found and how it is attached: a folder of the site file, or the
/// enrolled disk of the set.
class SetMedium {
 public:
  /// Lifetime: all outlive it.
  SetMedium(const vault::Site& site, const SiteConfig& config, const SetConfig& set,
            Output& output);

  /// What its name is for people.
  [[nodiscard]] std::string name() const;
  /// Whether it is connected now and could be attached.
  [[nodiscard]] bool is_here() const;

  /// Attaches the medium, lets `work` use it, and detaches it, also after a failure. `work` tells
  /// what it writes in `totals`, for the register also if it fails. If it returns false, a disk is
  /// only unmounted, not powered off: this run comes back to it. `waiting`: bytes that are to be
  /// written. Returns the totals of work that was done, with the seconds that the medium was
  /// connected. What kept a disk from being written stands in the register until it is.
  /// Errors: refusals (vault/admission.h); MediumError if it was pulled; PolicyError if the site's
  /// limit of connected time is over; what `work` throws.
  using Work = std::function<bool(vault::FolderMedium& medium, vault::WriteTotals& totals)>;
  std::optional<vault::WriteTotals> attached(std::uint64_t waiting, const Work& work);

 private:
  std::optional<vault::WriteTotals> attached_disk(std::uint64_t waiting, const Work& work);
  std::optional<vault::WriteTotals> use_disk(const vault::AdmittedMedium& disk, const Work& work);
  [[noreturn]] void throw_pulled(const Error& error) const;

  const vault::Site& site_;
  const SiteConfig& config_;
  const SetConfig& set_;
  Output& output_;
  vault::MediumRegister media_;
};

}  // namespace azekura::cli
