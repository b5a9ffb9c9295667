#include "restore/restorer.h"

#include "core/file_io.h"
#include "tests/unit/restore/restore_fixture.h"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <map>

namespace azekura::restore {

namespace {

using tests::RestoreFixture;
using Pairs = std::vector<std::pair<std::string, std::string>>;

Entry linked(Entry entry, std::uint64_t id) {
  entry.hard_link = HardLink{id, 2};
  return entry;
}

Entry further_name(std::string name, std::uint64_t id) {
  Entry entry = linked(tests::file_entry(std::move(name), {}), id);
  entry.content.reset();
  return entry;
}

std::string text_of(const std::string& path) {
  const Buffer bytes = read_file(path, 1 * kGiB);
  return std::string{as_text(bytes)};
}

std::vector<std::string> lost_paths(const RestoreReport& report) {
  std::vector<std::string> paths;
  for (const LostItem& item : report.lost) {
    paths.push_back(item.path);
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace

TEST_CASE("Restorer: a tree of every kind comes back as it was") {
  RestoreFixture f;
  const Buffer big = tests::random_bytes(1, 300'000);
  Entry data = tests::file_entry("big", f.vault.store(big));
  data.mode = 0640;
  data.xattrs = {{"user.colour", Buffer(3, std::byte{'x'})}};
  Entry listed = tests::file_entry("listed", f.vault.with_list(f.vault.store(big)));
  Entry empty = f.file("empty", "");
  Entry inner = f.folder("inner", {f.file("leaf", "leaf bytes"), further_name("other", 7)});
  inner.mode = 01555;
  inner.modified = {1'500'000'000, 5};
  f.set_tree({data, listed, empty, inner, linked(f.file("first", "shared"), 7),
              tests::symlink_entry("link", "/etc/passwd"),
              tests::special_entry("pipe", EntryKind::fifo),
              tests::special_entry("socket", EntryKind::socket)});
  f.snapshot.root.mode = 0710;

  const RestoreReport report = f.restore();

  CHECK(report.lost.empty());
  CHECK(report.not_set.total() == 0);
  CHECK(report.files == 5);
  CHECK(report.entries == 9);
  CHECK(report.bytes == 600'000 + 10 + 6);
  CHECK(f.observer.done == report.bytes);
  CHECK(read_file(f.in_target("big"), kMiB) == big);
  CHECK(read_file(f.in_target("listed"), kMiB) == big);
  CHECK(text_of(f.in_target("empty")).empty());
  CHECK(text_of(f.in_target("inner/leaf")) == "leaf bytes");
  CHECK(std::filesystem::read_symlink(f.in_target("link")) == "/etc/passwd");
  const struct stat big_info = tests::look_at(f.in_target("big"));
  CHECK((big_info.st_mode & 07777) == 0640);
  CHECK(big_info.st_mtim.tv_sec == 1'600'000'000);
  CHECK(big_info.st_mtim.tv_nsec == 123'456'789);
  char value[8];
  CHECK(::getxattr(f.in_target("big").c_str(), "user.colour", value, sizeof value) == 3);
  const struct stat inner_info = tests::look_at(f.in_target("inner"));
  CHECK((inner_info.st_mode & 07777) == 01555);
  CHECK(inner_info.st_mtim.tv_sec == 1'500'000'000);
  CHECK(tests::look_at(f.in_target("link")).st_mtim.tv_nsec == 123'456'789);
  CHECK(S_ISFIFO(tests::look_at(f.in_target("pipe")).st_mode));
  CHECK(tests::look_at(f.in_target("first")).st_ino ==
        tests::look_at(f.in_target("inner/other")).st_ino);
  CHECK((tests::look_at(f.settings.target).st_mode & 07777) == 0710);
  CHECK(list_directory(f.settings.target).size() == 7);
  CHECK(report.left_out.total() == 1);
  CHECK(f.observer.omitted == Pairs{{"socket", "socket"}});
}

TEST_CASE("Restorer: extents are fetched in medium order, whatever the order of the names") {
  RestoreFixture f;
  std::vector<Entry> entries;
  for (int i = 40; i > 0; --i) {
    entries.push_back(tests::file_entry(
        "f" + std::to_string(i),
        f.vault.store(tests::random_bytes(static_cast<std::uint32_t>(i), 10'000))));
  }
  f.set_tree(std::move(entries));

  CHECK(f.restore().files == 40);

  const std::vector<Position>& last = f.vault.fetches().back();
  CHECK(last.size() == 120);
  CHECK(std::is_sorted(last.begin(), last.end()));
}

TEST_CASE("Restorer: more files at once than descriptors, their extents interleaved, by threads") {
  RestoreFixture f;
  f.settings.threads = 3;
  constexpr std::size_t kFiles = 300;
  std::vector<Content> contents(kFiles);
  std::vector<Buffer> wanted(kFiles);
  for (std::uint32_t round = 0; round < 3; ++round) {
    for (std::uint32_t i = 0; i < kFiles; ++i) {
      const Buffer part = tests::random_bytes(round * 1000 + i, 700);
      const Content stored = f.vault.store(part);
      contents[i].size += part.size();
      contents[i].extents.push_back(stored.extents.front());
      append(wanted[i], part);
    }
  }
  std::vector<Entry> entries;
  for (std::size_t i = 0; i < kFiles; ++i) {
    entries.push_back(tests::file_entry("f" + std::to_string(i), contents[i]));
  }
  f.set_tree(std::move(entries));

  CHECK(f.restore().files == kFiles);
  for (std::size_t i = 0; i < kFiles; ++i) {
    CAPTURE(i);
    CHECK(read_file(f.in_target("f" + std::to_string(i)), kMiB) == wanted[i]);
  }
}

TEST_CASE("Restorer: a damaged pack costs the files that need it and no others") {
  RestoreFixture f;
  const Content before = f.vault.store(tests::random_bytes(1, 9000));
  const std::uint32_t bad = f.vault.begin_pack();
  Content across = f.vault.store(tests::random_bytes(2, 5000));
  const Content inside = f.vault.store(tests::random_bytes(3, 100));
  f.vault.begin_pack();
  const Content after = f.vault.store(tests::random_bytes(4, 9000));
  across.extents.insert(across.extents.begin(), after.extents.begin(), after.extents.end());
  across.size += after.size;
  f.set_tree({tests::file_entry("across", across), tests::file_entry("after", after),
              tests::file_entry("before", before), linked(tests::file_entry("inside", inside), 9),
              further_name("name2", 9)});
  f.vault.damage(bad);

  const RestoreReport report = f.restore();

  CHECK(lost_paths(report) == std::vector<std::string>{"across", "inside", "name2"});
  CHECK(list_directory(f.settings.target) == std::vector<std::string>{"after", "before"});
  CHECK(read_file(f.in_target("after"), kMiB) == tests::random_bytes(4, 9000));
  const auto item = std::find_if(report.lost.begin(), report.lost.end(),
                                 [](const LostItem& lost) { return lost.path == "across"; });
  CHECK(item->ranges == std::vector<LostRange>{{9000, 5000, bad}});
  CHECK(item->reason == "pack 1 is damaged");
  CHECK(f.observer.flaws.size() == 3);
}

TEST_CASE("Restorer: best effort keeps the chunks of a damaged file that are intact") {
  RestoreFixture f;
  const Buffer bytes = tests::random_bytes(5, 10'000);
  const Content content = f.vault.store(bytes);  // extents of 4096, 4096 and 1808 bytes
  const Content gone = f.vault.store(tests::random_bytes(6, 700));
  Entry file = tests::file_entry("a", content);
  file.mode = 0640;
  f.set_tree({file, tests::file_entry("gone", gone), f.file("a.damaged", "another"),
              f.file("whole", "whole")});
  f.vault.damage(content.extents[0].position);
  f.vault.damage(Position{0, content.extents[1].position.byte + 2500});
  f.vault.damage(gone.extents[0].position);
  f.settings.best_effort = true;

  const RestoreReport report = f.restore();

  CHECK(lost_paths(report) == std::vector<std::string>{"a", "gone"});
  const auto item = std::find_if(report.lost.begin(), report.lost.end(),
                                 [](const LostItem& lost) { return lost.path == "a"; });
  CHECK(item->ranges == std::vector<LostRange>{{0, 1000, 0}, {4096 + 2000, 1000, 0}});
  CHECK(item->saved_as == "a.damaged-2");
  CHECK(list_directory(f.settings.target) ==
        std::vector<std::string>{"a.damaged", "a.damaged-2", "whole"});
  CHECK(text_of(f.in_target("a.damaged")) == "another");
  Buffer wanted = bytes;
  for (const LostRange& range : item->ranges) {
    std::fill_n(wanted.begin() + static_cast<std::ptrdiff_t>(range.offset), range.length,
                std::byte{0});
  }
  CHECK(read_file(f.in_target("a.damaged-2"), kMiB) == wanted);
  CHECK((tests::look_at(f.in_target("a.damaged-2")).st_mode & 07777) == 0640);
}

TEST_CASE("Restorer: a directory that cannot be listed costs what is below it and no more") {
  RestoreFixture f;
  const Entry good = f.folder("good", {f.file("a", "1")});
  const std::uint32_t bad = f.vault.begin_pack();
  const Entry broken = f.folder("broken", {f.file("a", "1")});
  f.vault.begin_pack();
  f.set_tree({broken, good, f.file("last", "2")});
  f.vault.damage(bad);

  const RestoreReport report = f.restore();

  CHECK(lost_paths(report) == std::vector<std::string>{"broken"});
  CHECK(text_of(f.in_target("good/a")) == "1");
  CHECK(text_of(f.in_target("last")) == "2");
}

TEST_CASE("Restorer: a medium that is gone ends the restore and leaves no unfinished file") {
  RestoreFixture f;
  const Content content = f.vault.store(tests::random_bytes(1, 20'000));
  f.set_tree({tests::file_entry("a", content)});
  f.vault.remove_after(3);
  CHECK_THROWS_AS(f.restore(), MediumError);
  CHECK(list_directory(f.settings.target).empty());
}

TEST_CASE("Restorer: holes stay holes and stored zeros take space") {
  RestoreFixture f;
  Content sparse;
  sparse.size = 1536 * kMiB;
  sparse.extents = {{ExtentKind::hole, sparse.size, {}, {}}};
  Content mixed = f.vault.store("head");
  mixed.extents.push_back({ExtentKind::zero, 100'000, {}, {}});
  mixed.extents.push_back({ExtentKind::hole, 1 * kMiB, {}, {}});
  mixed.extents.push_back(f.vault.store("tail").extents.front());
  mixed.size = 100'000 + 1 * kMiB + 8;
  f.set_tree({tests::file_entry("mixed", mixed), tests::file_entry("sparse", sparse)});

  const RestoreReport report = f.restore();

  CHECK(report.lost.empty());
  CHECK(report.bytes == sparse.size + mixed.size);
  const struct stat sparse_info = tests::look_at(f.in_target("sparse"));
  CHECK(sparse_info.st_size == static_cast<off_t>(sparse.size));
  CHECK(sparse_info.st_blocks < 64);
  const struct stat mixed_info = tests::look_at(f.in_target("mixed"));
  CHECK(mixed_info.st_blocks * 512 >= 100'000);
  CHECK(mixed_info.st_blocks * 512 < 200'000);
  const std::string text = text_of(f.in_target("mixed"));
  CHECK(text.substr(0, 4) == "head");
  CHECK(text.substr(text.size() - 4) == "tail");
  CHECK(text.find_first_not_of('\0', 4) == text.size() - 4);
}

TEST_CASE("Restorer: a file with the content of another is copied from that") {
  RestoreFixture f;
  Content content = f.vault.store(tests::random_bytes(1, 3 * kMiB));
  content.extents.push_back({ExtentKind::hole, 8 * kMiB, {}, {}});
  content.extents.push_back(f.vault.store("tail").extents.front());
  content.size += 8 * kMiB + 4;
  Entry other_owner = tests::file_entry("c", content);
  other_owner.mode = 0600;
  f.set_tree({tests::file_entry("a", content), f.folder("b", {tests::file_entry("copy", content)}),
              other_owner});

  const RestoreReport report = f.restore();

  CHECK(report.files == 3);
  CHECK(report.bytes == 3 * content.size);
  CHECK(f.observer.done == 3 * content.size);
  CHECK(f.vault.fetches().back().size() == content.extents.size() - 1);  // once, all but the hole
  const std::string wanted = text_of(f.in_target("a"));
  for (const char* name : {"a", "b/copy", "c"}) {
    CAPTURE(name);
    CHECK(text_of(f.in_target(name)) == wanted);
    CHECK(tests::look_at(f.in_target(name)).st_blocks * 512 < 4 * static_cast<off_t>(kMiB));
  }
  CHECK((tests::look_at(f.in_target("a")).st_mode & 07777) == 0644);
  CHECK((tests::look_at(f.in_target("c")).st_mode & 07777) == 0600);
}

TEST_CASE("Restorer: a selection brings its entries, all below them and the way to them") {
  RestoreFixture f;
  Entry way = f.folder("way", {f.file("no", "0"), f.folder("yes", {f.file("in", "1")})});
  way.mode = 0750;
  f.set_tree({way, f.file("top", "2"), f.folder("way2", {f.file("x", "3")})});
  f.settings.paths = {"/way/yes/", "top"};

  const RestoreReport report = f.restore();

  CHECK(report.entries == 4);
  CHECK(text_of(f.in_target("way/yes/in")) == "1");
  CHECK(text_of(f.in_target("top")) == "2");
  CHECK(list_directory(f.settings.target) == std::vector<std::string>{"top", "way"});
  CHECK(list_directory(f.in_target("way")) == std::vector<std::string>{"yes"});
  CHECK((tests::look_at(f.in_target("way")).st_mode & 07777) == 0750);
}

TEST_CASE("Restorer: an unknown path is refused before anything is made") {
  RestoreFixture f;
  f.set_tree({f.file("a", "1")});
  f.settings.paths = {"a", "b\n"};
  CHECK_THROWS_WITH_AS(f.restore(), "the snapshot has no \"b\\n\"", UsageError);
  CHECK_FALSE(exists(f.settings.target));
}

TEST_CASE("Restorer: further names of a file are restored without their first name") {
  RestoreFixture f;
  f.set_tree({linked(f.file("a", "shared"), 3), further_name("b", 3), further_name("c", 3)});
  f.settings.paths = {"b", "c"};

  const RestoreReport report = f.restore();

  CHECK(report.lost.empty());
  CHECK(report.entries == 2);
  CHECK(text_of(f.in_target("b")) == "shared");
  CHECK(tests::look_at(f.in_target("b")).st_ino == tests::look_at(f.in_target("c")).st_ino);
  CHECK_FALSE(exists(f.in_target("a")));
}

TEST_CASE("Restorer: a file is restored while one name that says its content can be listed") {
  RestoreFixture f;
  const Content shared = f.vault.store("shared");
  const auto name = [&](std::string of) {
    return linked(tests::file_entry(std::move(of), shared), 3);
  };
  const std::uint32_t pack = f.vault.begin_pack();
  const Entry first = f.folder("1", {name("a")});
  f.vault.begin_pack();
  f.set_tree({first, f.folder("2", {name("b"), name("c")}), further_name("d", 3)});
  std::vector<std::string> lost;
  SUBCASE("all of them") {}
  SUBCASE("not the first") {
    f.vault.damage(pack);
    lost = {"1"};
  }
  SUBCASE("only what names it is wanted") { f.settings.paths = {"2/c", "d"}; }

  const RestoreReport report = f.restore();

  CHECK(lost_paths(report) == lost);
  CHECK(report.files == 1);
  CHECK(text_of(f.in_target("2/c")) == "shared");
  CHECK(tests::look_at(f.in_target("2/c")).st_ino == tests::look_at(f.in_target("d")).st_ino);
  if (f.settings.paths.empty()) {
    CHECK(tests::look_at(f.in_target("2/b")).st_ino == tests::look_at(f.in_target("d")).st_ino);
    CHECK(exists(f.in_target("1/a")) == lost.empty());
  }
}

TEST_CASE("Restorer: names of one file that say different contents do not become one") {
  RestoreFixture f;
  f.set_tree({linked(f.file("a", "one"), 3), linked(f.file("b", "other"), 3)});
  const RestoreReport report = f.restore();
  CHECK(lost_paths(report) == std::vector<std::string>{"b"});
  CHECK(text_of(f.in_target("a")) == "one");
  CHECK_FALSE(exists(f.in_target("b")));
}

namespace {

/// Has files by their paths; bytes that it has not are failed halfway.
class FakeSpare : public SpareSource {
 public:
  std::map<std::string, std::string> files;
  std::vector<std::string> asked;

  void fetch(const std::string& path, std::uint64_t offset, const WantedExtent& wanted,
             ExtentReceiver& receiver) override {
    asked.push_back(path);
    const std::string& text = files[path];
    std::uint64_t done = 0;
    while (done < wanted.length && offset + done < text.size()) {
      const ByteView piece = as_bytes(text).subspan(offset + done, 1);
      receiver.bytes(0, done, piece);
      receiver.block_done();
      ++done;
    }
    if (done == wanted.length) {
      receiver.proven(0);
    } else {
      receiver.failed(0, DamageError{"not here"});
    }
  }
};

}  // namespace

TEST_CASE("Restorer: what the medium has lost is asked of the spare source") {
  RestoreFixture f;
  FakeSpare spare;
  f.settings.spare = &spare;
  const Entry whole = f.file("whole", "as it was");
  const std::uint32_t pack = f.vault.begin_pack();
  const Entry inner = f.file("inner", "somewhere else");
  const Entry half = f.file("half", "half of it");
  f.vault.damage(pack);
  f.vault.begin_pack();
  const Entry folder = f.folder("ward", {inner});
  f.set_tree({whole, half, folder});
  spare.files = {{"ward/inner", "somewhere else"}, {"half", "half"}};
  SUBCASE("alone") {}
  SUBCASE("and in best effort") { f.settings.best_effort = true; }

  const RestoreReport report = f.restore();

  CHECK(text_of(f.in_target("whole")) == "as it was");
  CHECK(text_of(f.in_target("ward/inner")) == "somewhere else");
  REQUIRE(report.lost.size() == 1);
  CHECK(report.lost.front().path == "half");
  CHECK(report.lost.front().ranges == std::vector<LostRange>{{0, 10, pack}});
  CHECK_FALSE(exists(f.in_target("half")));
  CHECK(std::find(spare.asked.begin(), spare.asked.end(), "whole") == spare.asked.end());
}

TEST_CASE("Restorer: what the snapshot lacks is named") {
  RestoreFixture f;
  Entry unread = tests::file_entry("unread", {});
  unread.content.reset();
  unread.flaw = EntryFlaw::unreadable;
  Entry changed = f.file("changed", "mixed");
  changed.flaw = EntryFlaw::changed_while_read;
  Entry unread_link = further_name("unread link", 98);
  unread_link.flaw = EntryFlaw::unreadable;
  Entry short_folder = f.folder("short", {f.file("listed", "x")});
  short_folder.flaw = EntryFlaw::unreadable;
  Entry closed_folder = f.folder("closed", {});
  closed_folder.content.reset();
  closed_folder.flaw = EntryFlaw::unreadable;
  Entry link = tests::symlink_entry("link", "target");
  link.flaw = EntryFlaw::unreadable;
  f.set_tree({unread, changed, further_name("orphan", 99), unread_link, short_folder, closed_folder,
              link});

  const RestoreReport report = f.restore();

  CHECK(lost_paths(report) == std::vector<std::string>{"orphan"});
  std::map<std::string, EntryFlaw> flawed;
  for (const FlawedItem& item : report.flawed) {
    CHECK(flawed.emplace(item.path, item.flaw).second);
  }
  const std::map<std::string, EntryFlaw> expected{
      {"unread", EntryFlaw::unreadable}, {"unread link", EntryFlaw::unreadable},
      {"short", EntryFlaw::unreadable},  {"closed", EntryFlaw::unreadable},
      {"link", EntryFlaw::unreadable},   {"changed", EntryFlaw::changed_while_read}};
  CHECK(flawed == expected);
  CHECK(text_of(f.in_target("short/listed")) == "x");
  CHECK(text_of(f.in_target("changed")) == "mixed");
  CHECK(f.observer.flaws.size() == 7);

  f.settings.paths = {"short/listed"};
  f.settings.target += "-part";
  CHECK(f.restore().flawed.empty());  // what is wanted is whole
}

TEST_CASE("Restorer: of a source that could not be opened nothing is made up") {
  RestoreFixture f;
  f.set_tree({});
  f.snapshot.root.content.reset();
  f.snapshot.root.flaw = EntryFlaw::unreadable;
  const RestoreReport report = f.restore();
  CHECK(report.flawed == std::vector<FlawedItem>{{".", EntryFlaw::unreadable}});
  CHECK(report.entries == 0);
  CHECK_FALSE(exists(f.settings.target));
}

TEST_CASE("Restorer: a stream becomes a file with the source's name") {
  RestoreFixture f;
  f.snapshot.source = {"ehr-dump", SourceKind::stream, "pg_dump ehr"};
  f.snapshot.root = tests::file_entry("", f.vault.store("rows"));
  CHECK(f.restore().files == 1);
  CHECK(text_of(f.in_target("ehr-dump")) == "rows");
}

TEST_CASE("Restorer: paths may be longer than PATH_MAX") {
  RestoreFixture f;
  const std::string name(250, 'd');
  constexpr int kLevels = 100;
  Entry entry = f.file("leaf", "deep");
  for (int i = 0; i < kLevels; ++i) {
    entry = f.folder(name, {entry});
    entry.mode = 0555;
  }
  f.set_tree({entry});

  const RestoreReport report = f.restore();

  CHECK(report.lost.empty());
  CHECK(report.entries == kLevels + 1);
  UniqueFd at = open_file(f.settings.target, O_RDONLY | O_DIRECTORY);
  for (int i = 0; i < kLevels; ++i) {
    at = open_file_at(at.get(), name, O_RDONLY | O_DIRECTORY);
    struct stat info {};
    CHECK(::fstat(at.get(), &info) == 0);
    CHECK((info.st_mode & 07777) == 0555);
    CHECK(info.st_mtim.tv_nsec == 123'456'789);
  }
  CHECK(open_file_at(at.get(), "leaf", O_RDONLY).is_open());
}

TEST_CASE("Restorer: a file that no file system can hold is lost alone") {
  RestoreFixture f;
  Content huge;
  huge.size = std::numeric_limits<std::int64_t>::max();
  huge.extents = {{ExtentKind::hole, huge.size, {}, {}}};
  Content liar = f.vault.store("four");
  liar.extents.push_back(liar.extents.front());  // a directory cannot be encoded with it wrong
  liar.size = 8;
  f.set_tree(
      {tests::file_entry("huge", huge), tests::file_entry("twice", liar), f.file("small", "1")});
  const RestoreReport report = f.restore();
  const struct stat target = tests::look_at(f.settings.target);
  CHECK(S_ISDIR(target.st_mode));
  CHECK(text_of(f.in_target("small")) == "1");
  CHECK(text_of(f.in_target("twice")) == "fourfour");
  // tmpfs holds it, ext4 does not: either way no wrong file.
  CHECK((report.lost.empty() || lost_paths(report) == std::vector<std::string>{"huge"}));
  CHECK(report.lost.empty() == exists(f.in_target("huge")));
}

}  // namespace azekura::restore
