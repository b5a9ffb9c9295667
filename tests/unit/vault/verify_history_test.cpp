#include "vault/verify_history.h"

#include "core/error.h"
#include "core/file_io.h"
#include "tests/support/random_bytes.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_keys.h"
#include "tests/support/written_set.h"
#include "vault/file_verifier.h"
#include "vault/verifier.h"

#include <doctest/doctest.h>

#include <fcntl.h>

namespace azekura::vault {

namespace {

using tests::RandomNumbers;
using tests::WrittenSet;

/// Ends the run, as a signal does, when so many steps of progress were made.
class InterruptingObserver : public Observer {
 public:
  explicit InterruptingObserver(unsigned steps) : left_{steps} {}

  void advanced(std::uint64_t /*bytes*/) override {
    if (left_ == 0) {
      throw InterruptedError{"interrupted"};
    }
    --left_;
  }

 private:
  unsigned left_;
};

CheckedFile file_named(std::uint32_t number) {
  return checked_pack({number, 1, 20'000, tests::id_of<Digest>(7)}, {});
}

std::string text_of(const std::string& path) {
  const Buffer bytes = read_file(path, 16 * kMiB);
  return std::string{as_text(bytes)};
}

/// What reading a file from its beginning to its end in one thread finds; empty if it is whole.
std::string problem_in_order(const FolderMedium& medium, const HealableFile& file) {
  try {
    file.expect_whole([&](const auto& take) { medium.stream(file.name, take); });
    return {};
  } catch (const DamageError& error) {
    return error.what();
  }
}

}  // namespace

TEST_CASE("Verification: one that is interrupted is resumed where it ended") {
  const tests::TempDir dir;
  const FolderMedium medium{WrittenSet::shared().medium(), Access::read};
  VerifySettings settings{std::nullopt, 1, dir.path()};
  {
    InterruptingObserver observer{5};
    CHECK_THROWS_AS(static_cast<void>(verify_medium(medium, settings, observer)), InterruptedError);
  }
  settings.is_resumed = true;
  {
    InterruptingObserver observer{3};
    CHECK_THROWS_AS(static_cast<void>(verify_medium(medium, settings, observer)), InterruptedError);
  }
  tests::RecordingObserver observer;
  const VerifyReport report = verify_medium(medium, settings, observer);
  CHECK(report.findings.empty());
  CHECK(report.files_before > 0);
  CHECK(report.files_now > 0);
  CHECK(report.files_left() == 0);
  CHECK(report.never == 0);
  settings.is_resumed = false;
  CHECK(verify_medium(medium, settings, observer).files_now == report.files);
}

TEST_CASE("FileVerifier: finds what reading in order finds, with any number of threads") {
  WrittenSet& set = WrittenSet::shared();
  RandomNumbers numbers{11};
  for (unsigned round = 0; round < 12; ++round) {
    const std::vector<std::string> names = set.names();
    for (const std::string& name : names) {
      const std::size_t size = set.written(name).size();
      const bool is_checked = name.starts_with("packs/") || name.starts_with("parity/");
      if (!is_checked || numbers.next() % 3 != 0) {
        continue;
      }
      Buffer bytes = set.written(name);
      if (const std::uint64_t kind = numbers.next() % 4; kind == 0) {
        bytes.resize(numbers.next() % size);
      } else if (kind == 1) {
        bytes.push_back(std::byte{0});
      } else {
        bytes[numbers.next() % size] ^= std::byte{1};
      }
      tests::overwrite(set.medium() + "/" + name, bytes);
    }
    const FolderMedium medium{set.medium(), Access::read};
    Vault vault{medium, std::nullopt};
    const std::vector<SealedSession> sessions = vault.sessions();
    std::vector<Finding> findings;
    Healer healer{medium, sessions, findings};
    const std::vector<HealableFile> files = healable_files(sessions, healer);
    tests::RecordingObserver observer;
    std::size_t at = 0;
    FileVerifier verifier{medium, healer, round % 3 + 1, observer,
                          [&](const HealableFile& file, const std::optional<Finding>& finding) {
                            REQUIRE(at < files.size());
                            CHECK(&file == &files[at]);
                            CHECK((finding ? finding->fact : "") == problem_in_order(medium, file));
                            ++at;
                          }};
    for (const HealableFile& file : files) {
      verifier.push(file);
    }
    verifier.drain();
    CHECK(at == files.size());
    set.reset();
  }
}

TEST_CASE("VerifyHistory: many runs do not make it long, and what was damaged stays in it") {
  const tests::TempDir dir;
  const MediumId medium = tests::id_of<MediumId>(3);
  constexpr std::uint32_t kFiles = 300;
  std::uint64_t longest = 0;
  for (unsigned run = 0; run < 120; ++run) {
    VerifyHistory history{dir.path(), medium};
    for (std::uint32_t file = 0; file < kFiles && run > 0; ++file) {
      CHECK(history.last_whole(file_named(file)).has_value());
    }
    history.begin("a disk", false);
    for (std::uint32_t file = 0; file < kFiles; ++file) {
      const bool is_damaged = run == 1 && file == 42;
      history.add(file_named(file), is_damaged
                                        ? std::optional{Finding{ErrorKind::damage, "a\tbad\nspot"}}
                                        : std::nullopt);
    }
    history.end(0);
    longest = std::max(longest, static_cast<std::uint64_t>(text_of(history.path()).size()));
  }
  const std::string path = VerifyHistory{dir.path(), medium}.path();
  CHECK(longest > kMiB);
  CHECK(text_of(path).size() < 2 * kMiB);
  CHECK(text_of(path).find("\tdamaged\tpacks/00/0000002a\t") != std::string::npos);
  CHECK(text_of(path).find("a\\tbad\\nspot\n") != std::string::npos);
}

TEST_CASE("DeviceFile: reads what is there, to an end that is not aligned") {
  const tests::TempDir dir;
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, std::size_t{4096}, std::size_t{1'000'003}}) {
    const Buffer bytes = tests::random_bytes(size, size);
    dir.write("file", bytes);
    const DeviceFile file{open_file(dir.path("file"), O_RDONLY), "file"};
    CHECK(file.bytes() == size);
    DeviceBuffer memory{64 * kKiB};
    Buffer read;
    std::size_t count = 0;
    do {
      count = file.read(read.size(), memory.first(64 * kKiB));
      append(read, memory.first(count));
    } while (count == 64 * kKiB);
    CHECK(equal(read, bytes));
  }
}

}  // namespace azekura::vault
