#include "vault/shamir.h"

#include "core/error.h"

namespace azekura::vault {

namespace {

constexpr unsigned kPolynomial = 0x1B;  // x^8 + x^4 + x^3 + x + 1 without x^8
constexpr unsigned kBits = 8;
constexpr unsigned kPointsMax = 255;

/// Product in GF(2^8); no branch and no table, so its time does not tell the factors.
std::byte multiply(std::byte left, std::byte right) {
  unsigned a = std::to_integer<unsigned>(left);
  const unsigned b = std::to_integer<unsigned>(right);
  unsigned product = 0;
  for (unsigned i = 0; i < kBits; ++i) {
    product ^= a & (0U - (b >> i & 1U));
    a = (a << 1U ^ (kPolynomial & (0U - (a >> (kBits - 1) & 1U)))) & 0xFFU;
  }
  return static_cast<std::byte>(product);
}

/// 1/value = value^254; the exponent is 2 + 4 + ... + 128.
std::byte inverse(std::byte value) {
  std::byte power = value;
  std::byte result{1};
  for (unsigned i = 1; i < kBits; ++i) {
    power = multiply(power, power);
    result = multiply(result, power);
  }
  return result;
}

/// The factor of point `index` in the interpolation at zero.
std::byte lagrange_factor(const std::vector<ShamirPoint>& points, std::size_t index) {
  const std::byte own = points[index].x;
  std::byte factor{1};
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (i != index) {
      AZK_CHECK(points[i].x != own);
      factor = multiply(factor, multiply(points[i].x, inverse(points[i].x ^ own)));
    }
  }
  return factor;
}

}  // namespace

std::vector<ShamirPoint> shamir_split(const Secret& secret, unsigned threshold, unsigned count) {
  AZK_CHECK(threshold >= 2);
  AZK_CHECK(threshold <= count);
  AZK_CHECK(count <= kPointsMax);
  std::vector<Secret> coefficients;
  for (unsigned i = 1; i < threshold; ++i) {
    coefficients.push_back(Secret::random(secret.size()));
  }
  std::vector<ShamirPoint> points;
  for (unsigned number = 1; number <= count; ++number) {
    ShamirPoint point{static_cast<std::byte>(number), Secret{secret.size()}};
    const MutableBytes value = point.bytes.mutable_bytes();
    for (std::size_t i = 0; i < secret.size(); ++i) {
      // Horner: the highest coefficient first, the secret last.
      for (const Secret& coefficient : coefficients) {
        value[i] = multiply(value[i] ^ coefficient.bytes()[i], point.x);
      }
      value[i] ^= secret.bytes()[i];
    }
    points.push_back(std::move(point));
  }
  return points;
}

Secret shamir_combine(const std::vector<ShamirPoint>& points) {
  AZK_CHECK(!points.empty());
  Secret secret{points.front().bytes.size()};
  for (std::size_t index = 0; index < points.size(); ++index) {
    const ShamirPoint& point = points[index];
    AZK_CHECK(point.x != std::byte{0});
    AZK_CHECK(point.bytes.size() == secret.size());
    const std::byte factor = lagrange_factor(points, index);
    for (std::size_t i = 0; i < secret.size(); ++i) {
      secret.mutable_bytes()[i] ^= multiply(factor, point.bytes.bytes()[i]);
    }
  }
  return secret;
}

}  // namespace azekura::vault
