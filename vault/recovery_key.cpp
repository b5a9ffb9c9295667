#include "vault/recovery_key.h"

#include "core/error.h"
#include "core/text.h"
#include "vault/key_file.h"
#include "vault/recovery_share.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace azekura::vault {

namespace {

constexpr std::string_view kHeading = "azekura recovery key, version 1";
constexpr std::size_t kRecoveryBytes = RecipientKey::kBytes;

Secret joined(const Secret& recovery, const Secret& authority_seed) {
  Secret whole{kRecoverySecretBytes};
  std::ranges::copy(recovery.bytes(), whole.mutable_bytes().begin());
  std::ranges::copy(authority_seed.bytes(), whole.mutable_bytes().subspan(kRecoveryBytes).begin());
  return whole;
}

}  // namespace

RecoveryKey::RecoveryKey(const SiteId& site, Secret recovery, Secret authority_seed)
    : site_{site}, recovery_{std::move(recovery)}, authority_seed_{std::move(authority_seed)} {}

RecoveryKey RecoveryKey::generate(const SiteId& site) {
  return {site, Secret::random(kRecoveryBytes), Secret::random(SigningKey::kSeedBytes)};
}

RecoveryKey RecoveryKey::parse(std::string_view text) {
  if (KeyFile::has_heading(text, kShareHeading)) {
    const RecoveryShare share = parse_share(text);
    UsageError error{"this is {}, not the whole key: {} more needed", share_name(share),
                     share.threshold - 1};
    error.set_hint(kMoreSharesHint);
    throw error;
  }
  const KeyFile file{text, kHeading, {"site", "recovery", "authority"}};
  const SiteId site = file.read("site", id_from_hex<SiteId>);
  Secret recovery = file.read(
      "recovery", [](std::string_view value) { return from_key_text(value, kRecoveryBytes); });
  Secret authority_seed = file.read("authority", [](std::string_view value) {
    return from_key_text(value, SigningKey::kSeedBytes);
  });
  return {site, std::move(recovery), std::move(authority_seed)};
}

RecoveryKey RecoveryKey::load(const std::string& path) {
  const KeyFileText text{path};
  return while_doing([&] { return parse(text.view()); }, "reading the recovery key \"{}\"",
                     printable(path));
}

std::string RecoveryKey::text() const {
  const KeyText recovery{to_key_text(recovery_.bytes())};
  const KeyText authority{to_key_text(authority_seed_.bytes())};
  const std::string head = fmt::format("{}\nsite      {}\n", kHeading, site_.hex());
  constexpr std::string_view kRecoveryWord = "recovery  ";
  constexpr std::string_view kAuthorityWord = "authority ";
  std::string text;
  // Reserved at once, so that no shorter copy of the keys stays behind.
  text.reserve(head.size() + kRecoveryWord.size() + recovery.text.size() + kAuthorityWord.size() +
               authority.text.size() + 2);
  text.append(head).append(kRecoveryWord).append(recovery.text).append("\n");
  text.append(kAuthorityWord).append(authority.text).append("\n");
  return text;
}

std::vector<std::string> RecoveryKey::split(unsigned threshold, unsigned count) const {
  std::vector<std::string> texts;
  for (const RecoveryShare& share :
       split_recovery_secret(site_, joined(recovery_, authority_seed_), threshold, count)) {
    texts.push_back(to_share_text(share));
  }
  return texts;
}

RecoveryKey RecoveryKey::combine(const std::vector<std::string>& share_texts) {
  std::vector<RecoveryShare> shares;
  for (std::size_t i = 0; i < share_texts.size(); ++i) {
    shares.push_back(while_doing([&] { return parse_share(share_texts[i]); },
                                 "reading recovery share {} of those given", i + 1));
  }
  const Secret secret = combine_recovery_shares(shares);
  return {shares.front().site, Secret::copy_of(secret.bytes().first(kRecoveryBytes)),
          Secret::copy_of(secret.bytes().subspan(kRecoveryBytes))};
}

}  // namespace azekura::vault
