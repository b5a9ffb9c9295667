#include "vault/qr_code.h"

#include "core/error.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdio>

namespace azekura::vault {
namespace {

/// The corner mark of ISO/IEC 18004, 7 x 7: a dark ring, a light ring, a dark 3 x 3 centre.
bool has_finder_at(const QrCode& code, std::size_t left, std::size_t top) {
  for (std::size_t y = 0; y < 7; ++y) {
    for (std::size_t x = 0; x < 7; ++x) {
      const bool ring = x == 0 || x == 6 || y == 0 || y == 6;
      const bool centre = x >= 2 && x <= 4 && y >= 2 && y <= 4;
      if (code.is_dark(left + x, top + y) != (ring || centre)) {
        return false;
      }
    }
  }
  return true;
}

std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string_view::npos; ++at) {
    ++count;
  }
  return count;
}

TEST_CASE("QrCode: has its three corner marks and a size of the standard") {
  for (const std::size_t length : {1U, 244U, 340U, 2331U}) {
    CAPTURE(length);
    const QrCode code{std::string(length, 'A')};
    CHECK(code.width() >= 21);
    CHECK((code.width() - 17) % 4 == 0);
    CHECK(has_finder_at(code, 0, 0));
    CHECK(has_finder_at(code, code.width() - 7, 0));
    CHECK(has_finder_at(code, 0, code.width() - 7));
    CHECK_FALSE(has_finder_at(code, code.width() - 7, code.width() - 7));
  }
  CHECK_THROWS_AS(QrCode{std::string(2332, 'A')}, InternalError);
}

TEST_CASE("QrCode: other text gives another code") {
  CHECK(QrCode{"share 1"}.svg_path() != QrCode{"share 2"}.svg_path());
  CHECK(QrCode{"share 1"}.svg_path() == QrCode{"share 1"}.svg_path());
}

TEST_CASE("QrCode: half blocks show every module, inside a quiet zone") {
  const QrCode code{"azekura recovery key, version 1"};
  const std::vector<std::string> lines = code.half_block_lines();
  const std::size_t side = code.width() + 2 * kQrQuietModules;
  REQUIRE(lines.size() == (side + 1) / 2);
  for (std::size_t row = 0; row < lines.size(); ++row) {
    std::string expected;
    for (std::size_t column = 0; column < side; ++column) {
      const auto dark = [&](std::size_t y) {
        return column >= 4 && y >= 4 && code.is_dark(column - 4, y - 4);
      };
      const bool upper = dark(2 * row);
      const bool lower = dark(2 * row + 1);
      expected += upper && lower ? "█" : upper ? "▀" : lower ? "▄" : " ";
    }
    CHECK(lines[row] == expected);
  }
  CHECK(lines[0] == std::string(side, ' '));
  CHECK(lines[2].starts_with("    █▀▀▀▀▀█ "));
}

TEST_CASE("QrCode: the path covers every dark module once and no other") {
  const QrCode code{"azekura recovery key, version 1"};
  const std::string path = code.svg_path();
  std::vector<int> painted(code.width() * code.width(), 0);
  for (std::size_t at = path.find('M'); at != std::string::npos; at = path.find('M', at + 1)) {
    std::size_t x = 0;
    std::size_t y = 0;
    std::size_t width = 0;
    REQUIRE(std::sscanf(path.c_str() + at, "M%zu %zuh%zuv1", &x, &y, &width) == 3);
    REQUIRE(x + width <= code.width());
    for (std::size_t i = 0; i < width; ++i) {
      ++painted[y * code.width() + x + i];
    }
  }
  for (std::size_t i = 0; i < painted.size(); ++i) {
    REQUIRE(painted[i] == (code.is_dark(i % code.width(), i / code.width()) ? 1 : 0));
  }
  CHECK(count_of(path, "M") == count_of(path, "z"));
}

}  // namespace
}  // namespace azekura::vault
