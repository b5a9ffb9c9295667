#include "vault/key_text.h"

#include "core/error.h"
#include "vault/hash.h"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace azekura::vault {

namespace {

constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::string_view kChecksumDomain = "azekura key text v1";
constexpr std::size_t kChecksumBytes = 5;
constexpr std::size_t kGroupCharacters = 5;
constexpr unsigned kBitsPerCharacter = 5;
constexpr unsigned kBitsPerByte = 8;

std::size_t characters_for(std::size_t bytes) {
  return (bytes * kBitsPerByte + kBitsPerCharacter - 1) / kBitsPerCharacter;
}

/// The bytes and the first bytes of SHA-256(domain ‖ 0x00 ‖ bytes).
Secret with_checksum(ByteView bytes) {
  constexpr std::byte kSeparator{0};
  const Digest digest =
      Sha256{}.update(as_bytes(kChecksumDomain)).update({&kSeparator, 1}).update(bytes).finish();
  Secret whole{bytes.size() + kChecksumBytes};
  std::ranges::copy(bytes, whole.mutable_bytes().begin());
  std::ranges::copy(digest.bytes().first(kChecksumBytes),
                    whole.mutable_bytes().last(kChecksumBytes).begin());
  return whole;
}

bool is_spacing(char character) {
  return character == '-' || character == ' ' || character == '\t' || character == '\r' ||
         character == '\n';
}

std::optional<unsigned> value_of(char character) {
  char upper = character;
  if (character >= 'a' && character <= 'z') {
    upper = static_cast<char>(character - 'a' + 'A');
  }
  if (upper == 'I' || upper == 'L') {
    upper = '1';
  } else if (upper == 'O') {
    upper = '0';
  }
  const std::size_t value = kAlphabet.find(upper);
  if (value == std::string_view::npos) {
    return std::nullopt;
  }
  return static_cast<unsigned>(value);
}

std::size_t count_characters(std::string_view text) {
  std::size_t count = 0;
  for (const char character : text) {
    if (is_spacing(character)) {
      continue;
    }
    ++count;
    if (!value_of(character)) {
      throw UsageError{"character {} (group {}, place {}) is not one a key has", count,
                       (count - 1) / kGroupCharacters + 1, (count - 1) % kGroupCharacters + 1};
    }
  }
  return count;
}

}  // namespace

std::string to_key_text(ByteView bytes) {
  const Secret whole = with_checksum(bytes);
  const std::size_t characters = characters_for(whole.size());
  std::string text;
  // Reserved at once, so that no shorter copy of the key stays behind.
  text.reserve(characters + characters / kGroupCharacters);
  for (std::size_t i = 0; i < characters; ++i) {
    if (i != 0 && i % kGroupCharacters == 0) {
      text.push_back('-');
    }
    unsigned value = 0;
    for (std::size_t bit = i * kBitsPerCharacter; bit < (i + 1) * kBitsPerCharacter; ++bit) {
      // Most significant bit first; bits behind the last byte are zero.
      const std::size_t at = bit / kBitsPerByte;
      const unsigned byte = at < whole.size() ? std::to_integer<unsigned>(whole.bytes()[at]) : 0U;
      value = value << 1U | (byte >> (kBitsPerByte - 1 - bit % kBitsPerByte) & 1U);
    }
    text.push_back(kAlphabet[value]);
  }
  return text;
}

Secret from_key_text(std::string_view text, std::size_t size) {
  const std::size_t expected = characters_for(size + kChecksumBytes);
  if (const std::size_t count = count_characters(text); count != expected) {
    throw UsageError{"it has {} characters, expected {}", count, expected};
  }
  Secret whole{size + kChecksumBytes};
  const MutableBytes bytes = whole.mutable_bytes();
  unsigned padding = 0;
  std::size_t bit = 0;
  for (const char character : text) {
    if (is_spacing(character)) {
      continue;
    }
    const unsigned value = *value_of(character);
    for (unsigned i = kBitsPerCharacter; i-- > 0; ++bit) {
      const unsigned one = value >> i & 1U;
      if (bit < bytes.size() * kBitsPerByte) {
        bytes[bit / kBitsPerByte] |=
            static_cast<std::byte>(one << (kBitsPerByte - 1 - bit % kBitsPerByte));
      } else {
        padding |= one;
      }
    }
  }
  Secret key = Secret::copy_of(whole.bytes().first(size));
  if (padding != 0 || !equal_in_constant_time(with_checksum(key.bytes()).bytes(), whole.bytes())) {
    throw UsageError{"it is mistyped: its checksum does not agree"};
  }
  return key;
}

}  // namespace azekura::vault
