#include "vault/sealer.h"

#include "core/error.h"

#include <openssl/evp.h>

#include <algorithm>
#include <utility>

namespace azekura::vault {

namespace {

constexpr std::size_t kAes128KeyBytes = 16;
constexpr std::size_t kAes256KeyBytes = 32;

struct FreeCipher {
  void operator()(EVP_CIPHER* cipher) const noexcept { EVP_CIPHER_free(cipher); }
};
struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const noexcept { EVP_CIPHER_CTX_free(context); }
};
using Cipher = std::unique_ptr<EVP_CIPHER, FreeCipher>;
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

const EVP_CIPHER* cipher_for(std::size_t key_size) {
  AZK_CHECK(key_size == kAes256KeyBytes || key_size == kAes128KeyBytes);
  static const Cipher kAes128{EVP_CIPHER_fetch(nullptr, "AES-128-GCM", nullptr)};
  static const Cipher kAes256{EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr)};
  AZK_CHECK(kAes128 != nullptr);
  AZK_CHECK(kAes256 != nullptr);
  return key_size == kAes256KeyBytes ? kAes256.get() : kAes128.get();
}

enum class Direction { open = 0, seal = 1 };

/// A context that keeps the key schedule; a message then sets its nonce only.
Context keyed(const Secret& key, Direction direction) {
  Context context{EVP_CIPHER_CTX_new()};
  AZK_CHECK(context != nullptr);
  AZK_CHECK(EVP_CipherInit_ex2(context.get(), cipher_for(key.size()), as_uchar(key.bytes()),
                               nullptr, static_cast<int>(direction), nullptr) == 1);
  return context;
}

int int_size(ByteView bytes) {
  AZK_CHECK(std::in_range<int>(bytes.size()));
  return static_cast<int>(bytes.size());
}

/// Sets the nonce and passes the associated data and then `from` through, into `to`.
void run(EVP_CIPHER_CTX& context, const Nonce& nonce, ByteView associated, ByteView from,
         MutableBytes to) {
  constexpr int kSameDirection = -1;
  AZK_CHECK(EVP_CipherInit_ex2(&context, nullptr, nullptr, as_uchar(ByteView{nonce}),
                               kSameDirection, nullptr) == 1);
  int size = 0;
  if (!associated.empty()) {
    AZK_CHECK(EVP_CipherUpdate(&context, nullptr, &size, as_uchar(associated),
                               int_size(associated)) == 1);
  }
  // An empty message must not come here: a null output would mean associated data.
  if (!from.empty()) {
    AZK_CHECK(EVP_CipherUpdate(&context, as_uchar(to), &size, as_uchar(from), int_size(from)) == 1);
    AZK_CHECK(size == int_size(from));
  }
}

}  // namespace

struct Sealer::State {
  Context sealing;
  Context opening;
};

Sealer::Sealer(const Secret& key)
    : state_{std::make_unique<State>(
          State{keyed(key, Direction::seal), keyed(key, Direction::open)})} {}
Sealer::Sealer(Sealer&&) noexcept = default;
Sealer& Sealer::operator=(Sealer&&) noexcept = default;
Sealer::~Sealer() = default;

void Sealer::seal(const Nonce& nonce, ByteView associated, ByteView plain, MutableBytes sealed) {
  AZK_CHECK(sealed.size() == plain.size() + kTagBytes);
  EVP_CIPHER_CTX& context = *state_->sealing;
  run(context, nonce, associated, plain, sealed.first(plain.size()));
  const MutableBytes tag = sealed.last(kTagBytes);
  int size = 0;
  AZK_CHECK(EVP_CipherFinal_ex(&context, as_uchar(tag), &size) == 1);
  AZK_CHECK(EVP_CIPHER_CTX_ctrl(&context, EVP_CTRL_AEAD_GET_TAG, static_cast<int>(kTagBytes),
                                tag.data()) == 1);
}

Buffer Sealer::seal(const Nonce& nonce, ByteView associated, ByteView plain) {
  Buffer sealed(plain.size() + kTagBytes);
  seal(nonce, associated, plain, sealed);
  return sealed;
}

bool Sealer::open(const Nonce& nonce, ByteView associated, ByteView sealed, MutableBytes plain) {
  AZK_CHECK(sealed.size() == plain.size() + kTagBytes);
  EVP_CIPHER_CTX& context = *state_->opening;
  run(context, nonce, associated, sealed.first(plain.size()), plain);
  std::array<std::byte, kTagBytes> tag{};
  std::ranges::copy(sealed.last(kTagBytes), tag.begin());
  AZK_CHECK(EVP_CIPHER_CTX_ctrl(&context, EVP_CTRL_AEAD_SET_TAG, static_cast<int>(tag.size()),
                                tag.data()) == 1);
  std::array<std::byte, kTagBytes> nothing{};
  int size = 0;
  if (EVP_CipherFinal_ex(&context, as_uchar(MutableBytes{nothing}), &size) != 1) {
    wipe(plain);
    return false;
  }
  return true;
}

Buffer Sealer::open(const Nonce& nonce, ByteView associated, ByteView sealed,
                    std::string_view object) {
  if (sealed.size() < kTagBytes) {
    throw DamageError{"{} does not open: it has {} bytes, less than a tag", in_language(object),
                      sealed.size()};
  }
  Buffer plain(sealed.size() - kTagBytes);
  if (!open(nonce, associated, sealed, plain)) {
    throw DamageError{"{} does not open: its bytes are not what was sealed", in_language(object)};
  }
  return plain;
}

}  // namespace azekura::vault
