#include "core/text.h"

#include "tests/support/random_bytes.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

namespace azekura {

namespace {

using namespace std::string_view_literals;

/// No byte that drives a terminal, and no C1 control in UTF-8 form.
bool cannot_drive_a_terminal(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7F) {
      return false;
    }
    if (byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0) {
      return false;
    }
  }
  return true;
}

/// What printable() was given, from what it gave.
std::string unescaped(std::string_view text) {
  std::string raw;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      raw += text[i];
      continue;
    }
    ++i;
    if (text[i] == 'x') {
      raw += static_cast<char>(std::stoi(std::string{text.substr(i + 1, 2)}, nullptr, 16));
      i += 2;
    } else {
      raw += text[i] == 'n' ? '\n' : text[i] == 't' ? '\t' : text[i];
    }
  }
  return raw;
}

}  // namespace

TEST_CASE("printable: ordinary text in any script stays as it is") {
  for (const std::string_view text :
       {"plain name.txt"sv, "カルテ 2026年.pdf"sv, "Ünïcödé"sv, "\xF0\x9F\x8F\xA5"sv, ""sv}) {
    CHECK(printable(text) == text);
  }
}

TEST_CASE("printable: what drives a terminal is escaped") {
  CHECK(printable("a\nb\tc\r"sv) == "a\\nb\\tc\\x0d");
  CHECK(printable("\x1B[2J"sv) == "\\x1b[2J");
  CHECK(printable("\x1B]0;title\x07"sv) == "\\x1b]0;title\\x07");
  CHECK(printable("\x7F\0"sv) == "\\x7f\\x00");
  CHECK(printable("\xC2\x9B"sv) == "\\xc2\\x9b");           // CSI as a C1 control
  CHECK(printable("\x9B"sv) == "\\x9b");                    // and as a byte of its own
  CHECK(printable("\xE2\x80\xAE"sv) == "\\xe2\\x80\\xae");  // right-to-left override
  CHECK(printable("\xE2\x81\xA6"sv) == "\\xe2\\x81\\xa6");  // left-to-right isolate
  CHECK(printable("\xE2\x80\xA8"sv) == "\\xe2\\x80\\xa8");  // line separator
  CHECK(printable("back\\slash"sv) == "back\\\\slash");
}

TEST_CASE("printable: bytes that are not UTF-8 are escaped one by one") {
  CHECK(printable("\xED\xA0\x80"sv) == "\\xed\\xa0\\x80");           // a lone surrogate
  CHECK(printable("\xC0\xAF"sv) == "\\xc0\\xaf");                    // overlong
  CHECK(printable("\xE0\x80\xAF"sv) == "\\xe0\\x80\\xaf");           // overlong
  CHECK(printable("\xF4\x90\x80\x80"sv) == "\\xf4\\x90\\x80\\x80");  // beyond Unicode
  CHECK(printable("\xE3\x81"sv) == "\\xe3\\x81");                    // cut off
  CHECK(printable("\x83J\x83\x8B"sv) == "\\x83J\\x83\\x8b");         // Shift_JIS
  CHECK(printable("\xFF"sv) == "\\xff");
}

TEST_CASE("printable: whatever the bytes, nothing drives a terminal and nothing is lost") {
  for (std::uint64_t seed = 0; seed < 4000; ++seed) {
    const Buffer bytes = tests::random_bytes(seed, 1 + seed % 40);
    std::string raw{as_text(bytes)};
    if (seed % 2 == 0) {  // more sequences that are nearly UTF-8
      for (std::size_t i = 0; i + 1 < raw.size(); i += 3) {
        raw[i] = static_cast<char>(0xC2 + static_cast<unsigned char>(raw[i]) % 0x34);
        raw[i + 1] = static_cast<char>(0x80 + static_cast<unsigned char>(raw[i + 1]) % 0x40);
      }
    }
    const std::string text = printable(raw);
    REQUIRE(cannot_drive_a_terminal(text));
    REQUIRE(unescaped(text) == raw);
  }
}

TEST_CASE("human_bytes: three figures and a unit, never 1024 of one") {
  CHECK(human_bytes(0) == "0 bytes");
  CHECK(human_bytes(1023) == "1023 bytes");
  CHECK(human_bytes(1024) == "1.0 KiB");
  CHECK(human_bytes(1536) == "1.5 KiB");
  CHECK(human_bytes(1024 * 1024 - 1) == "1.0 MiB");
  CHECK(human_bytes(1503238554) == "1.4 GiB");
  CHECK(human_bytes(UINT64_MAX) == "16.0 EiB");
}

}  // namespace azekura
