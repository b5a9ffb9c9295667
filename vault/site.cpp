#include "vault/site.h"

#include "core/byte_writer.h"
#include "core/error.h"
#include "core/file_io.h"
#include "core/limits.h"
#include "core/site_edit.h"
#include "core/text.h"
#include "vault/medium_register.h"
#include "vault/object.h"
#include "vault/spool.h"

#include <algorithm>

namespace azekura::vault {

namespace {

constexpr std::string_view kMagic = "AZKSITE1";
constexpr std::string_view kObject = "the site's identity";
constexpr std::uint16_t kAuthority = 1;
constexpr std::uint16_t kCertificate = 2;
constexpr std::uint16_t kPolicy = 3;
constexpr std::uint64_t kSmallFileMax = 64 * kKiB;
constexpr std::uint64_t kSiteFileMax = 16 * kMiB;
constexpr std::string_view kBeginAnew =
    "put it back from a copy, or begin a new site folder from a medium and the kit: 'azekura init "
    "SITE --from MEDIUM --kit DIR'";

std::string host_key_path(const std::string& site) { return site + "/keys/host.key"; }
std::string set_key_path(const std::string& site, const std::string& set) {
  return site + "/keys/" + set + ".set";
}

/// Whether something is left of a set: captured, known to be on a medium, or enrolled for it.
bool has_traces(const Site& site, const std::string& set) {
  const auto is_of_set = [&](const MediumRecord& medium) { return medium.set == set; };
  if (!list_directory(site.spool_path(set)).empty() || exists(site.catalogue_path(set))) {
    return true;
  }
  const std::vector<MediumRecord> media = MediumRegister{site.path()}.all();
  return std::any_of(media.begin(), media.end(), is_of_set);
}

}  // namespace

Site::Site(std::string path, const Writer& writer, Policy policy)
    : path_{std::move(path)}, writer_{writer}, policy_{std::move(policy)} {}

Site Site::create(const std::string& path, const RecoveryKey& kit, std::uint32_t epoch,
                  std::string_view site_file) {
  if (!list_directory(path).empty()) {
    UsageError error{"\"{}\" is not empty", printable(path)};
    error.set_hint("choose a folder that does not exist yet for the site");
    throw error;
  }
  const SigningKey authority = kit.authority();
  const Secret host_seed = Secret::random(SigningKey::kSeedBytes);
  Writer writer;
  writer.authority = authority.public_key();
  writer.certificate = Certificate::issue(
      authority, {kit.site(), random_id<HostId>(), epoch, SigningKey{host_seed}.public_key(), {}});
  const Policy policy = Policy::issue(authority, {kit.site(), 1, {kit.recipient()}, {}});

  make_directory(path);
  make_directory(path + "/keys");
  replace_file(host_key_path(path), host_seed.bytes());
  replace_file(path + "/site.toml", as_bytes(site_file));
  Sections sections;
  sections[kAuthority] = ByteWriter{}.id(writer.authority).take();
  sections[kCertificate] = writer.certificate.encode();
  sections[kPolicy] = policy.encode();
  replace_file(path + "/identity", encode_object(kMagic, sections));
  return open(path);
}

Site Site::open(const std::string& path) {
  const std::optional<Buffer> bytes = read_file_if_any(path + "/identity", kSmallFileMax);
  if (!bytes && exists(path + "/keys")) {
    DamageError error{"site \"{}\" has lost its file 'identity'", printable(path)};
    error.set_hint(std::string{kBeginAnew});
    throw error;
  }
  if (!bytes) {
    UsageError error{"\"{}\" is not an azekura site", printable(path)};
    error.set_hint(
        "name the site with -s or $AZEKURA_SITE, or make one with 'azekura init SITE --kit DIR'");
    throw error;
  }
  ByteReader in{*bytes, kObject};
  const Sections sections = decode_object(in, kMagic, kPolicy, kObject);
  in.expect_end();
  Writer writer;
  ByteReader authority{section(sections, kAuthority, kObject), kObject};
  writer.authority = authority.id<PublicSigningKey>();
  authority.expect_end();
  writer.certificate = Certificate::decode(section(sections, kCertificate, kObject));
  Policy policy = Policy::decode(section(sections, kPolicy, kObject));
  if (!writer.certificate.is_signed_by(writer.authority) ||
      !policy.is_signed_by(writer.authority) || policy.site != writer.certificate.site) {
    throw AuthenticityError{"the identity of site \"{}\" is not signed by its authority",
                            printable(path)};
  }
  Site site{path, writer, std::move(policy)};
  if (site.host_key().public_key() != site.writer_.certificate.host_key) {
    throw AuthenticityError{"the host key of site \"{}\" is not the certified one",
                            printable(path)};
  }
  return site;
}

SigningKey Site::host_key() const {
  std::optional<Buffer> bytes = read_file_if_any(host_key_path(path_), kSmallFileMax);
  if (!bytes) {
    DamageError error{"site \"{}\" has lost its host key", printable(path_)};
    error.set_hint(std::string{kBeginAnew});
    throw error;
  }
  Buffer& seed = *bytes;
  if (seed.size() != SigningKey::kSeedBytes) {
    throw DamageError{"the host key of site \"{}\" has {} bytes, not {}", printable(path_),
                      seed.size(), SigningKey::kSeedBytes};
  }
  const Secret secret = Secret::copy_of(seed);
  wipe(seed);
  return SigningKey{secret};
}

std::string Site::site_file() const {
  const std::optional<Buffer> bytes = read_file_if_any(path_ + "/site.toml", kSiteFileMax);
  if (!bytes) {
    UsageError error{"site \"{}\" has lost its file site.toml", printable(path_)};
    error.set_hint(std::string{kBeginAnew});
    throw error;
  }
  return std::string{as_text(*bytes)};
}

SiteConfig Site::config() const { return SiteConfig::parse(site_file()); }

void Site::append_to_site_file(std::string_view table) {
  replace_file(path_ + "/site.toml", as_bytes(with_tables(site_file(), table)));
}

SetSecrets Site::create_set(const std::string& name) {
  expect_name(name);
  const std::string path = set_key_path(path_, name);
  if (exists(path) || has_traces(*this, name)) {
    UsageError error{"there is already a set '{}'", name};
    error.set_hint(
        "choose another name; a set that was taken out of site.toml comes back if it is written "
        "there again");
    throw error;
  }
  SetSecrets secrets{random_id<SetId>(), SetKeys::generate()};
  const Secret keys = secrets.keys.bytes();
  Secret file{SetId::kBytes + keys.size()};
  std::copy(secrets.id.bytes().begin(), secrets.id.bytes().end(), file.mutable_bytes().begin());
  std::copy(keys.bytes().begin(), keys.bytes().end(),
            file.mutable_bytes().subspan(SetId::kBytes).begin());
  replace_file(path, file.bytes());
  make_folders();
  make_directory(spool_path(name));
  return secrets;
}

SetSecrets Site::set_secrets(const std::string& name) const {
  std::optional<Buffer> bytes = read_file_if_any(set_key_path(path_, name), kSmallFileMax);
  if (!bytes && has_traces(*this, name)) {
    DamageError error{"site \"{}\" has lost the keys of the set '{}', its file 'keys/{}.set'",
                      printable(path_), name, name};
    error.set_hint(
        "put it back from a copy, or go on with a new set and a fresh medium: 'azekura set add "
        "NAME'; the old medium still restores with the recovery kit");
    throw error;
  }
  if (!bytes) {
    UsageError error{"the set '{}' has no keys in this site", printable(name)};
    error.set_hint(text("make them with 'azekura set add {}'", name));
    throw error;
  }
  if (bytes->size() < SetId::kBytes) {
    throw DamageError{"the key file of set '{}' is too short", name};
  }
  SetSecrets secrets{SetId::from_bytes(ByteView{*bytes}.first(SetId::kBytes)),
                     SetKeys::from_bytes(ByteView{*bytes}.subspan(SetId::kBytes))};
  wipe(*bytes);
  return secrets;
}

void Site::remove_set(const std::string& name) {
  remove_file(set_key_path(path_, name));
  remove_tree(spool_path(name));
  remove_tree(catalogue_path(name));
}

void Site::make_folders() const {
  for (const char* folder : {"/catalogue", "/spool", "/lock"}) {
    make_directory(path_ + folder);
  }
}

std::string Site::catalogue_path(const std::string& set) const {
  return path_ + "/catalogue/" + set;
}
std::string Site::spool_path(const std::string& set) const { return path_ + "/spool/" + set; }
std::string Site::lock_path(const std::string& set) const { return path_ + "/lock/" + set; }

bool Site::has_waiting(const std::string& set) const { return Spool::waiting(spool_path(set)) > 0; }

void Site::remember_kit_location(const std::string& folder) const {
  replace_file(path_ + "/kit-location", as_bytes(folder));
}

std::string Site::countersignature_path() const { return path_ + "/countersignatures"; }

std::optional<std::string> Site::kit_on_this_host() const {
  const std::optional<Buffer> bytes = read_file_if_any(path_ + "/kit-location", kSmallFileMax);
  if (!bytes) {
    return std::nullopt;
  }
  std::string folder{as_text(*bytes)};
  const auto is_of_a_kit = [](const std::string& name) {
    return name == "recovery.key" || name.starts_with("recovery-kit") || name.starts_with("share-");
  };
  try {
    const std::vector<std::string> names = list_directory(folder);
    return std::any_of(names.begin(), names.end(), is_of_a_kit) ? std::optional{std::move(folder)}
                                                                : std::nullopt;
  } catch (const SystemError&) {
    return folder;  // a service may see less than who made the kit: no reason to fail, or to be
                    // quiet
  }
}

}  // namespace azekura::vault
