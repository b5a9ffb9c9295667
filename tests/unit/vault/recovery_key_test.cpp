#include "vault/recovery_key.h"

#include "core/error.h"
#include "core/file_io.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_keys.h"
#include "vault/hash.h"
#include "vault/recovery_share.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cctype>
#include <utility>

namespace azekura::vault {
namespace {

constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
// Computed from the description in docs/format.md with Python.
constexpr std::string_view kFirstKeyText =
    "000G4-0R40M-30E20-9185G-R38E1-W8124-GK2GA-HC5RR-34D1P-70X3R-FKCAQ-FTJV0";
constexpr std::string_view kSecondKeyText =
    "40GJ4-8S44M-K2EA1-958NJ-RB9E5-WR32C-HK6GT-KCDSR-74X3P-F1X7R-ZNCQG-4F6ZG";
constexpr std::string_view kSite = "00112233445566778899aabbccddeeff";

Buffer counting(unsigned first, std::size_t count) {
  Buffer bytes(count);
  for (std::size_t i = 0; i < count; ++i) {
    bytes[i] = static_cast<std::byte>(first + i);
  }
  return bytes;
}

std::string known_text() {
  return fmt::format("azekura recovery key, version 1\nsite      {}\nrecovery  {}\nauthority {}\n",
                     kSite, kFirstKeyText, kSecondKeyText);
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

/// The whole message of the UsageError that `step` ends in.
template <typename Step>
std::string usage_error_of(Step&& step) {
  try {
    step();
  } catch (const UsageError& error) {
    return error.one_line();
  }
  FAIL("no UsageError");
  return {};
}

/// The given subset of a split, bit i for share i + 1.
std::vector<std::string> chosen(const std::vector<std::string>& shares, unsigned subset) {
  std::vector<std::string> result;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    if ((subset >> i & 1U) != 0) {
      result.push_back(shares[i]);
    }
  }
  return result;
}

TEST_CASE("to_key_text: 32 bytes are twelve groups of five") {
  CHECK(to_key_text(counting(0, 32)) == kFirstKeyText);
  CHECK(to_key_text(counting(32, 32)) == kSecondKeyText);
}

TEST_CASE("from_key_text: gives back what to_key_text wrote, of any size") {
  for (std::size_t size = 0; size <= 70; ++size) {
    CAPTURE(size);
    const Secret key = Secret::random(size);
    CHECK(equal(from_key_text(to_key_text(key.bytes()), size).bytes(), key.bytes()));
  }
}

TEST_CASE("from_key_text: case, white space, hyphens, I, L and O do not matter") {
  std::string text{kFirstKeyText};
  REQUIRE(text.find('1') != std::string::npos);
  REQUIRE(text.find('0') != std::string::npos);
  std::string typed;
  std::size_t ones = 0;
  for (const char character : text) {
    if (character == '1') {
      typed.push_back("IiLl"[ones++ % 4]);
    } else if (character == '0') {
      typed.push_back(typed.size() % 2 == 0 ? 'O' : 'o');
    } else if (character == '-') {
      typed.append(" \t\r\n");
    } else {
      typed.push_back(typed.size() % 2 == 0
                          ? character
                          : static_cast<char>(std::tolower(static_cast<unsigned char>(character))));
    }
  }
  REQUIRE(ones == 4);
  CHECK(equal(from_key_text(typed, 32).bytes(), counting(0, 32)));
}

TEST_CASE("from_key_text: every single wrong character is noticed") {
  const std::string text{kFirstKeyText};
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '-') {
      continue;
    }
    for (const char other : kAlphabet) {
      if (other != text[at]) {
        std::string typed = text;
        typed[at] = other;
        CAPTURE(typed);
        REQUIRE_THROWS_AS(from_key_text(typed, 32), UsageError);
      }
    }
  }
}

TEST_CASE("from_key_text: every two neighbours exchanged are noticed") {
  std::string text{kFirstKeyText};
  std::erase(text, '-');
  std::size_t exchanged = 0;
  for (std::size_t at = 0; at + 1 < text.size(); ++at) {
    if (text[at] != text[at + 1]) {
      std::string typed = text;
      std::swap(typed[at], typed[at + 1]);
      CAPTURE(typed);
      REQUIRE_THROWS_AS(from_key_text(typed, 32), UsageError);
      ++exchanged;
    }
  }
  CHECK(exchanged > 40);
}

