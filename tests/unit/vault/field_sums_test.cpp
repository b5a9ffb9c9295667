#include "vault/field_sums.h"

#include "tests/support/random_bytes.h"

#include <doctest/doctest.h>

#include <array>

namespace azekura::vault {

namespace {

std::vector<FieldElement> random_factors(std::uint64_t seed, std::size_t count) {
  std::vector<FieldElement> factors;
  for (const std::byte byte : tests::random_bytes(seed, count)) {
    factors.push_back(std::to_integer<FieldElement>(byte));
  }
  return factors;
}

/// As the format's words have it: one product after the other.
std::byte sum_at(std::span<const FieldElement> factors, std::span<const ByteView> inputs,
                 std::size_t byte) {
  FieldElement sum = 0;
  for (std::size_t j = 0; j < inputs.size(); ++j) {
    sum ^= field_product(factors[j], std::to_integer<FieldElement>(inputs[j][byte]));
  }
  return std::byte{sum};
}

/// Both forms over inputs that begin at odd addresses; what lies around the outputs is left alone.
void check_forms_agree(std::size_t input_count, std::size_t output_count, std::size_t length) {
  CAPTURE(input_count);
  CAPTURE(output_count);
  CAPTURE(length);
  const std::uint64_t seed = input_count * 1000 + output_count;
  const std::vector<FieldElement> factors = random_factors(seed, input_count * output_count);
  const Buffer memory = tests::random_bytes(seed + 1, input_count * (length + 1) + 1);
  std::vector<ByteView> inputs;
  for (std::size_t j = 0; j < input_count; ++j) {
    inputs.push_back(ByteView{memory}.subspan(j * (length + 1) + 1, length));
  }
  const std::byte fence{0xA5};
  std::array<Buffer, 2> made;
  const std::array<FieldSums*, 2> forms{&field_sums, &field_sums_portable};
  for (std::size_t form = 0; form < forms.size(); ++form) {
    made.at(form).assign(output_count * (length + 3), fence);
    std::vector<MutableBytes> outputs;
    for (std::size_t i = 0; i < output_count; ++i) {
      outputs.push_back(MutableBytes{made.at(form)}.subspan(i * (length + 3) + 1, length));
    }
    forms.at(form)(factors, inputs, outputs);
  }
  REQUIRE(equal(made[0], made[1]));
  for (std::size_t i = 0; i < output_count; ++i) {
    const ByteView stretch = ByteView{made[0]}.subspan(i * (length + 3), length + 3);
    CHECK(stretch.front() == fence);
    CHECK(stretch[length + 1] == fence);
    CHECK(stretch[length + 2] == fence);
    for (std::size_t byte = 0; byte < length; byte += 1 + length / 5) {
      CHECK(stretch[1 + byte] ==
            sum_at(std::span{factors}.subspan(i * input_count, input_count), inputs, byte));
    }
  }
}

}  // namespace

TEST_CASE("Galois: the field of the format, by its known answers") {
  static_assert(field_product(2, 0x80) == 0x1D);
  static_assert(field_product(0, 0xFF) == 0);
  static_assert(field_product(0xFF, 0) == 0);
  static_assert(field_inverse(1) == 1);
  CHECK(field_product(0x80, 0x80) == 0x13);
  CHECK(field_inverse(2) == 0x8E);
  CHECK(field_inverse(0xFF) == 0xFD);
}

TEST_CASE("Galois: products are those of polynomials, and every element but 0 has its inverse") {
  for (unsigned a = 0; a < 256; ++a) {
    for (unsigned b = 0; b < 256; ++b) {
      unsigned product = 0;
      for (unsigned bit = 0; bit < 8; ++bit) {
        product ^= (b >> bit & 1U) != 0 ? a << bit : 0U;
      }
      for (unsigned bit = 15; bit > 7; --bit) {
        product ^= (product >> bit & 1U) != 0 ? galois::kPolynomial << (bit - 8) : 0U;
      }
      REQUIRE(field_product(static_cast<FieldElement>(a), static_cast<FieldElement>(b)) == product);
    }
    if (a != 0) {
      const auto element = static_cast<FieldElement>(a);
      REQUIRE(field_product(element, field_inverse(element)) == 1);
    }
  }
}

TEST_CASE("Galois: products distribute over sums, and do not depend on their order") {
  const std::vector<FieldElement> samples = random_factors(3, 3000);
  for (std::size_t i = 0; i + 2 < samples.size(); i += 3) {
    const FieldElement a = samples[i];
    const FieldElement b = samples[i + 1];
    const FieldElement c = samples[i + 2];
    const auto sum = static_cast<FieldElement>(b ^ c);
    REQUIRE(field_product(a, sum) == (field_product(a, b) ^ field_product(a, c)));
    REQUIRE(field_product(field_product(a, b), c) == field_product(a, field_product(b, c)));
  }
}

TEST_CASE("FieldSums: ISA-L's form and the portable one give the same bytes") {
  for (std::size_t inputs = 1; inputs <= 128; ++inputs) {
    for (std::size_t outputs = 1; outputs <= 4; ++outputs) {
      check_forms_agree(inputs, outputs, 65);
    }
  }
  for (const std::size_t length : {0U, 1U, 15U, 16U, 31U, 32U, 33U, 63U, 64U, 127U, 65'536U}) {
    for (const std::size_t inputs : {1U, 2U, 20U, 128U}) {
      for (std::size_t outputs = 1; outputs <= 4; ++outputs) {
        check_forms_agree(inputs, outputs, length);
      }
    }
  }
}

TEST_CASE("FieldSums: what was in an output before does not count, and factors may be 0") {
  const Buffer input = tests::random_bytes(1, 100);
  const ByteView view{input};
  for (FieldSums* const form : {&field_sums, &field_sums_portable}) {
    Buffer output = tests::random_bytes(2, 100);
    const MutableBytes into{output};
    const std::array<FieldElement, 1> one{1};
    form(one, {&view, 1}, {&into, 1});
    CHECK(equal(output, input));
    const std::array<FieldElement, 1> none{0};
    form(none, {&view, 1}, {&into, 1});
    CHECK(equal(output, Buffer(100, std::byte{0})));
  }
}

}  // namespace azekura::vault
