#include "vault/hash.h"

#include "core/error.h"
#include "vault/sha256_lanes.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

namespace azekura::vault {

namespace {

constexpr std::size_t kDigestBytes = Digest::kBytes;
constexpr std::size_t kHmacBlockBytes = 64;
constexpr std::size_t kExpandMax = 255 * kDigestBytes;

template <auto kFree>
struct FreeWith {
  template <typename Handle>
  void operator()(Handle* handle) const noexcept {
    kFree(handle);
  }
};
using HashMethod = std::unique_ptr<EVP_MD, FreeWith<EVP_MD_free>>;
using HashContext = std::unique_ptr<EVP_MD_CTX, FreeWith<EVP_MD_CTX_free>>;
using KdfMethod = std::unique_ptr<EVP_KDF, FreeWith<EVP_KDF_free>>;
using KdfContext = std::unique_ptr<EVP_KDF_CTX, FreeWith<EVP_KDF_CTX_free>>;

// Fetched once: finding the implementation costs more than hashing a small message.
const EVP_MD* method() {
  static const HashMethod kMethod{EVP_MD_fetch(nullptr, "SHA2-256", nullptr)};
  AZK_CHECK(kMethod != nullptr);
  return kMethod.get();
}

HashContext new_context() {
  HashContext context{EVP_MD_CTX_new()};
  AZK_CHECK(context != nullptr);
  return context;
}

void start(EVP_MD_CTX& context) { AZK_CHECK(EVP_DigestInit_ex2(&context, method(), nullptr) == 1); }

void add(EVP_MD_CTX& context, ByteView bytes) {
  AZK_CHECK(EVP_DigestUpdate(&context, bytes.data(), bytes.size()) == 1);
}

Digest result_of(EVP_MD_CTX& context) {
  Digest digest;
  unsigned size = 0;
  AZK_CHECK(EVP_DigestFinal_ex(&context, as_uchar(digest.mutable_bytes()), &size) == 1);
  AZK_CHECK(size == kDigestBytes);
  return digest;
}

void copy_state(EVP_MD_CTX& to, const EVP_MD_CTX& from) {
  AZK_CHECK(EVP_MD_CTX_copy_ex(&to, &from) == 1);
}

OSSL_PARAM octets(const char* name, ByteView bytes) {
  // OpenSSL refuses a null pointer even where no bytes are asked for.
  static constexpr std::byte kNowhere{};
  const std::byte* const start = bytes.empty() ? &kNowhere : bytes.data();
  // It only reads the bytes; its parameter type has no const.
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): OpenSSL takes it so
  return OSSL_PARAM_construct_octet_string(name, const_cast<std::byte*>(start), bytes.size());
}

enum class HkdfStep { extract, expand };

/// One step of HKDF; `inputs` are its octet-string parameters.
Secret hkdf(HkdfStep step, std::initializer_list<OSSL_PARAM> inputs, std::size_t length) {
  static const KdfMethod kMethod{EVP_KDF_fetch(nullptr, "HKDF", nullptr)};
  AZK_CHECK(kMethod != nullptr);
  const KdfContext context{EVP_KDF_CTX_new(kMethod.get())};
  AZK_CHECK(context != nullptr);
  int mode =
      step == HkdfStep::extract ? EVP_KDF_HKDF_MODE_EXTRACT_ONLY : EVP_KDF_HKDF_MODE_EXPAND_ONLY;
  std::string hash = "SHA2-256";
  std::vector<OSSL_PARAM> parameters{
      OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, hash.data(), hash.size())};
  parameters.insert(parameters.end(), inputs.begin(), inputs.end());
  parameters.push_back(OSSL_PARAM_construct_end());
  Secret output{length};
  AZK_CHECK(EVP_KDF_derive(context.get(), as_uchar(output.mutable_bytes()), length,
                           parameters.data()) == 1);
  return output;
}

}  // namespace

Digest sha256(ByteView bytes) {
  Digest digest;
  AZK_CHECK(EVP_Digest(bytes.data(), bytes.size(), as_uchar(digest.mutable_bytes()), nullptr,
                       method(), nullptr) == 1);
  return digest;
}

void sha256_each(std::span<const ByteView> messages, std::span<Digest> digests) {
  AZK_CHECK(messages.size() == digests.size());
  if (has_sha_instructions()) {
    hash_in_lanes(kSha256Start, 0, messages, digests);
  } else {
    std::transform(messages.begin(), messages.end(), digests.begin(), sha256);
  }
}

struct Sha256::State {
  HashContext context = new_context();
};

