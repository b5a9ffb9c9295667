#include "core/file_io.h"
#include "restore/restorer.h"
#include "tests/unit/restore/restore_fixture.h"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <functional>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace azekura::restore {

namespace {

using tests::RestoreFixture;

/// A file and a folder beside the target that nothing may change.
class Outside {
 public:
  explicit Outside(const std::string& directory)
      : file_{directory + "/outside"}, folder_{directory + "/outside-folder"} {
    replace_file(file_, as_bytes("mine"));
    make_directory(folder_);
    REQUIRE(::chmod(file_.c_str(), 0640) == 0);
    before_ = {tests::look_at(file_), tests::look_at(folder_)};
  }

  [[nodiscard]] const std::string& file() const { return file_; }
  [[nodiscard]] const std::string& folder() const { return folder_; }

  /// True if all but the number of names is as it was.
  [[nodiscard]] bool is_untouched() const {
    const struct stat file = tests::look_at(file_);
    const struct stat folder = tests::look_at(folder_);
    const Buffer bytes = read_file(file_, kMiB);
    return equal(bytes, as_bytes("mine")) && same(file, before_.first) &&
           same(folder, before_.second) && list_directory(folder_).empty() &&
           ::llistxattr(file_.c_str(), nullptr, 0) <= 0;
  }

 private:
  static bool same(const struct stat& a, const struct stat& b) {
    return a.st_mode == b.st_mode && a.st_uid == b.st_uid && a.st_gid == b.st_gid &&
           a.st_size == b.st_size && a.st_mtim.tv_sec == b.st_mtim.tv_sec &&
           a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
  }

  std::string file_;
  std::string folder_;
  std::pair<struct stat, struct stat> before_{};
};

/// Does something to the target at a moment of the restore: when the socket is left out.
class Meddler : public Observer {
 public:
  explicit Meddler(std::function<void()> meddle) : meddle_{std::move(meddle)} {}
  void left_out(std::string_view /*path*/, std::string_view what) override {
    if (what == "socket") {
      meddle_();
    }
  }

