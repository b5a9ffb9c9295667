#include "core/byte_writer.h"
#include "tests/fuzz/fuzz_target.h"
#include "vault/session.h"

namespace azekura::tests {

namespace {

constexpr std::size_t kKeyBytes = 32;

/// What the input says of a slot, and what was sealed into it, if it was sealed for this key.
struct Made {
  vault::KeySlot slot;
  ByteView session_key;
  ByteView set_keys;
};

Made make_slot(ByteView input, const vault::SessionIdentity& identity,
               const vault::RecipientKey& recipient) {
  static const vault::Secret ephemeral = vault::Secret::copy_of(Buffer(kKeyBytes, std::byte{7}));
  ByteReader in{input, "the input"};
  const std::uint8_t sealed_parts = in.u8();
  const ByteView key = in.short_bytes(in.remaining());
  const ByteView set_keys = in.bytes(in.remaining());
  const vault::RecipientTag tag = vault::recipient_tag(recipient);
  Made made;
  made.slot.number = identity.number;
  made.slot.set_keys = Buffer{set_keys.begin(), set_keys.end()};
  vault::KeySlot::Sealed sealed{tag, {}, {key.begin(), key.end()}};
  if ((sealed_parts & 1U) != 0) {
    const Buffer info =
        ByteWriter{}.text("azekura session key v1").u8(0).bytes(identity.bytes()).take();
    vault::HpkeSealed box = vault::hpke_seal_with(ephemeral, vault::HpkeAead::aes_256_gcm,
                                                  recipient, info, tag.bytes(), key);
    sealed.encapsulated = box.encapsulated;
    sealed.session_key = std::move(box.sealed);
    made.session_key = key;
  } else if (key.size() >= kKeyBytes) {
    sealed.encapsulated = vault::EncapsulatedKey::from_bytes(key.first(kKeyBytes));
    sealed.session_key.erase(sealed.session_key.begin(), sealed.session_key.begin() + kKeyBytes);
  }
  if ((sealed_parts & 2U) != 0 && key.size() == kKeyBytes) {
    const vault::Secret box_key = vault::derive(vault::Secret::copy_of(key), "azekura set keys v1",
                                                identity.bytes(), kKeyBytes);
    made.slot.set_keys = vault::seal_box(box_key, identity.bytes(), set_keys);
    made.set_keys = set_keys;
  }
  made.slot.sealed.push_back(std::move(sealed));
  return made;
}

}  // namespace

/// Input: u8 which parts are sealed for this key (1 session key, 2 set keys; the others are taken
/// as stored bytes) ‖ short session key ‖ set keys.
void fuzz_one(ByteView input) {
  static const vault::Secret recovery_key = vault::Secret::copy_of(Buffer(kKeyBytes, std::byte{9}));
  static const vault::RecipientKey recipient = vault::recipient_key_of(recovery_key);
  const vault::SessionIdentity identity{{}, {}, {}, 1};
  const auto made = decoded([&] { return make_slot(input, identity, recipient); });
  if (!made) {
    return;
  }
  const auto opened =
      decoded([&] { return vault::open_slot(made->slot, identity.site, recovery_key); });
  if (opened) {
    AZK_CHECK(opened->has_value());
    AZK_CHECK(equal((*opened)->session_key.bytes(), made->session_key));
    AZK_CHECK(equal((*opened)->set_keys.bytes().bytes(), made->set_keys));
  }
}

}  // namespace azekura::tests
