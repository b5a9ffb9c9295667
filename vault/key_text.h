#pragma once

#include "core/bytes.h"
#include "vault/secret.h"

#include <span>
#include <string>
#include <string_view>
#include <utility>

/// Key bytes as people copy them from paper. docs/format.md, section 12.
namespace azekura::vault {

/// Crockford base32 of `bytes` and a 40-bit checksum, in groups of five with '-' between. The
/// caller wipes it.
std::string to_key_text(ByteView bytes);

/// The `size` bytes of a key text; upper and lower case are equal, I and L read as 1, O as 0, and
/// '-' and white space do not count.
/// Errors: UsageError with the position of a character no key text has, the length, or "mistyped";
/// never a character of the text.
Secret from_key_text(std::string_view text, std::size_t size);

/// Text that holds a key; wiped when dropped.
struct KeyText {
  explicit KeyText(std::string content) : text{std::move(content)} {}
  KeyText(const KeyText&) = delete;
  KeyText& operator=(const KeyText&) = delete;
  ~KeyText() { wipe(std::as_writable_bytes(std::span{text})); }

  std::string text;
};

}  // namespace azekura::vault
