#include "vault/checked_file.h"

#include "core/clock.h"
#include "core/error.h"
#include "core/interrupt.h"
#include "tests/support/random_bytes.h"
#include "tests/support/temp_dir.h"

#include <doctest/doctest.h>

namespace azekura::vault {

namespace {

/// Content with any bytes, until the deadline that the test sets after some of them.
class AnyContent : public FileCheck {
 public:
  explicit AnyContent(int parts_until_late) : parts_left_{parts_until_late} {}

  [[nodiscard]] std::uint64_t leaves_bytes() const noexcept override { return 0; }
  void update(ByteView /*bytes*/, ByteView /*leaf_hashes*/) override {
    if (--parts_left_ == 0) {
      set_deadline(steady_seconds() - 1);
    }
  }
  void finish() override {}

 private:
  int parts_left_;
};

struct Late {
  Late() { dir.make_directory("medium"); }
  ~Late() { set_deadline(std::nullopt); }
  Late(const Late&) = delete;
  Late& operator=(const Late&) = delete;

  tests::TempDir dir;
  FolderMedium medium{(dir.make_directory("medium"), dir.path("medium")), Access::append};
  Buffer bytes = tests::random_bytes(1, 5 * kMiB);

  [[nodiscard]] CheckedFile file(int parts_until_late) const {
    return {"packs/00/1", bytes.size(), Digest{},
            [parts_until_late] { return std::make_unique<AnyContent>(parts_until_late); }};
  }
  /// Appends it in parts of a MiB; returns how many were written.
  int append(const CheckedFile& file, int late_after) {
    int written = 0;
    try {
      file.append_to(medium, file.name, [&](const auto& write) {
        for (std::size_t at = 0; at < bytes.size(); at += kMiB) {
          write(ByteView{bytes}.subspan(at, kMiB));
          if (++written == late_after) {
            set_deadline(steady_seconds() - 1);
          }
        }
      });
    } catch (const PolicyError&) {
      return written;
    }
    return -1;
  }
  void expect_nothing() const {
    CHECK(medium.list("packs/00").empty());
    CHECK(medium.list("tmp").empty());
  }
};

}  // namespace

TEST_CASE("CheckedFile: an append that is late ends at the next part and leaves nothing") {
  Late late;
  CHECK(late.append(late.file(0), 2) == 2);
  late.expect_nothing();
}

TEST_CASE("CheckedFile: so does one that is late when it is read back") {
  Late late;
  CHECK(late.append(late.file(2), 0) == 5);
  late.expect_nothing();
}

TEST_CASE("CheckedFile: and a look at what is there") {
  Late late;
  CHECK(late.append(late.file(0), 0) == -1);  // in time
  CHECK_NOTHROW(late.file(0).expect_whole_on(late.medium, "packs/00/1"));
  CHECK_THROWS_AS(late.file(2).expect_whole_on(late.medium, "packs/00/1"), PolicyError);
  CHECK(late.medium.list("packs/00").size() == 1);
}

}  // namespace azekura::vault
