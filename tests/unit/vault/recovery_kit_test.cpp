#include "vault/recovery_kit.h"

#include "core/error.h"
#include "core/file_io.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_keys.h"
#include "vault/hash.h"
#include "vault/qr_code.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <sys/stat.h>

#include <vector>

namespace azekura::vault {
namespace {

constexpr std::string_view kSiteName = "Musashi & <Kosugi> 病院";

std::string content_of(const std::string& path) {
  return std::string{as_text(read_file(path, kMiB))};
}

unsigned mode_of(const std::string& path) {
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 07777U;
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines{""};
  for (const char character : text) {
    if (character == '\n') {
      lines.emplace_back();
    } else {
      lines.back().push_back(character);
    }
  }
  lines.pop_back();
  return lines;
}

/// The page without its comments.
std::string bare(std::string_view page) {
  std::string text;
  for (const std::string& line : lines_of(page)) {
    if (!line.starts_with('#')) {
      text += line + "\n";
    }
  }
  return text;
}

/// The page shows `key_text` as a code and in words, as text and as SVG.
void check_carries(const std::string& stem, const std::string& key_text) {
  const std::string text = content_of(stem + ".txt");
  const std::string svg = content_of(stem + ".svg");
  const QrCode code{key_text};
  CHECK(bare(text) == key_text);
  std::string drawn;
  for (const std::string& line : code.half_block_lines()) {
    drawn += "# " + line + "\n";
  }
  CHECK(contains(text, drawn));
  CHECK(contains(svg, code.svg_path()));
  for (const std::string& line : lines_of(key_text)) {
    CHECK(contains(svg, ">" + line + "</text>"));
  }
}

TEST_CASE("write_recovery_kit: writes the key, a text page and an SVG page") {
  const tests::TempDir temp;
  const std::string directory = temp.path() + "/kit";
  const RecoveryKey key = tests::new_recovery_key();
  const Digest digest = sha256(as_bytes("restore"));
  write_recovery_kit(directory, key, std::nullopt, std::string{kSiteName}, digest);

  CHECK(list_directory(directory) ==
        std::vector<std::string>{"recovery-kit.svg", "recovery-kit.txt", "recovery.key"});
  CHECK(mode_of(directory) == 0700);
  for (const std::string& name : list_directory(directory)) {
    CHECK(mode_of(directory + "/" + name) == 0600);
  }
  CHECK(content_of(directory + "/recovery.key") == key.text());
  CHECK(RecoveryKey::load(directory + "/recovery-kit.txt").text() == key.text());
  check_carries(directory + "/recovery-kit", key.text());

  const std::string text = content_of(directory + "/recovery-kit.txt");
  const std::string fingerprint = authority_fingerprint(key.authority().public_key());
  CHECK(contains(text, kSiteName));
  CHECK(contains(text, key.site().hex()));
  CHECK(contains(text, fingerprint));
  CHECK(contains(text, digest.hex()));
  CHECK(contains(text, "復旧鍵"));
  const std::string svg = content_of(directory + "/recovery-kit.svg");
  CHECK(contains(svg, "Musashi &amp; &lt;Kosugi&gt; 病院"));
  CHECK(contains(svg, fingerprint));
  CHECK(contains(svg, digest.hex()));
}

TEST_CASE("write_recovery_kit: a control character in the site name stays on its line") {
  const tests::TempDir temp;
  const std::string directory = temp.path() + "/kit";
  const RecoveryKey key = tests::new_recovery_key();
  write_recovery_kit(directory, key, std::nullopt, "A\nsite 00\x1b[2J");
  CHECK(RecoveryKey::load(directory + "/recovery-kit.txt").text() == key.text());
  CHECK(contains(content_of(directory + "/recovery-kit.txt"), "A\\nsite 00\\x1b[2J"));
}

TEST_CASE("write_recovery_kit: with shares, every combination restores and no file has the key") {
  for (const ShareScheme scheme : {ShareScheme{2, 3}, ShareScheme{3, 5}}) {
    CAPTURE(scheme.threshold);
    const tests::TempDir temp;
    const std::string directory = temp.path() + "/kit";
    const RecoveryKey key = tests::new_recovery_key();
    write_recovery_kit(directory, key, scheme, std::string{kSiteName});

    CHECK(list_directory(directory).size() == 2 * std::size_t{scheme.count});
    std::vector<std::string> pages;
    for (unsigned number = 1; number <= scheme.count; ++number) {
      CAPTURE(number);
      const std::string stem = fmt::format("{}/share-{}-of-{}", directory, number, scheme.count);
      pages.push_back(content_of(stem + ".txt"));
      CHECK(mode_of(stem + ".txt") == 0600);
      CHECK(mode_of(stem + ".svg") == 0600);
      check_carries(stem, bare(pages.back()));
      CHECK(contains(pages.back(), fmt::format("share      {} of {}, any {} restore", number,
                                               scheme.count, scheme.threshold)));
      CHECK(contains(pages.back(), "Holder / 保管者:"));
    }
    for (unsigned subset = 0; subset < 1U << scheme.count; ++subset) {
      std::vector<std::string> some;
      for (unsigned i = 0; i < scheme.count; ++i) {
        if ((subset >> i & 1U) != 0) {
          some.push_back(pages[i]);
        }
      }
      if (some.size() >= scheme.threshold) {
        CHECK(RecoveryKey::combine(some).text() == key.text());
      }
    }
    const std::string whole = to_key_text(key.recovery_secret().bytes());
    for (const std::string& name : list_directory(directory)) {
      CHECK_FALSE(contains(content_of(directory + "/" + name), whole.substr(0, 11)));
    }
  }
}

TEST_CASE("write_recovery_kit: uses an empty directory and refuses any other") {
  const tests::TempDir temp;
  make_directory(temp.path() + "/empty");
  CHECK_NOTHROW(
      write_recovery_kit(temp.path() + "/empty", tests::new_recovery_key(), std::nullopt, "A"));
  const std::string before = content_of(temp.path() + "/empty/recovery.key");
  CHECK_THROWS_AS(
      write_recovery_kit(temp.path() + "/empty", tests::new_recovery_key(), std::nullopt, "A"),
      UsageError);
  CHECK(content_of(temp.path() + "/empty/recovery.key") == before);
  CHECK(list_directory(temp.path() + "/empty").size() == 3);
}

TEST_CASE("write_recovery_kit: refuses a scheme that shares nothing, before it writes") {
  const tests::TempDir temp;
  const std::string directory = temp.path() + "/kit";
  for (const ShareScheme scheme : {ShareScheme{1, 3}, {4, 3}, {0, 0}, {2, 17}}) {
    CAPTURE(scheme.threshold);
    CHECK_THROWS_AS(write_recovery_kit(directory, tests::new_recovery_key(), scheme, "A"),
                    UsageError);
  }
  CHECK_FALSE(exists(directory));
}

}  // namespace
}  // namespace azekura::vault
