#pragma once

#include "core/site_config.h"
#include "vault/identity.h"
#include "vault/keyring.h"
#include "vault/recovery_key.h"

#include <string>

namespace azekura::vault {

/// A set as its host knows it.
struct SetSecrets {
  SetId id;
  SetKeys keys;
};

/// The site folder of a backup host: what it needs to write, and nothing that reads.
///
///     site.toml                what is backed up, and onto what
///     identity                 site id, authority, certificate, policy
///     kit-location             where the recovery kit was written, to warn while it is there
///     keys/host.key            Ed25519 seed
///     keys/NAME.set            set id, dedup key, catalogue key
///     catalogue/NAME/  spool/NAME/  lock/NAME
///     generations/NAME         when each source was captured, for reports
///     media/NAME.medium        what the host remembers of a medium
///     countersignatures/       what verifiers said of media; people put it there
class Site {
 public:
  /// Makes a new site folder for this host, certified by the kit. The folder must be absent or
  /// empty. Errors: UsageError, SystemError.
  static Site create(const std::string& path, const RecoveryKey& kit, std::uint32_t epoch,
                     std::string_view site_file);
  /// Errors: UsageError if `path` is not a site; DamageError, AuthenticityError.
  static Site open(const std::string& path);

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] const SiteId& id() const noexcept { return writer_.certificate.site; }
  [[nodiscard]] const Writer& writer() const noexcept { return writer_; }
  [[nodiscard]] const Policy& policy() const noexcept { return policy_; }
  [[nodiscard]] SigningKey host_key() const;

  /// The site file as it is now. Errors: UsageError.
  [[nodiscard]] SiteConfig config() const;
  [[nodiscard]] std::string site_file() const;
  /// Appends a table, if the file is still valid with it. Errors: UsageError.
  void append_to_site_file(std::string_view table);

  /// Makes a set's keys. Errors: UsageError if there is one of this name.
  SetSecrets create_set(const std::string& name);
  /// Errors: UsageError, DamageError.
  [[nodiscard]] SetSecrets set_secrets(const std::string& name) const;
  /// Takes back create_set.
  void remove_set(const std::string& name);

  /// Makes the folders of catalogues, spools and locks that are missing.
  void make_folders() const;
  [[nodiscard]] std::string catalogue_path(const std::string& set) const;
  [[nodiscard]] std::string spool_path(const std::string& set) const;
  [[nodiscard]] std::string lock_path(const std::string& set) const;
  /// Whether sessions wait in the set's spool for its medium.
  [[nodiscard]] bool has_waiting(const std::string& set) const;
  /// The folder, if it is there, whose countersignatures the next write carries onto their media.
  [[nodiscard]] std::string countersignature_path() const;

  void remember_kit_location(const std::string& folder) const;
  /// The kit's folder if files of a kit still lie in it, or may: it cannot be looked into.
  [[nodiscard]] std::optional<std::string> kit_on_this_host() const;

 private:
  Site(std::string path, const Writer& writer, Policy policy);

  std::string path_;
  Writer writer_;
  Policy policy_;
};

}  // namespace azekura::vault
