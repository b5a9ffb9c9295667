#include "core/lost_bytes.h"

#include <doctest/doctest.h>

namespace azekura {

namespace {

using Parts = std::vector<LostBytes::Part>;

}  // namespace

TEST_CASE("Lost bytes: what of a run is lost, counted from its begin") {
  LostBytes lost;
  CHECK(lost.empty());
  CHECK(lost.within({1, 0}, 1000).empty());
  lost.add({1, 100}, 50);
  lost.add({1, 150}, 50);
  lost.add({1, 500}, 10);
  lost.add({3, 0}, 1000);
  CHECK_FALSE(lost.empty());
  CHECK(lost.within({1, 0}, 1000) == Parts{{100, 50}, {150, 50}, {500, 10}});
  CHECK(lost.within({1, 120}, 10) == Parts{{0, 10}});
  CHECK(lost.within({1, 120}, 40) == Parts{{0, 30}, {30, 10}});
  CHECK(lost.within({1, 200}, 300).empty());
  CHECK(lost.within({1, 200}, 301) == Parts{{300, 1}});
  CHECK(lost.within({1, 509}, 301) == Parts{{0, 1}});
  CHECK(lost.within({1, 510}, 301).empty());
}

TEST_CASE("Lost bytes: those of one pack are none of another") {
  LostBytes lost;
  lost.add({1, 100}, 4'000'000'000);
  lost.add({3, 5}, 10);
  CHECK(lost.within({2, 0}, 1000).empty());
  CHECK(lost.within({2, 200}, 1ULL << 40U).empty());
  CHECK(lost.within({3, 0}, 1ULL << 62U) == Parts{{5, 10}});
  CHECK(lost.within({4, 0}, 10).empty());
  CHECK(lost.within({0, UINT32_MAX}, 10).empty());
}

}  // namespace azekura
