#include "vault/identity.h"

#include "core/byte_writer.h"
#include "core/error.h"
#include "tests/support/test_keys.h"
#include "vault/label.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace azekura::vault {

namespace {

constexpr std::uint64_t kAuthority = 1;
constexpr std::uint64_t kHost = 2;

Certificate certificate() {
  return Certificate::issue(tests::signing_key(kAuthority), {tests::id_of<SiteId>(1),
                                                             tests::id_of<HostId>(2),
                                                             3,
                                                             tests::signing_key(kHost).public_key(),
                                                             {}});
}

Policy policy(std::size_t recipients) {
  Policy one{tests::id_of<SiteId>(1), 4, {}, {}};
  for (std::size_t i = 0; i < recipients; ++i) {
    one.recipients.push_back(tests::id_of<RecipientKey>(10 + i));
  }
  std::sort(one.recipients.begin(), one.recipients.end());
  return Policy::issue(tests::signing_key(kAuthority), one);
}

Label label() {
  Label one;
  one.site = tests::id_of<SiteId>(1);
  one.set = tests::id_of<SetId>(2);
  one.medium = tests::id_of<MediumId>(3);
  one.sequence = 7;
  one.capacity = 8 * kGiB;
  one.writer = {tests::signing_key(kAuthority).public_key(), certificate()};
  return one;
}

/// Every single flipped bit of `bytes` is refused by `accepts`.
template <typename Accepts>
void check_every_bit_counts(const Buffer& bytes, Accepts accepts) {
  REQUIRE(accepts(bytes));
  for (std::size_t at = 0; at < bytes.size() * 8; ++at) {
    Buffer changed = bytes;
    changed[at / 8] ^= static_cast<std::byte>(1U << at % 8);
    bool accepted = false;
    try {
      accepted = accepts(changed);
    } catch (const Error& error) {
      const bool expected =
          error.kind() == ErrorKind::damage || error.kind() == ErrorKind::authenticity;
      REQUIRE(expected);
    }
    CAPTURE(at);
    REQUIRE_FALSE(accepted);
  }
}

}  // namespace

TEST_CASE("Certificate: round trips, and every bit of it is signed") {
  const Certificate good = certificate();
  const PublicSigningKey authority = tests::signing_key(kAuthority).public_key();
  const Buffer bytes = good.encode();
  CHECK(Certificate::decode(bytes).encode() == bytes);
  CHECK(Certificate::decode(bytes).epoch == 3);
  CHECK_FALSE(good.is_signed_by(tests::signing_key(kHost).public_key()));
  check_every_bit_counts(bytes, [&](const Buffer& changed) {
    return Certificate::decode(changed).is_signed_by(authority);
  });
  CHECK_THROWS_AS(Certificate::decode(ByteView{bytes}.first(bytes.size() - 1)), DamageError);
  Buffer more = bytes;
  more.push_back(std::byte{0});
  CHECK_THROWS_AS(Certificate::decode(more), DamageError);
}

TEST_CASE("Policy: round trips, and every bit of it is signed") {
  const PublicSigningKey authority = tests::signing_key(kAuthority).public_key();
  for (const std::size_t recipients : {std::size_t{1}, std::size_t{3}}) {
    const Buffer bytes = policy(recipients).encode();
    CHECK(Policy::decode(bytes).recipients.size() == recipients);
    check_every_bit_counts(bytes, [&](const Buffer& changed) {
      return Policy::decode(changed).is_signed_by(authority);
    });
  }
}

TEST_CASE("Policy: nobody, too many, or recipients out of order or twice are damage") {
  CHECK_THROWS_AS(Policy::decode(policy(0).encode()), DamageError);
  CHECK(Policy::decode(policy(16).encode()).recipients.size() == 16);
  CHECK_THROWS_AS(Policy::decode(policy(17).encode()), DamageError);
  Policy one = policy(2);
  std::swap(one.recipients[0], one.recipients[1]);
  CHECK_THROWS_AS(Policy::decode(one.encode()), DamageError);
  one.recipients[1] = one.recipients[0];
  CHECK_THROWS_AS(Policy::decode(one.encode()), DamageError);
}

TEST_CASE("Certificate and policy: one is never taken for the other's signature") {
  const SigningKey authority = tests::signing_key(kAuthority);
  Certificate forged = certificate();
  const Buffer bytes = forged.encode();
  forged.signature =
      authority.sign("azekura policy v1", ByteView{bytes}.first(bytes.size() - Signature::kBytes));
  CHECK_FALSE(forged.is_signed_by(authority.public_key()));
}

TEST_CASE("Label: round trips, and every bit of it is signed") {
  const Buffer bytes = label().encode(tests::signing_key(kHost));
  const Label back = Label::decode(bytes);
  CHECK(back.site == label().site);
  CHECK(back.set == label().set);
  CHECK(back.medium == label().medium);
  CHECK(back.sequence == 7);
  CHECK(back.capacity == 8 * kGiB);
  CHECK(back.writer.authority == label().writer.authority);
  CHECK(back.writer.certificate.encode() == label().writer.certificate.encode());
  check_every_bit_counts(bytes, [](const Buffer& changed) {
    static_cast<void>(Label::decode(changed));
    return true;
  });
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CHECK_THROWS_AS(Label::decode(ByteView{bytes}.first(size)), Error);
  }
}

TEST_CASE("Label: a host that is not certified, or for another site, is refused") {
  CHECK_THROWS_AS(Label::decode(label().encode(tests::signing_key(9))), AuthenticityError);
  Label other_site = label();
  other_site.site = tests::id_of<SiteId>(77);
  CHECK_THROWS_AS(Label::decode(other_site.encode(tests::signing_key(kHost))), AuthenticityError);
  Label other_authority = label();
  other_authority.writer.authority = tests::signing_key(9).public_key();
  CHECK_THROWS_AS(Label::decode(other_authority.encode(tests::signing_key(kHost))),
                  AuthenticityError);
}

}  // namespace azekura::vault
