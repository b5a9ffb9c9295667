#include "vault/sample_planes.h"

#include "core/ids.h"
#include "tests/support/random_bytes.h"

#include <doctest/doctest.h>

namespace azekura::vault {

TEST_CASE("Sample planes: differences of neighbouring samples, even bytes before odd ones") {
  // Samples 0x0410, 0x0412, 0x040f, 0x0500, and half of one.
  CHECK(to_hex(to_planes(from_hex("100412040f04000507"))) == "1002fdf10704000001");
  CHECK(to_planes({}).empty());
  CHECK(to_hex(to_planes(from_hex("a5"))) == "a5");
  CHECK(to_hex(to_planes(from_hex("a5a4"))) == "a5a4");
  CHECK(to_hex(to_planes(from_hex("a5a4a3"))) == "a5fea4");
}

TEST_CASE("Sample planes: every length comes back, whatever the bytes") {
  for (std::size_t size = 0; size < 70; ++size) {
    const Buffer plain = tests::random_bytes(size, size);
    CHECK(from_planes(to_planes(plain)) == plain);
    CHECK(to_planes(from_planes(plain)) == plain);
  }
  const Buffer plain = tests::random_bytes(1, 2 * kMiB);
  CHECK(from_planes(to_planes(plain)) == plain);
}

}  // namespace azekura::vault