TEST_CASE("from_key_text: says where a character is wrong and how long a key is") {
  std::string text{kFirstKeyText};
  text[13] = 'U';  // the second of the third group
  CHECK(usage_error_of([&] { from_key_text(text, 32); }) ==
        "character 12 (group 3, place 2) is not one a key has");
  CHECK(usage_error_of([] { from_key_text(kFirstKeyText.substr(0, 70), 32); }) ==
        "it has 59 characters, expected 60");
  CHECK(usage_error_of([] { from_key_text(std::string{kFirstKeyText} + "0", 32); }) ==
        "it has 61 characters, expected 60");
  CHECK(usage_error_of([] { from_key_text(kSecondKeyText, 31); }) ==
        "it has 60 characters, expected 58");
}

// 37 bytes are 296 bits: the last character has four bits of padding.
TEST_CASE("from_key_text: padding that is not zero is refused") {
  std::string text{kFirstKeyText};
  const std::size_t value = kAlphabet.find(text.back());
  REQUIRE(value % 16 == 0);
  for (std::size_t padding = 1; padding < 16; ++padding) {
    text.back() = kAlphabet[value + padding];
    CHECK_THROWS_AS(from_key_text(text, 32), UsageError);
  }
}

TEST_CASE("RecoveryKey: the text form is the documented one") {
  const RecoveryKey key = RecoveryKey::parse(known_text());
  CHECK(key.site().hex() == kSite);
  CHECK(equal(key.recovery_secret().bytes(), counting(0, 32)));
  CHECK(key.authority().public_key() == SigningKey{Secret::copy_of(counting(32, 32))}.public_key());
  CHECK(key.recipient() == recipient_key_of(Secret::copy_of(counting(0, 32))));
  CHECK(key.text() == known_text());
}

TEST_CASE("RecoveryKey: reads what people make of the text") {
  std::string text = known_text();
  SUBCASE("comments and blank lines") {
    text = "# from the safe\n\n" + replaced(text, "\nrecovery", "\n  \n# mind the 8\nrecovery");
  }
  SUBCASE("Windows line ends") {
    for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 2) {
      text.insert(at, "\r");
    }
  }
  SUBCASE("no last line end") { text.pop_back(); }
  SUBCASE("capital names") {
    text = replaced(replaced(text, "azekura", "Azekura"), "recovery  ", "Recovery ");
  }
  SUBCASE("a key over two lines, everything indented") {
    text.insert(text.find('-', text.find("recovery  ")), "\n          ");
    text = replaced(text, "\nsite", "\n  site");
    text = replaced(text, "\nauthority ", "\n  authority\n  ");
  }
  SUBCASE("another order") {
    text = fmt::format("azekura recovery key, version 1\nauthority {}\nrecovery {}\nsite {}\n",
                       kSecondKeyText, kFirstKeyText, kSite);
  }
  CAPTURE(text);
  CHECK(RecoveryKey::parse(text).text() == known_text());
}

TEST_CASE("RecoveryKey: names the line that is wrong, and shows no character of a key") {
  std::string text = known_text();
  std::string expected;
  SUBCASE("heading") {
    text = replaced(text, "version 1", "version 2");
    expected = "the first line is not \"azekura recovery key, version 1\"";
  }
  SUBCASE("nothing") {
    text.clear();
    expected = "the first line is not \"azekura recovery key, version 1\"";
  }
  SUBCASE("share") {
    text = tests::new_recovery_key().split(2, 3)[0];
    expected = "this is share 1 of 3, any 2 of which restore, not the whole key: 1 more needed";
  }
  SUBCASE("mistyped") {
    text = replaced(text, kSecondKeyText.substr(0, 5), "ZZZZZ");
    expected =
        "it is mistyped: its checksum does not agree (while reading \"authority\" in line 4)";
  }
  SUBCASE("character") {
    text = replaced(text, kFirstKeyText.substr(0, 5), "0*0G4");
    expected =
        "character 2 (group 1, place 2) is not one a key has (while reading \"recovery\" in line "
        "3)";
  }
  SUBCASE("site") {
    text = replaced(text, kSite, "0011");
    expected = "it has 4 hexadecimal digits, expected 32 (while reading \"site\" in line 2)";
  }
  SUBCASE("missing") {
    text = text.substr(0, text.find("authority"));
    expected = "there is no line \"authority\"";
  }
  SUBCASE("repeated") {
    text += "site 00\n";
    expected = "line 5 is a second \"site\"";
  }
  SUBCASE("a key without its name") {
    text = replaced(text, "recovery  ", "");
    expected = "line 3 starts with none of the words: site, recovery, authority";
  }
  CHECK(usage_error_of([&] { RecoveryKey::parse(text); }) == expected);
}

