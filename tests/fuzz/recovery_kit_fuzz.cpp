#include "core/limits.h"
#include "tests/fuzz/fuzz_target.h"
#include "vault/key_text.h"
#include "vault/recovery_key.h"
#include "vault/recovery_share.h"

namespace azekura::tests {

namespace {

constexpr char kNextShare = '\f';

void read_key(std::string_view text) {
  const auto key = decoded({ErrorKind::usage}, [&] { return vault::RecoveryKey::parse(text); });
  if (key) {
    AZK_CHECK(vault::RecoveryKey::parse(key->text()).text() == key->text());
  }
}

void read_shares(std::string_view text) {
  std::vector<std::string> shares{""};
  for (const char c : text) {
    if (c == kNextShare) {
      shares.emplace_back();
    } else {
      shares.back().push_back(c);
    }
  }
  static_cast<void>(
      decoded({ErrorKind::usage}, [&] { return vault::RecoveryKey::combine(shares); }));
}

/// The checksum of a share's data is not guessed by mutation: a share of any bytes is written.
void write_share(ByteView bytes) {
  constexpr std::size_t kPrefix = 3;
  if (bytes.size() < kPrefix + vault::kRecoverySecretBytes) {
    return;
  }
  const vault::RecoveryShare share{
      {},
      {},
      std::to_integer<unsigned>(bytes[1]),
      std::to_integer<unsigned>(bytes[2]),
      {},
      {bytes[0], vault::Secret::copy_of(bytes.subspan(kPrefix, vault::kRecoverySecretBytes))}};
  const std::string text = to_share_text(share);
  const auto read = decoded({ErrorKind::usage}, [&] { return vault::parse_share(text); });
  AZK_CHECK(!read || to_share_text(*read) == text);
}

}  // namespace

/// Input: a recovery key's text, share texts with form feeds between them, or bytes of a share.
void fuzz_one(ByteView input) {
  read_key(as_text(input));
  read_shares(as_text(input));
  write_share(input);
}

}  // namespace azekura::tests
