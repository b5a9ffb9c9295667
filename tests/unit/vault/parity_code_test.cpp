#include "vault/parity_code.h"

#include "core/limits.h"
#include "tests/support/random_bytes.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <set>

namespace azekura::vault {

namespace {

constexpr std::size_t kBytes = 40;

/// Members of a stripe and the parity that was made of them.
struct TestStripe {
  std::vector<Buffer> members;
  std::vector<Buffer> parity;

  TestStripe(unsigned member_count, unsigned parity_count) {
    std::vector<ByteView> inputs;
    for (unsigned i = 0; i < member_count; ++i) {
      members.push_back(tests::random_bytes(i, kBytes));
    }
    inputs.assign(members.begin(), members.end());
    parity.assign(parity_count, Buffer(kBytes));
    field_sums(parity_factors(parity_count, member_count), inputs,
               std::vector<MutableBytes>{parity.begin(), parity.end()});
  }

  /// Whether `lost` members come back from the others and the parity leaves `used`.
  [[nodiscard]] bool gives_back(const std::vector<unsigned>& lost,
                                const std::vector<unsigned>& used) const {
    std::vector<ByteView> inputs;
    for (unsigned i = 0; i < members.size(); ++i) {
      if (!std::binary_search(lost.begin(), lost.end(), i)) {
        inputs.emplace_back(members[i]);
      }
    }
    for (const unsigned one : used) {
      inputs.emplace_back(parity[one]);
    }
    std::vector<Buffer> made(lost.size(), Buffer(kBytes));
    field_sums(recovery_factors(static_cast<unsigned>(members.size()), lost, used), inputs,
               std::vector<MutableBytes>{made.begin(), made.end()});
    return std::equal(made.begin(), made.end(), lost.begin(), lost.end(),
                      [&](const Buffer& bytes, unsigned i) { return equal(bytes, members[i]); });
  }
};

/// Calls `take` with every choice of `size` of the numbers below `count`, rising.
void for_each_choice(unsigned count, unsigned size,
                     const std::function<void(const std::vector<unsigned>&)>& take) {
  std::vector<unsigned> choice;
  const std::function<void(unsigned)> choose = [&](unsigned from) {
    if (choice.size() == size) {
      take(choice);
      return;
    }
    for (unsigned next = from; next < count; ++next) {
      choice.push_back(next);
      choose(next + 1);
      choice.pop_back();
    }
  };
  choose(0);
}

std::vector<unsigned> random_choice(tests::RandomNumbers& numbers, unsigned count, unsigned size) {
  std::set<unsigned> chosen;
  while (chosen.size() < size) {
    chosen.insert(static_cast<unsigned>(numbers.next() % count));
  }
  return {chosen.begin(), chosen.end()};
}

}  // namespace

TEST_CASE("Parity code: its factors, by known answers") {
  CHECK(parity_factors(4, 3) == std::vector<FieldElement>{0xFD, 0x7E, 0xFF,  //
                                                          0x7E, 0xFD, 0x7F,  //
                                                          0xFF, 0x7F, 0xFD,  //
                                                          0x7F, 0xFF, 0x7E});
  const std::vector<Buffer> members{{std::byte{0x01}}, {std::byte{0x80}}, {std::byte{0xFF}}};
  std::vector<Buffer> parity(4, Buffer(1));
  field_sums(parity_factors(4, 3), std::vector<ByteView>{members.begin(), members.end()},
             std::vector<MutableBytes>{parity.begin(), parity.end()});
  CHECK(parity == std::vector<Buffer>{
                      {std::byte{0xEE}}, {std::byte{0x81}}, {std::byte{0x8F}}, {std::byte{0x62}}});
}

TEST_CASE("Parity code: no factor of a stripe within the limits is 0") {
  for (const FieldElement factor :
       parity_factors(limits::kParityFilesMax, limits::kStripeLeavesMax)) {
    REQUIRE(factor != 0);
  }
}

TEST_CASE("Parity code: every choice of lost members comes back from every choice of parity") {
  for (const unsigned members : {1U, 2U, 3U, 20U}) {
    const TestStripe stripe{members, 4};
    const unsigned most = std::min({members, 4U, members == 20 ? 2U : 4U});
    for (unsigned size = 1; size <= most; ++size) {
      for_each_choice(members, size, [&](const std::vector<unsigned>& lost) {
        for_each_choice(4, size, [&](const std::vector<unsigned>& used) {
          REQUIRE(stripe.gives_back(lost, used));
        });
      });
    }
  }
}

TEST_CASE("Parity code: in long stripes lost members come back, too") {
  tests::RandomNumbers numbers{7};
  for (const unsigned members : {20U, 50U, 128U}) {
    const TestStripe stripe{members, 4};
    for (unsigned size = 1; size <= 4; ++size) {
      for (int i = 0; i < 60; ++i) {
        const std::vector<unsigned> lost = random_choice(numbers, members, size);
        const std::vector<unsigned> used = random_choice(numbers, 4, size);
        CAPTURE(members);
        REQUIRE(stripe.gives_back(lost, used));
      }
      // The ends of the matrix.
      std::vector<unsigned> last;
      for (unsigned i = members - size; i < members; ++i) {
        last.push_back(i);
      }
      for_each_choice(4, size, [&](const std::vector<unsigned>& used) {
        REQUIRE(stripe.gives_back(last, used));
      });
    }
  }
}

TEST_CASE("Parity code: parity of fewer files is the beginning of that of more") {
  const std::vector<FieldElement> four = parity_factors(4, 20);
  for (unsigned files = 1; files < 4; ++files) {
    const std::vector<FieldElement> fewer = parity_factors(files, 20);
    CHECK(std::equal(fewer.begin(), fewer.end(), four.begin()));
  }
}

TEST_CASE("Parity code: with a damaged parity leaf something else comes out") {
  TestStripe stripe{20, 2};
  stripe.parity[1][3] ^= std::byte{1};
  CHECK(stripe.gives_back({4}, {0}));
  CHECK_FALSE(stripe.gives_back({4}, {1}));
  CHECK_FALSE(stripe.gives_back({4, 9}, {0, 1}));
}

}  // namespace azekura::vault