Sha256::Sha256() : state_{std::make_unique<State>()} { start(*state_->context); }
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;
Sha256::~Sha256() = default;

Sha256& Sha256::update(ByteView bytes) {
  add(*state_->context, bytes);
  return *this;
}

Digest Sha256::finish() {
  const Digest digest = result_of(*state_->context);
  start(*state_->context);
  return digest;
}

/// The hash states after the key's inner and outer block, and room to work in.
struct Hmac::State {
  HashContext inner = new_context();
  HashContext outer = new_context();
  HashContext work = new_context();
  Sha256Words inner_words = kSha256Start;  ///< the same for the kernel, if this machine can run it
  Sha256Words outer_words = kSha256Start;

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    wipe(std::as_writable_bytes(std::span{inner_words}));
    wipe(std::as_writable_bytes(std::span{outer_words}));
  }

  /// Takes the key's block of one of the two hashes.
  static void take(ByteView block, EVP_MD_CTX& context, Sha256Words& words) {
    start(context);
    add(context, block);
    if (has_sha_instructions()) {
      Sha256Lane lane{.next = block.data()};
      compress_one(lane, 1);
      words = lane.words;
    }
  }
};

Hmac::Hmac(ByteView key) : state_{std::make_unique<State>()} {
  std::array<std::byte, kHmacBlockBytes> block{};
  if (key.size() > kHmacBlockBytes) {
    const Digest digest = sha256(key);
    std::ranges::copy(digest.bytes(), block.begin());
  } else {
    std::ranges::copy(key, block.begin());
  }
  constexpr std::byte kInnerPad{0x36};
  constexpr std::byte kOuterPad{0x5c};
  for (std::byte& byte : block) {
    byte ^= kInnerPad;
  }
  State::take(block, *state_->inner, state_->inner_words);
  for (std::byte& byte : block) {
    byte ^= kInnerPad ^ kOuterPad;
  }
  State::take(block, *state_->outer, state_->outer_words);
  wipe(block);
}

Hmac::Hmac(std::unique_ptr<State> state) : state_{std::move(state)} {}
Hmac::Hmac(Hmac&&) noexcept = default;
Hmac& Hmac::operator=(Hmac&&) noexcept = default;
Hmac::~Hmac() = default;

Hmac Hmac::clone() const {
  auto copy = std::make_unique<State>();
  copy_state(*copy->inner, *state_->inner);
  copy_state(*copy->outer, *state_->outer);
  copy->inner_words = state_->inner_words;
  copy->outer_words = state_->outer_words;
  return Hmac{std::move(copy)};
}

Digest Hmac::operator()(ByteView bytes) {
  EVP_MD_CTX& work = *state_->work;
  copy_state(work, *state_->inner);
  add(work, bytes);
  const Digest inner = result_of(work);
  copy_state(work, *state_->outer);
  add(work, inner.bytes());
  return result_of(work);
}

void Hmac::each(std::span<const ByteView> messages, std::span<Digest> digests) {
  AZK_CHECK(messages.size() == digests.size());
  if (!has_sha_instructions()) {
    std::transform(messages.begin(), messages.end(), digests.begin(),
                   [this](ByteView message) { return (*this)(message); });
    return;
  }
  std::vector<Digest> inner(messages.size());
  hash_in_lanes(state_->inner_words, 1, messages, inner);
  std::vector<ByteView> inner_bytes(inner.size());
  std::transform(inner.begin(), inner.end(), inner_bytes.begin(),
                 [](const Digest& digest) { return digest.bytes(); });
  hash_in_lanes(state_->outer_words, 1, inner_bytes, digests);
}

Secret hkdf_extract(ByteView salt, ByteView input) {
  return hkdf(HkdfStep::extract,
              {octets(OSSL_KDF_PARAM_SALT, salt), octets(OSSL_KDF_PARAM_KEY, input)}, kDigestBytes);
}

Secret hkdf_expand(ByteView key, ByteView info, std::size_t length) {
  AZK_CHECK(length <= kExpandMax);
  return hkdf(HkdfStep::expand,
              {octets(OSSL_KDF_PARAM_KEY, key), octets(OSSL_KDF_PARAM_INFO, info)}, length);
}

Secret derive(const Secret& key, std::string_view label, ByteView context, std::size_t length) {
  Buffer info;
  info.reserve(label.size() + 1 + context.size());
  append(info, as_bytes(label));
  info.push_back(std::byte{0});
  append(info, context);
  return hkdf_expand(key.bytes(), info, length);
}

}  // namespace azekura::vault
