#include "vault/shamir.h"

#include "core/error.h"

#include <doctest/doctest.h>

#include <utility>

namespace azekura::vault {
namespace {

std::vector<ShamirPoint> chosen(const std::vector<ShamirPoint>& points, unsigned subset) {
  std::vector<ShamirPoint> result;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if ((subset >> i & 1U) != 0) {
      result.push_back({points[i].x, points[i].bytes.clone()});
    }
  }
  return result;
}

ShamirPoint point(unsigned x, unsigned value) {
  ShamirPoint made{static_cast<std::byte>(x), Secret{1}};
  made.bytes.mutable_bytes()[0] = static_cast<std::byte>(value);
  return made;
}

// f(x) = 0x42 + 0x53 x in GF(2^8) modulo 0x11B, by hand: 0x53 * 2 = 0xA6, 0x53 * 3 = 0xF5.
TEST_CASE("shamir_combine: interpolates in the field modulo 0x11B") {
  std::vector<ShamirPoint> points;
  points.push_back(point(2, 0x42U ^ 0xA6U));
  points.push_back(point(3, 0x42U ^ 0xF5U));
  CHECK(shamir_combine(points).bytes()[0] == std::byte{0x42});

  // FIPS 197: 0x57 * 0x83 = 0xC1, with 0x83 the x of one point.
  std::vector<ShamirPoint> far;
  far.push_back(point(0x83, 0x99U ^ 0xC1U));
  far.push_back(point(0x01, 0x99U ^ 0x57U));
  CHECK(shamir_combine(far).bytes()[0] == std::byte{0x99});
}

TEST_CASE("shamir_split: exactly the subsets of at least the threshold restore") {
  for (const auto& scheme : {std::pair{2U, 3U}, {3U, 5U}, {2U, 2U}, {5U, 6U}}) {
    const unsigned threshold = scheme.first;
    const unsigned count = scheme.second;
    CAPTURE(threshold);
    CAPTURE(count);
    const Secret secret = Secret::random(64);
    const std::vector<ShamirPoint> points = shamir_split(secret, threshold, count);
    REQUIRE(points.size() == count);
    for (unsigned subset = 1; subset < 1U << count; ++subset) {
      CAPTURE(subset);
      const std::vector<ShamirPoint> some = chosen(points, subset);
      CHECK(equal(shamir_combine(some).bytes(), secret.bytes()) == (some.size() >= threshold));
    }
  }
}

TEST_CASE("shamir_split: takes the largest number of points") {
  const Secret secret = Secret::random(4);
  const std::vector<ShamirPoint> points = shamir_split(secret, 2, 255);
  std::vector<ShamirPoint> ends;
  ends.push_back({points.front().x, points.front().bytes.clone()});
  ends.push_back({points.back().x, points.back().bytes.clone()});
  CHECK(equal(shamir_combine(ends).bytes(), secret.bytes()));
  CHECK_THROWS_AS(shamir_split(secret, 2, 256), InternalError);
  CHECK_THROWS_AS(shamir_split(secret, 1, 3), InternalError);
  CHECK_THROWS_AS(shamir_split(secret, 4, 3), InternalError);
}

TEST_CASE("shamir_combine: refuses a point twice and the point at zero") {
  std::vector<ShamirPoint> twice;
  twice.push_back(point(1, 5));
  twice.push_back(point(1, 5));
  CHECK_THROWS_AS(shamir_combine(twice), InternalError);
  std::vector<ShamirPoint> zero;
  zero.push_back(point(0, 5));
  CHECK_THROWS_AS(shamir_combine(zero), InternalError);
}

}  // namespace
}  // namespace azekura::vault
