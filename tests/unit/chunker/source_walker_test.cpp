#include "chunker/source_walker.h"

#include "core/error.h"
#include "core/file_io.h"
#include "tests/support/recording_observer.h"
#include "tests/support/temp_dir.h"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <pwd.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <string>
#include <vector>

namespace azekura::chunker {

namespace {

using tests::RecordingObserver;
using tests::TempDir;

struct Visited {
  std::vector<std::string> order;  ///< names; "<" before an entered one, ">" for a leave
  std::map<std::string, WalkItem> items;
};

Visited walk(const std::string& origin, Observer& observer, const LeftOut& left_out = {}) {
  Visited visited;
  SourceWalker walker{origin, left_out, observer};
  while (const std::optional<WalkItem> item = walker.next()) {
    if (item->step == WalkStep::leave) {
      visited.order.emplace_back(">");
      continue;
    }
    visited.order.push_back((item->step == WalkStep::enter ? "<" : "") + item->entry.name);
    visited.items[item->entry.name] = *item;
  }
  return visited;
}

Visited walk(const TempDir& dir) {
  RecordingObserver observer;
  Visited visited = walk(dir.path(), observer);
  CHECK(observer.flaws.empty());
  return visited;
}

}  // namespace

TEST_CASE("Source walker: depth first, names in byte order") {
  const TempDir dir;
  dir.make_directory("b/c");
  dir.make_directory("a-");
  dir.write("a", "");
  dir.write("b/c/z", "");
  dir.write("b/\xff", "");
  dir.write("b/Z", "");
  dir.write("c", "");
  const std::vector<std::string> expected{"<", "a", "<a-",  ">", "<b", "Z", "<c",
                                          "z", ">", "\xff", ">", "c",  ">"};
  CHECK(walk(dir).order == expected);
}

TEST_CASE("Source walker: names may be any bytes") {
  const TempDir dir;
  const std::vector<std::string> names{"\n", "\x1b[2J", "\xc3\x28", "a\\b", std::string(255, 'x')};
  for (const std::string& name : names) {
    dir.write(name, "");
  }
  Visited visited = walk(dir);
  CHECK(visited.items.size() == names.size() + 1);
  for (const std::string& name : names) {
    CHECK(visited.items.contains(name));
  }
}

TEST_CASE("Source walker: records owner, mode and times") {
  const TempDir dir;
  dir.write("f", "12345");
  REQUIRE(::chmod(dir.path("f").c_str(), 06751) == 0);
  const timespec times[2] = {{.tv_sec = 5, .tv_nsec = 0}, {.tv_sec = -7, .tv_nsec = 123'456'789}};
  REQUIRE(::utimensat(AT_FDCWD, dir.path("f").c_str(), times, 0) == 0);
  const WalkItem item = walk(dir).items.at("f");

  CHECK(item.step == WalkStep::object);
  CHECK(item.entry.kind == EntryKind::file);
  CHECK(item.entry.mode == 06751);
  CHECK(item.entry.modified == Timestamp{.seconds = -7, .nanoseconds = 123'456'789});
  CHECK(item.entry.uid == ::geteuid());
  const passwd* const user = ::getpwuid(::geteuid());
  CHECK(item.entry.user == (user != nullptr ? user->pw_name : ""));
  struct stat info {};
  REQUIRE(::stat(dir.path("f").c_str(), &info) == 0);
  CHECK(item.entry.gid == info.st_gid);
  CHECK(item.state.inode == info.st_ino);
  CHECK(item.state.device == info.st_dev);
  CHECK(item.state.size == 5);
  CHECK(item.state.changed.seconds == info.st_ctim.tv_sec);
  struct statx shown {};
  REQUIRE(::statx(AT_FDCWD, dir.path("f").c_str(), 0, STATX_BTIME, &shown) == 0);
  const Timestamp born{.seconds = shown.stx_btime.tv_sec, .nanoseconds = shown.stx_btime.tv_nsec};
  CHECK(item.entry.born ==
        ((shown.stx_mask & STATX_BTIME) != 0 ? std::optional{born} : std::nullopt));
  CHECK_FALSE(item.entry.content.has_value());
}

TEST_CASE("Source walker: an unknown owner has no name") {
  const TempDir dir;
  dir.write("f", "");
  if (::chown(dir.path("f").c_str(), 3'999'999, 3'999'998) != 0) {
    MESSAGE("needs root");
    return;
  }
  const WalkItem item = walk(dir).items.at("f");
  CHECK(item.entry.uid == 3'999'999);
  CHECK(item.entry.gid == 3'999'998);
  CHECK(item.entry.user.empty());
  CHECK(item.entry.group.empty());
}

TEST_CASE("Source walker: links, pipes, sockets and devices are recorded, never followed") {
  const TempDir dir;
  dir.make_directory("d");
  dir.write("d/inside", "");
  REQUIRE(::symlink("d", dir.path("link").c_str()) == 0);
  REQUIRE(::symlink("nowhere\n", dir.path("dangling").c_str()) == 0);
  REQUIRE(::mkfifo(dir.path("pipe").c_str(), 0600) == 0);
  const UniqueFd socket{::socket(AF_UNIX, SOCK_STREAM, 0)};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  dir.path("socket").copy(address.sun_path, sizeof address.sun_path - 1);
  REQUIRE(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  const bool has_device = ::mknod(dir.path("device").c_str(), S_IFCHR | 0600, makedev(7, 300)) == 0;

  const Visited visited = walk(dir);
  CHECK(visited.items.at("link").entry.kind == EntryKind::symlink);
  CHECK(visited.items.at("link").entry.link_target == "d");
  CHECK(visited.items.at("dangling").entry.link_target == "nowhere\n");
  CHECK(visited.items.at("pipe").entry.kind == EntryKind::fifo);
  CHECK(visited.items.at("socket").entry.kind == EntryKind::socket);
  CHECK(std::count(visited.order.begin(), visited.order.end(), "inside") == 1);
  if (has_device) {
    CHECK(visited.items.at("device").entry.kind == EntryKind::character_device);
    CHECK(visited.items.at("device").entry.device == DeviceNumber{.major = 7, .minor = 300});
  }
}

TEST_CASE("Source walker: extended attributes of directories and links, sorted") {
  const TempDir dir;
  dir.make_directory("d");
  if (::setxattr(dir.path("d").c_str(), "user.z", "1", 1, 0) != 0) {
    MESSAGE("this file system has no user attributes");
    return;
  }
  REQUIRE(::setxattr(dir.path("d").c_str(), "user.a", "", 0, 0) == 0);
  std::vector<std::pair<std::string, Buffer>> expected{{"user.a", {}},
                                                       {"user.z", {std::byte{'1'}}}};
  CHECK(walk(dir).items.at("d").entry.xattrs == expected);

  REQUIRE(::symlink("x", dir.path("l").c_str()) == 0);
  if (::lsetxattr(dir.path("l").c_str(), "trusted.t", "22", 2, 0) == 0) {
    expected = {{"trusted.t", Buffer(2, std::byte{'2'})}};
    CHECK(walk(dir).items.at("l").entry.xattrs == expected);
  }
}

TEST_CASE("Source walker: names of one file share an id, given by first visit") {
  const TempDir dir;
  dir.make_directory("sub");
  dir.write("b", "x");
  dir.write("a", "y");
  REQUIRE(::link(dir.path("b").c_str(), dir.path("sub/b2").c_str()) == 0);
  REQUIRE(::link(dir.path("b").c_str(), dir.path("c").c_str()) == 0);
  REQUIRE(::link(dir.path("a").c_str(), dir.path("sub/a2").c_str()) == 0);
  dir.write("single", "");
  const Visited visited = walk(dir);

  CHECK(visited.items.at("a").entry.hard_link == HardLink{.id = 1, .names = 2});
  CHECK(visited.items.at("a2").entry.hard_link == HardLink{.id = 1, .names = 2});
  for (const char* const name : {"b", "c", "b2"}) {
    CHECK(visited.items.at(name).entry.hard_link == HardLink{.id = 2, .names = 3});
  }
  CHECK_FALSE(visited.items.at("single").entry.hard_link.has_value());
  CHECK_FALSE(visited.items.at("sub").entry.hard_link.has_value());
  CHECK_FALSE(visited.items.at("b").has_content_elsewhere);
  CHECK(visited.items.at("c").has_content_elsewhere);
  CHECK(visited.items.at("b2").has_content_elsewhere);
}

TEST_CASE("Source walker: reaches what lies below any path length") {
  const TempDir dir;
  constexpr int kDepth = 150;
  const std::string name(100, 'd');
  UniqueFd at = open_file(dir.path(), O_RDONLY | O_DIRECTORY);
  for (int depth = 0; depth < kDepth; ++depth) {  // 15 kB of path, more than PATH_MAX
    REQUIRE(::mkdirat(at.get(), name.c_str(), 0700) == 0);
    at = open_file_at(at.get(), name, O_RDONLY | O_DIRECTORY);
    const UniqueFd last = open_file_at(at.get(), "z", O_WRONLY | O_CREAT);
  }
  REQUIRE(::symlinkat("there", at.get(), "link") == 0);
  const Visited visited = walk(dir);
  CHECK(std::count(visited.order.begin(), visited.order.end(), "z") == kDepth);
  CHECK(std::count(visited.order.begin(), visited.order.end(), ">") == kDepth + 1);
  CHECK(visited.items.at("link").entry.link_target == "there");
}

TEST_CASE("Source walker: a directory that moves away is reported, the walk goes on") {
  const TempDir dir;
  const TempDir elsewhere;
  std::string deep = "a";
  dir.make_directory("a/top-later");
  for (int depth = 0; depth < 80; ++depth) {
    deep += "/d";
  }
  dir.make_directory(deep);
  dir.write("z", "");
  RecordingObserver observer;
  SourceWalker walker{dir.path(), {}, observer};
  std::vector<std::string> seen;
  EntryFlaw flaw_of_a = EntryFlaw::none;
  int depth = 0;
  while (const std::optional<WalkItem> item = walker.next()) {
    depth += item->step == WalkStep::enter ? 1 : 0;
    depth -= item->step == WalkStep::leave ? 1 : 0;
    if (depth == 1 && item->step == WalkStep::leave) {
      flaw_of_a = item->entry.flaw;
    }
    if (depth == 82) {
      REQUIRE(::rename(dir.path("a/d").c_str(), elsewhere.path("d").c_str()) == 0);
    }
    seen.push_back(item->entry.name);
  }
  CHECK(depth == 0);
  CHECK(observer.flaws.size() == 2);  // of a, and of the root that was to be reopened from it
  CHECK(flaw_of_a == EntryFlaw::unreadable);
}

TEST_CASE("Source walker: the origin may be one file, or a link to what is meant") {
  const TempDir dir;
  dir.write("f", "abc");
  RecordingObserver observer;
  CHECK(walk(dir.path("f"), observer).order == std::vector<std::string>{""});
  REQUIRE(::symlink("f", dir.path("l").c_str()) == 0);
  CHECK(walk(dir.path("l"), observer).items.at("").entry.kind == EntryKind::file);
}

TEST_CASE("Source walker: an origin that cannot be walked is an error") {
  const TempDir dir;
  RecordingObserver observer;
  CHECK_THROWS_AS(SourceWalker(dir.path("missing"), {}, observer), SourceError);
  REQUIRE(::mkfifo(dir.path("pipe").c_str(), 0600) == 0);
  CHECK_THROWS_AS(SourceWalker(dir.path("pipe"), {}, observer), SourceError);
}

TEST_CASE("Source walker: what is left out is there, and empty") {
  const TempDir dir;
  dir.make_directory("kept");
  dir.make_directory("site/keys");
  dir.write("kept/file", "x");
  dir.write("site/keys/host.key", "x");
  REQUIRE(::symlink("site", dir.path("link").c_str()) == 0);
  RecordingObserver observer;
  const Visited visited =
      walk(dir.path(), observer,
           {.folders = {dir.path("link"), dir.path("none"), dir.path("kept/file")},
            .patterns = {},
            .caches = false});
  CHECK(visited.order ==
        std::vector<std::string>{"<", "<kept", "file", ">", "link", "<site", ">", ">"});
  CHECK(observer.flaws.empty());
  REQUIRE(observer.notices.size() == 1);
  CHECK(observer.notices.front().find("is left out") != std::string::npos);
}

TEST_CASE("Source walker: patterns leave out names, and nothing in there is looked at") {
  const TempDir dir;
  dir.make_directory("ward/scratch/deep");
  dir.make_directory("scratch");
  dir.write("ward/keep.tmp", "");
  dir.write("ward/\x8F\xC1.tmp", "");
  dir.write("ward/scratch/deep/a", "");
  dir.write("scratch/b", "");
  dir.write("z", "");
  REQUIRE(::link(dir.path("ward/\x8F\xC1.tmp").c_str(), dir.path("ward/x-ray").c_str()) == 0);
  RecordingObserver observer;
  const Visited visited = walk(dir.path(), observer,
                               {.folders = {},
                                .patterns = {"*.tmp", "!keep.tmp", "/scratch/", "deep", "/"},
                                .caches = false});
  CHECK(visited.order == std::vector<std::string>{"<", "<ward", "keep.tmp", "<scratch", ">",
                                                  "x-ray", ">", "z", ">"});
  std::vector<std::string> left_out = observer.excluded_paths;
  std::sort(left_out.begin(), left_out.end());
  CHECK(left_out == std::vector<std::string>{dir.path("scratch"), dir.path("ward/scratch/deep"),
                                             dir.path("ward/\x8F\xC1.tmp")});
  CHECK_FALSE(visited.items.at("x-ray").has_content_elsewhere);
  CHECK(observer.flaws.empty());
}

TEST_CASE("Source walker: of a cache only its tag is kept, where that is asked for") {
  const std::string signature = "Signature: 8a477f597d28d172789f06886806bc55";
  const TempDir dir;
  dir.write("CACHEDIR.TAG", signature);  // the root is meant, whatever lies in it
  for (const char* const name : {"cache/sub", "short", "linked", "folder/CACHEDIR.TAG"}) {
    dir.make_directory(name);
  }
  dir.write("cache/CACHEDIR.TAG", signature + "\n# made by a test\n");
  dir.write("cache/sub/lost", "");
  dir.write("cache/large", "");
  dir.write("short/CACHEDIR.TAG", signature.substr(1));
  dir.write("short/kept", "");
  REQUIRE(::symlink("../cache/CACHEDIR.TAG", dir.path("linked/CACHEDIR.TAG").c_str()) == 0);
  dir.write("linked/kept", "");
  RecordingObserver observer;
  const auto walk_caches = [&](bool leave_out) {
    return walk(dir.path(), observer, {.folders = {}, .patterns = {}, .caches = leave_out}).order;
  };
  CHECK(walk_caches(true) == std::vector<std::string>{"<", "CACHEDIR.TAG", "<cache", "CACHEDIR.TAG",
                                                      ">", "<folder", "<CACHEDIR.TAG", ">", ">",
                                                      "<linked", "CACHEDIR.TAG", "kept", ">",
                                                      "<short", "CACHEDIR.TAG", "kept", ">", ">"});
  CHECK(observer.excluded_paths ==
        std::vector<std::string>{dir.path("cache/large"), dir.path("cache/sub")});
  const std::vector<std::string> all = walk_caches(false);
  CHECK(std::count(all.begin(), all.end(), "lost") == 1);
  CHECK(observer.excluded_paths.size() == 2);
}

TEST_CASE("Source walker: what is mounted below is not part of the source") {
  // A mount namespace of this process: nobody else sees what is mounted here.
  if (::unshare(CLONE_NEWNS) != 0 ||
      ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    MESSAGE("needs root");
    return;
  }
  const TempDir dir;
  dir.make_directory("bound");
  dir.make_directory("plain");
  dir.make_directory("tmpfs");
  dir.write("plain/inside", "");
  REQUIRE(::mount("none", dir.path("tmpfs").c_str(), "tmpfs", 0, nullptr) == 0);
  REQUIRE(::mount(dir.path("plain").c_str(), dir.path("bound").c_str(), nullptr, MS_BIND,
                  nullptr) == 0);
  dir.write("tmpfs/hidden", "");
  RecordingObserver observer;
  const Visited visited = walk(dir.path(), observer);
  CHECK(::umount(dir.path("tmpfs").c_str()) == 0);
  CHECK(::umount(dir.path("bound").c_str()) == 0);

  const std::vector<std::string> expected{"<", "<bound", ">", "<plain", "inside",
                                          ">", "<tmpfs", ">", ">"};
  CHECK(visited.order == expected);
  CHECK(observer.flaws.empty());
  CHECK(observer.notices.size() == 2);
}

}  // namespace azekura::chunker
