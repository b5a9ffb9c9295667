#include "core/byte_writer.h"
#include "core/error.h"
#include "vault/hash.h"
#include "vault/session.h"

namespace azekura::vault {

namespace {

Buffer session_key_info(const SessionIdentity& identity) {
  return ByteWriter{}.text("azekura session key v1").u8(0).bytes(identity.bytes()).take();
}

Secret set_keys_key(const Secret& session_key, const SessionIdentity& identity) {
  return derive(session_key, "azekura set keys v1", identity.bytes(), kKeyBytes);
}

}  // namespace

KeySlot KeySlot::make(const SessionIdentity& identity, const Secret& session_key,
                      const SetKeys& set_keys, const Policy& policy) {
  KeySlot slot;
  slot.number = identity.number;
  slot.set = identity.set;
  slot.session = identity.session;
  slot.set_keys =
      seal_box(set_keys_key(session_key, identity), identity.bytes(), set_keys.bytes().bytes());
  for (const RecipientKey& recipient : policy.recipients) {
    const RecipientTag tag = recipient_tag(recipient);
    HpkeSealed sealed =
        hpke_seal(recipient, session_key_info(identity), tag.bytes(), session_key.bytes());
    slot.sealed.push_back({tag, sealed.encapsulated, std::move(sealed.sealed)});
  }
  return slot;
}

std::optional<OpenedSlot> open_slot(const KeySlot& slot, const SiteId& site,
                                    const Secret& recovery_key) {
  const RecipientTag tag = recipient_tag(recipient_key_of(recovery_key));
  const SessionIdentity identity{site, slot.set, slot.session, slot.number};
  for (const KeySlot::Sealed& sealed : slot.sealed) {
    if (sealed.recipient != tag) {
      continue;
    }
    std::optional<Secret> session_key =
        hpke_open(recovery_key, sealed.encapsulated, session_key_info(identity), tag.bytes(),
                  sealed.session_key);
    if (!session_key || session_key->size() != kKeyBytes) {
      throw DamageError{"the key slot of session {} does not open", slot.number};
    }
    Buffer both = open_box(set_keys_key(*session_key, identity), identity.bytes(), slot.set_keys,
                           "the set keys of a key slot");
    SetKeys set_keys = SetKeys::from_bytes(both);
    wipe(both);
    return OpenedSlot{identity, std::move(*session_key), std::move(set_keys)};
  }
  return std::nullopt;
}

}  // namespace azekura::vault
