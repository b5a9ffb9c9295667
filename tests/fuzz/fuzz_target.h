#pragma once

#include "core/bytes.h"
#include "core/error.h"

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <utility>

/// What the fuzz targets share. Each `<name>_fuzz.cpp` is one target; an exception that leaves it
/// is a finding, as is whatever a sanitizer says. docs/testing.md, "Fuzzing".
namespace azekura::tests {

/// Gives one input to a decoder and checks what the decoder promises.
void fuzz_one(ByteView input);

/// What `decode` returns; nullopt if it refuses its input by an error of these kinds. Everything
/// else it throws, our own bugs and a lack of memory among them, passes.
template <typename Decode>
auto decoded(std::initializer_list<ErrorKind> refusals, Decode&& decode)
    -> std::optional<decltype(decode())> {
  try {
    return std::forward<Decode>(decode)();
  } catch (const Error& error) {
    if (std::find(refusals.begin(), refusals.end(), error.kind()) == refusals.end()) {
      throw;
    }
    return std::nullopt;
  }
}

/// For bytes of a medium without signatures or sections.
template <typename Decode>
auto decoded(Decode&& decode) {
  return decoded({ErrorKind::damage}, std::forward<Decode>(decode));
}

/// One value has one encoding: what decodes is what its value encodes to. Only sections that a
/// reader must skip are left out, and then it is shorter.
inline void expect_canonical(ByteView input, ByteView encoded) {
  AZK_CHECK(encoded.size() <= input.size());
  AZK_CHECK(encoded.size() < input.size() || equal(encoded, input));
}

}  // namespace azekura::tests