 private:
  std::function<void()> meddle_;
};

/// Ways to put something under a name; false if this user or system cannot.
const std::vector<std::pair<std::string, std::function<bool(const std::string&, const Outside&)>>>
    kPlants{
        {"link to a file",
         [](const std::string& path, const Outside& outside) {
           return ::symlink(outside.file().c_str(), path.c_str()) == 0;
         }},
        {"link to a folder",
         [](const std::string& path, const Outside& outside) {
           return ::symlink(outside.folder().c_str(), path.c_str()) == 0;
         }},
        {"link to nothing",
         [](const std::string& path, const Outside& outside) {
           return ::symlink((outside.folder() + "/new").c_str(), path.c_str()) == 0;
         }},
        {"hard link",
         [](const std::string& path, const Outside& outside) {
           return ::link(outside.file().c_str(), path.c_str()) == 0;
         }},
        {"FIFO", [](const std::string& path,
                    const Outside& /*outside*/) { return ::mkfifo(path.c_str(), 0600) == 0; }},
        {"device",
         [](const std::string& path, const Outside& /*outside*/) {
           return ::mknod(path.c_str(), S_IFCHR | 0600, makedev(1, 3)) == 0;
         }},
        {"folder", [](const std::string& path,
                      const Outside& /*outside*/) { return ::mkdir(path.c_str(), 0700) == 0; }},
        {"mount",
         [](const std::string& path, const Outside& outside) {
           return ::mkdir(path.c_str(), 0700) == 0 &&
                  ::mount(outside.folder().c_str(), path.c_str(), nullptr, MS_BIND, nullptr) == 0;
         }},
    };

void take_down(const std::string& path) {
  static_cast<void>(::umount2(path.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW));
}

bool is_folder(const std::string& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

/// Whether a step of a nuisance succeeds matters to nobody.
void try_to(long /*result*/) {}

/// Renames, links and unlinks at random in the target until it is killed; says when it begins.
[[noreturn]] void be_a_nuisance(const std::string& target, const Outside& outside, unsigned seed,
                                int begun) {
  std::minstd_rand random{seed};
  const auto name = [&] { return target + "/d" + std::to_string(random() % 4); };
  const auto leaf = [&] {
    return (random() % 2 == 0 ? "/f" : "/p") + std::to_string(random() % 8);
  };
  for (int step = 0; step < 2'000'000; ++step) {
    if (step == 100 && ::write(begun, "!", 1) != 1) {
      ::_exit(1);
    }
    const std::string folder = name();
    const std::string other_folder = name();
    if (!is_folder(folder) || !is_folder(other_folder)) {  // it must not go outside itself
      try_to(::unlink(folder.c_str()));
      try_to(::rename((target + "/aside" + std::to_string(random() % 16)).c_str(), folder.c_str()));
      continue;
    }
    const std::string victim = random() % 2 == 0 ? folder : folder + leaf();
    const std::string aside = target + "/aside" + std::to_string(random() % 16);
    switch (random() % 5) {
      case 0:
        try_to(::rename(victim.c_str(), aside.c_str()));
        try_to(::symlink(outside.folder().c_str(), victim.c_str()));
        break;
      case 1:
        try_to(::rename(victim.c_str(), aside.c_str()));
        try_to(::symlink(outside.file().c_str(), victim.c_str()));
        break;
      case 2:
        try_to(::unlink(victim.c_str()));
        try_to(::link(outside.file().c_str(), victim.c_str()));
        break;
      case 3:
        try_to(::rename(aside.c_str(), victim.c_str()));
        break;
      default:
        try_to(::syscall(SYS_renameat2, AT_FDCWD, victim.c_str(), AT_FDCWD,
                         (other_folder + leaf()).c_str(), RENAME_EXCHANGE));
    }
  }
  ::_exit(0);
}

}  // namespace

TEST_CASE("Hostile target: what stands under a name is neither followed, written nor replaced") {
  for (const auto& kind : kPlants) {
    const std::string& plant_name = kind.first;
    const auto& plant = kind.second;
    for (const std::string wanted : {"file", "folder", "symlink", "fifo", "further", "stream"}) {
      CAPTURE(plant_name);
      CAPTURE(wanted);
      RestoreFixture f;
      const Outside outside{f.directory.path()};
      Entry first = f.file("b-first", "shared");
      first.hard_link = HardLink{1, 2};
      Entry further = tests::file_entry("further", {});
      further.content.reset();
      further.hard_link = HardLink{1, 2};
      Entry file = f.file("file", "evil");
      file.mode = 0777;
      file.attribute_flags = FS_NODUMP_FL;
      f.set_tree({tests::special_entry("a", EntryKind::socket), first, file,
                  f.folder("folder", {f.file("leaf", "evil")}),
                  tests::symlink_entry("symlink", "elsewhere"),
                  tests::special_entry("fifo", EntryKind::fifo), further, f.file("well", "well")});
      if (wanted == "stream") {
        make_directory(f.settings.target);
        f.snapshot.source.name = "stream";
        f.snapshot.root = tests::file_entry("", f.vault.store("evil"));
      }
      bool is_planted = false;
      Meddler meddler{[&] { is_planted = plant(f.in_target(wanted), outside); }};
      if (wanted == "stream") {
        is_planted = plant(f.in_target(wanted), outside);
      }
      const RestoreReport report = restore_tree(f.vault, f.snapshot, f.settings, meddler);
      const struct stat there = tests::look_at(f.in_target(wanted));
      take_down(f.in_target(wanted));

      if (is_planted) {  // some need root
        REQUIRE(report.lost.size() == 1);
        CHECK(report.lost.front().path == wanted);
        CHECK_FALSE((S_ISREG(there.st_mode) && there.st_nlink == 1));
      }
      CHECK(outside.is_untouched());
      CHECK((wanted == "stream" || exists(f.in_target("well"))));
    }
  }
}

TEST_CASE("Hostile target: a directory swapped while it is filled is not written through") {
  for (const auto& kind : kPlants) {
    const std::string& plant_name = kind.first;
    const auto& plant = kind.second;
    CAPTURE(plant_name);
    RestoreFixture f;
    const Outside outside{f.directory.path()};
    std::vector<Entry> entries{f.folder("a-dir", {f.file("leaf", "1")})};
    entries.front().mode = 0777;
    // Enough directories to close a-dir's descriptor, then the moment.
    for (int i = 0; i < 200; ++i) {
      entries.push_back(f.folder("b" + std::to_string(i), {}));
    }
    entries.push_back(tests::special_entry("c", EntryKind::socket));
    f.set_tree(std::move(entries));
    bool is_planted = false;
    const std::string victim = f.in_target("a-dir");
    Meddler meddler{[&] {
      is_planted =
          ::rename(victim.c_str(), (victim + ".away").c_str()) == 0 && plant(victim, outside);
    }};

    const RestoreReport report = restore_tree(f.vault, f.snapshot, f.settings, meddler);
    take_down(victim);

    if (is_planted && plant_name != "folder") {
      REQUIRE(report.lost.size() == 1);
      CHECK(report.lost.front().path == "a-dir/leaf");
    }
    CHECK(outside.is_untouched());
  }
}

TEST_CASE("Hostile target: the folder of a source is never a link") {
  for (const auto& kind : kPlants) {
    const std::string& plant_name = kind.first;
    const auto& plant = kind.second;
    CAPTURE(plant_name);
    RestoreFixture f;
    const Outside outside{f.directory.path()};
    f.set_tree({f.file("leaf", "evil")});
    f.settings.folder = "files";
    make_directory(f.settings.target);
    const bool is_planted = plant(f.in_target("files"), outside);
    if (is_planted && plant_name != "folder") {
      CHECK_THROWS_AS(f.restore(), Error);
    }
    take_down(f.in_target("files"));
    CHECK(outside.is_untouched());
  }
}

TEST_CASE("Hostile target: somebody who renames all the time gets nothing written elsewhere") {
  for (unsigned seed = 1; seed <= 8; ++seed) {
    CAPTURE(seed);
    RestoreFixture f;
    const Outside outside{f.directory.path()};
    std::vector<Entry> entries;
    for (int d = 0; d < 4; ++d) {
      std::vector<Entry> inner;
      for (int i = 0; i < 8; ++i) {
        Entry file = f.file("f" + std::to_string(i), std::string(3000, 'x'));
        file.mode = 0777;
        file.uid = ::geteuid() == 0 ? 12 : ::geteuid();
        file.xattrs = {{"user.evil", Buffer(1)}};
        file.attribute_flags = FS_NODUMP_FL;
        inner.push_back(file);
      }
      for (int i = 0; i < 100; ++i) {
        inner.push_back(f.folder("g" + std::to_string(i), {f.file("leaf", "evil")}));
      }
      for (int i = 0; i < 8; ++i) {
        Entry pipe = tests::special_entry("p" + std::to_string(i), EntryKind::fifo);
        pipe.mode = 0777;
        inner.push_back(pipe);
      }
      entries.push_back(f.folder("d" + std::to_string(d), std::move(inner)));
    }
    f.set_tree(std::move(entries));
    make_directory(f.settings.target);
    f.settings.folder = "files";  // beside what the other has made by then
    std::array<int, 2> begun{};
    REQUIRE(::pipe(begun.data()) == 0);
    const pid_t nuisance = ::fork();
    REQUIRE(nuisance >= 0);
    if (nuisance == 0) {
      be_a_nuisance(f.in_target("files"), outside, seed, begun[1]);
    }
    char mark = 0;
    CHECK(::read(begun[0], &mark, 1) == 1);
    try {
      f.restore();
    } catch (const Error& error) {  // it may make the target unusable, not the restore unsafe
      MESSAGE(std::string{error.what()});
    }
    ::kill(nuisance, SIGKILL);
    ::waitpid(nuisance, nullptr, 0);
    ::close(begun[0]);
    ::close(begun[1]);
    CHECK(outside.is_untouched());
  }
}

TEST_CASE("Hostile target: a file that cannot be made costs no file of the same content") {
  RestoreFixture f;
  const Buffer bytes = tests::random_bytes(1, 2 * kMiB);
  const Content content = f.vault.store(bytes);
  f.set_tree({f.folder("a", {tests::file_entry("first", content)}), tests::file_entry("b", content),
              tests::file_entry("c", content), tests::special_entry("s", EntryKind::socket)});
  Meddler meddler{[&] { REQUIRE(::rmdir(f.in_target("a").c_str()) == 0); }};

  const RestoreReport report = restore_tree(f.vault, f.snapshot, f.settings, meddler);

  REQUIRE(report.lost.size() == 1);
  CHECK(report.lost[0].path == "a/first");
  CHECK(report.files == 2);
  for (const char* name : {"b", "c"}) {
    CHECK(read_file(f.in_target(name), 3 * kMiB) == bytes);
  }
}

}  // namespace azekura::restore