TEST_CASE("RecoveryKey: every character left out is noticed") {
  const std::string text = known_text();
  const std::size_t keys = text.find("recovery  ") + 10;
  for (std::size_t at = keys; at < text.size(); ++at) {
    if (std::isupper(static_cast<unsigned char>(text[at])) != 0 ||
        std::isdigit(static_cast<unsigned char>(text[at])) != 0) {
      CAPTURE(at);
      std::string typed = text;
      typed.erase(at, 1);
      REQUIRE_THROWS_AS(RecoveryKey::parse(typed), UsageError);
    }
  }
}

TEST_CASE("RecoveryKey: loads a file, and refuses what is none") {
  const tests::TempDir directory;
  const std::string path = directory.path() + "/recovery.key";
  replace_file(path, as_bytes(known_text()));
  CHECK(RecoveryKey::load(path).text() == known_text());
  replace_file(path, Buffer(100'000, std::byte{'#'}));
  CHECK(usage_error_of([&] { RecoveryKey::load(path); }) ==
        fmt::format("\"{}\" is longer than 65536 bytes", path));
  replace_file(path, as_bytes("hello\n"));
  CHECK_THROWS_AS(RecoveryKey::load(path), UsageError);
  CHECK_THROWS_AS(RecoveryKey::load(directory.path() + "/none"), SystemError);
}

TEST_CASE("RecoveryKey: generated keys differ and survive their text") {
  const RecoveryKey key = tests::new_recovery_key();
  CHECK(RecoveryKey::parse(key.text()).text() == key.text());
  CHECK(RecoveryKey::generate(key.site()).text() != key.text());
}

TEST_CASE("RecoveryKey: exactly the sets of at least the threshold of shares restore") {
  for (const auto& scheme : {std::pair{2U, 3U}, {3U, 5U}}) {
    const unsigned threshold = scheme.first;
    const unsigned count = scheme.second;
    CAPTURE(threshold);
    CAPTURE(count);
    const RecoveryKey key = tests::new_recovery_key();
    const std::vector<std::string> shares = key.split(threshold, count);
    REQUIRE(shares.size() == count);
    for (unsigned subset = 0; subset < 1U << count; ++subset) {
      CAPTURE(subset);
      const std::vector<std::string> some = chosen(shares, subset);
      if (some.size() >= threshold) {
        CHECK(RecoveryKey::combine(some).text() == key.text());
      } else {
        CHECK_THROWS_AS(RecoveryKey::combine(some), UsageError);
      }
    }
  }
}

TEST_CASE("RecoveryKey: the order of shares does not matter") {
  const RecoveryKey key = tests::new_recovery_key();
  std::vector<std::string> shares = key.split(3, 5);
  std::ranges::reverse(shares);
  CHECK(RecoveryKey::combine(shares).text() == key.text());
}

TEST_CASE("RecoveryShare: the text form is the documented one") {
  const RecoveryKey key = RecoveryKey::parse(known_text());
  const std::string text = key.split(3, 5)[1];
  const RecoveryShare share = parse_share(text);
  CHECK(share.site == key.site());
  CHECK(share.threshold == 3);
  CHECK(share.count == 5);
  CHECK(share.point.x == std::byte{2});
  Buffer committed;
  append(committed, as_bytes(std::string_view{"azekura share commitment v1\0", 28}));
  append(committed, counting(0, 64));
  CHECK(share.commitment.hex() == sha256(committed).hex().substr(0, 32));

  Buffer data{std::byte{2}, std::byte{3}, std::byte{5}};
  append(data, share.point.bytes.bytes());
  std::string data_text = to_key_text(data);
  REQUIRE(data_text.size() == 139);
  data_text[95] = '\n';
  data_text[47] = '\n';
  data_text.insert(96, "           ").insert(48, "           ");
  CHECK(text == fmt::format("azekura recovery share, version 1\nsite       {}\nshare set  {}\n"
                            "share      2 of 5, any 3 restore\ncommitment {}\ndata       {}\n",
                            kSite, share.set.hex(), share.commitment.hex(), data_text));
  CHECK(to_share_text(share) == text);
}

TEST_CASE("RecoveryKey: says what is wrong with a set of shares") {
  const RecoveryKey key = tests::new_recovery_key();
  const std::vector<std::string> shares = key.split(3, 5);
  const std::string set = parse_share(shares[0]).set.hex();
  const auto error_of = [](const std::vector<std::string>& texts) {
    return usage_error_of([&] { RecoveryKey::combine(texts); });
  };
  CHECK(error_of({}) == "no recovery share was given");
  CHECK(error_of({shares[0], shares[3]}) ==
        "2 of the 3 shares needed were given (number 1, 4); 1 more needed");
  CHECK(error_of({shares[1], shares[0], shares[1]}) ==
        "share 2 was given more than once; 1 more needed");
  CHECK(error_of({shares[0], shares[1], shares[2], shares[2]}) ==
        "share 3 was given more than once; 0 more needed");

  const std::vector<std::string> again = key.split(3, 5);
  CHECK(error_of({shares[0], again[1], shares[2]}) ==
        fmt::format("the shares are of different share sets: {} and {}", set,
                    parse_share(again[1]).set.hex()));
  const RecoveryKey other = tests::new_recovery_key();
  CHECK(error_of({shares[0], other.split(3, 5)[1]}) ==
        fmt::format("the shares are of different sites: {} and {}", key.site().hex(),
                    other.site().hex()));
  CHECK(error_of({shares[0], key.text()}) ==
        "the first line is not \"azekura recovery share, version 1\" (while reading recovery share "
        "2 of those given)");
}

TEST_CASE("RecoveryKey: a share made to pass for one of the set is noticed") {
  const RecoveryKey key = tests::new_recovery_key();
  const std::vector<std::string> shares = key.split(2, 3);
  RecoveryShare forged = parse_share(shares[1]);
  SUBCASE("other bytes") {
    forged.point.bytes.mutable_bytes()[17] ^= std::byte{1};
    CHECK(usage_error_of([&] {
            RecoveryKey::combine({shares[0], to_share_text(forged)});
          }).find("do not give its key back") != std::string::npos);
  }
  SUBCASE("another number") {
    forged.point.x = std::byte{3};
    CHECK_THROWS_AS(RecoveryKey::combine({shares[0], to_share_text(forged)}), UsageError);
  }
  SUBCASE("a lower threshold") {
    forged.count = 4;
    CHECK(usage_error_of([&] {
            RecoveryKey::combine({shares[0], to_share_text(forged)});
          }).find("contradict each other") != std::string::npos);
  }
  SUBCASE("a number beyond the count") {
    forged.point.x = std::byte{4};
    CHECK(usage_error_of([&] { parse_share(to_share_text(forged)); }) ==
          "it says to be share 4 of 3, any 2 of which restore");
  }
  SUBCASE("a threshold of one") {
    forged.threshold = 1;
    CHECK_THROWS_AS(parse_share(to_share_text(forged)), UsageError);
  }
}

TEST_CASE("RecoveryShare: every wrong character of the data is noticed, and shown nowhere") {
  const std::string text = tests::new_recovery_key().split(2, 3)[0];
  const std::size_t data = text.find("data       ") + 11;
  for (std::size_t at = data; at < text.size(); ++at) {
    const char character = text[at];
    if (character == '-' || character == ' ' || character == '\n') {
      continue;
    }
    CAPTURE(at);
    std::string typed = text;
    typed[at] = character == '7' ? '8' : '7';
    REQUIRE(usage_error_of([&] { parse_share(typed); }) ==
            "it is mistyped: its checksum does not agree (while reading \"data\" in line 6)");
  }
  CHECK(usage_error_of([&] { parse_share(replaced(text, "1 of 3", "2 of 3")); }) ==
        "the data is of share 1 of 3, any 2 restore (while reading \"share\" in line 4)");
}

}  // namespace
}  // namespace azekura::vault
