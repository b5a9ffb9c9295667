#include "restore/resume_journal.h"

#include "core/byte_writer.h"
#include "core/checksum.h"
#include "core/error.h"
#include "core/file_io.h"
#include "tests/support/temp_dir.h"

#include <doctest/doctest.h>

#include <fcntl.h>

namespace azekura::restore {

namespace {

Tagger tagger(std::uint64_t key) {
  return [key](ByteView bytes) {
    ByteWriter keyed;
    keyed.u64(key).bytes(bytes);
    const std::uint64_t sum = checksum(keyed.view());
    ByteWriter out;
    out.u64(sum).u64(~sum).u64(0).u64(0);
    return Digest::from_bytes(out.view());
  };
}

struct stat some_file(ino_t inode) {
  struct stat info {};
  info.st_mode = S_IFREG;
  info.st_ino = inode;
  info.st_size = 100;
  info.st_blocks = 8;
  info.st_mtim = {1'600'000'000, 5};
  info.st_ctim = {1'700'000'000, 6};
  return info;
}

std::string path_of(const tests::TempDir& directory) {
  return directory.path() + '/' + list_directory(directory.path()).front();
}

}  // namespace

TEST_CASE("Resume journal: knows what was added, in exactly that state, under that name") {
  const tests::TempDir directory;
  const struct stat info = some_file(7);
  {
    ResumeJournal journal{directory.path(), tagger(1), Resuming::no};
    CHECK_FALSE(journal.is_resumed());
    journal.add_file("a", info);
    CHECK_FALSE(journal.has_file("a", info));  // nothing of an earlier run
  }
  const ResumeJournal journal{directory.path(), tagger(1), Resuming::yes};
  CHECK(journal.is_resumed());
  CHECK(journal.has_file("a", info));
  CHECK_FALSE(journal.has_file("b", info));
  struct stat other = info;
  SUBCASE("another inode") { other.st_ino = 8; }
  SUBCASE("another size") { other.st_size = 101; }
  SUBCASE("another time") { other.st_mtim.tv_nsec = 6; }
  SUBCASE("touched, and its time set back") { other.st_ctim.tv_nsec = 7; }
  CHECK_FALSE(journal.has_file("a", other));
}

TEST_CASE("Resume journal: after another boot only what was flushed counts") {
  const tests::TempDir directory;
  struct stat large = some_file(2);
  large.st_blocks = static_cast<blkcnt_t>(4 * kGiB / 512);
  {
    ResumeJournal journal{directory.path(), tagger(1), Resuming::no};
    journal.add_file("a", some_file(1));
    journal.add_file("b", large);  // a checkpoint follows
    journal.add_file("c", some_file(3));
  }
  {
    const UniqueFd file = open_file(path_of(directory), O_WRONLY);
    write_all_at(file.get(), as_bytes("another boot's  "), 0, "journal");
  }
  for (int run = 0; run < 2; ++run) {  // the second time the journal is this boot's
    const ResumeJournal journal{directory.path(), tagger(1), Resuming::yes};
    CHECK(journal.has_file("a", some_file(1)));
    CHECK(journal.has_file("b", large));
    CHECK_FALSE(journal.has_file("c", some_file(3)));
  }
}

TEST_CASE("Resume journal: a torn end and foreign records are nothing") {
  const tests::TempDir directory;
  {
    ResumeJournal journal{directory.path(), tagger(1), Resuming::no};
    journal.add_file("a", some_file(1));
  }
  {
    const UniqueFd file = open_file(path_of(directory), O_WRONLY | O_APPEND);
    write_all(file.get(), Buffer(1000 * 16 + 5, std::byte{3}), "journal");
  }
  {
    ResumeJournal journal{directory.path(), tagger(1), Resuming::yes};
    CHECK(journal.has_file("a", some_file(1)));
    journal.add_file("b", some_file(2));
  }
  const ResumeJournal journal{directory.path(), tagger(1), Resuming::yes};
  CHECK(journal.has_file("a", some_file(1)));
  CHECK(journal.has_file("b", some_file(2)));
}

TEST_CASE("Resume journal: only an empty target, or one of the same restore, is taken") {
  const tests::TempDir directory;
  { const ResumeJournal journal{directory.path(), tagger(1), Resuming::yes}; }
  CHECK_THROWS_AS((ResumeJournal{directory.path(), tagger(1), Resuming::no}), UsageError);
  CHECK_THROWS_AS((ResumeJournal{directory.path(), tagger(2), Resuming::yes}), UsageError);
  ResumeJournal journal{directory.path(), tagger(1), Resuming::yes};
  CHECK_THROWS_AS((ResumeJournal{directory.path(), tagger(1), Resuming::yes}), BusyError);
  journal.remove();
  CHECK(list_directory(directory.path()).empty());
  journal.remove();
}

TEST_CASE("Resume journal: a directory is known by when it was made, not by what is in it") {
  const tests::TempDir directory;
  const tests::TempDir made;
  const UniqueFd fd = open_file(made.path(), O_RDONLY | O_DIRECTORY);
  {
    ResumeJournal journal{directory.path(), tagger(1), Resuming::no};
    journal.add_directory("d", fd.get());
  }
  replace_file(made.path() + "/new", as_bytes("x"));
  const ResumeJournal journal{directory.path(), tagger(1), Resuming::yes};
  CHECK(journal.has_directory("d", fd.get()));
  CHECK_FALSE(journal.has_directory("e", fd.get()));
  const UniqueFd other = open_file(directory.path(), O_RDONLY | O_DIRECTORY);
  CHECK_FALSE(journal.has_directory("d", other.get()));
}

}  // namespace azekura::restore
