#include "core/byte_writer.h"
#include "core/file_io.h"
#include "core/tree_codec.h"
#include "restore/restorer.h"
#include "tests/unit/restore/restore_fixture.h"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <functional>

namespace azekura::restore {

namespace {

using tests::RestoreFixture;
using Pairs = std::vector<std::pair<std::string, std::string>>;

/// An encoded directory that encode_directory would refuse.
Buffer forged_directory(const std::vector<Entry>& entries) {
  ByteWriter out;
  for (const Entry& entry : entries) {
    ByteWriter one;
    encode_entry(one, entry);
    out.long_bytes(one.view());
  }
  return out.take();
}

/// True if `step` returned true in a process of its own.
bool in_child(const std::function<bool()>& step) {
  const pid_t child = ::fork();
  if (child == 0) {
    bool good = false;
    try {
      good = step();
    } catch (const std::exception& error) {
      std::fputs(error.what(), stderr);
    }
    ::_exit(good ? 0 : 1);
  }
  int status = 1;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

TEST_CASE("Restore: names that lead elsewhere cost their directory and write nothing") {
  for (const std::string name : {"..", ".", "a/b", "/etc/x", "../../x"}) {
    CAPTURE(name);
    RestoreFixture f;
    const Buffer forged = forged_directory({f.file(name, "evil")});
    f.set_tree({tests::directory_entry("d", f.vault.store(forged)), f.file("good", "1")});

    const RestoreReport report = f.restore();

    REQUIRE(report.lost.size() == 1);
    CHECK(report.lost.front().path == "d");
    CHECK(list_directory(f.in_target("d")).empty());
    CHECK(list_directory(f.directory.path()) == std::vector<std::string>{"target"});
    CHECK(exists(f.in_target("good")));
  }
}

TEST_CASE("Restore: a link and a directory of the same name are refused together") {
  RestoreFixture f;
  const std::string outside = f.directory.path() + "/outside";
  make_directory(outside);
  Entry below = f.folder("x", {f.file("leaf", "evil")});
  const Buffer forged = forged_directory({tests::symlink_entry("x", outside), below});
  f.snapshot.root = tests::directory_entry("", f.vault.store(forged));

  CHECK(f.restore().lost.size() == 1);
  CHECK(list_directory(outside).empty());
  CHECK(list_directory(f.settings.target).empty());
}

TEST_CASE("Restore: a target in use is refused untouched") {
  RestoreFixture f;
  f.set_tree({f.file("a", "1")});
  SUBCASE("a directory that is not empty") {
    make_directory(f.settings.target);
    replace_file(f.in_target("old"), as_bytes("old"));
    CHECK_THROWS_AS(f.restore(), UsageError);
    CHECK(list_directory(f.settings.target) == std::vector<std::string>{"old"});
  }
  SUBCASE("a file") {
    replace_file(f.settings.target, as_bytes("old"));
    CHECK_THROWS_AS(f.restore(), UsageError);
  }
  SUBCASE("an empty directory is taken") {
    make_directory(f.settings.target);
    CHECK(f.restore().files == 1);
  }
}

TEST_CASE("Restore: hard links never join objects of different kinds") {
  RestoreFixture f;
  Entry link = tests::symlink_entry("a", "/etc/shadow");
  link.hard_link = HardLink{4, 2};
  Entry file = tests::file_entry("b", {});
  file.content.reset();
  file.hard_link = HardLink{4, 2};
  f.set_tree({link, file});
  const RestoreReport report = f.restore();
  REQUIRE(report.lost.size() == 1);
  CHECK(report.lost.front().path == "b");
  CHECK_FALSE(exists(f.in_target("b")));
}

TEST_CASE("Restore: set-id bits, capabilities and devices come back in system mode only") {
  if (::geteuid() != 0) {
    return;
  }
  RestoreFixture f;
  Entry tool = f.file("tool", "elf");
  tool.mode = 06755;
  tool.uid = 12;
  // VFS_CAP_REVISION_2, effective, CAP_NET_RAW.
  Buffer capability(20, std::byte{0});
  capability[3] = std::byte{2};
  capability[0] = std::byte{1};
  capability[5] = std::byte{0x20};
  tool.xattrs = {{"security.capability", capability}, {"trusted.t", Buffer(1, std::byte{0})}};
  Entry shared = f.folder("shared", {});
  shared.mode = 02775;
  f.set_tree({shared, tool, tests::special_entry("null", EntryKind::character_device)});
  const auto has_xattr = [&](const char* name) {
    return ::getxattr(f.in_target("tool").c_str(), name, nullptr, 0) >= 0;
  };

  SUBCASE("data") {
    CHECK(f.restore().not_set.total() == 0);
    CHECK((tests::look_at(f.in_target("tool")).st_mode & 07777) == 0755);
    CHECK(tests::look_at(f.in_target("tool")).st_uid == 12);
    CHECK_FALSE(has_xattr("security.capability"));
    CHECK_FALSE(has_xattr("trusted.t"));
    CHECK_FALSE(exists(f.in_target("null")));
    std::sort(f.observer.omitted.begin(), f.observer.omitted.end());
    CHECK(f.observer.omitted == Pairs{{"null", "device"},
                                      {"tool", "capability"},
                                      {"tool", "set_id"},
                                      {"tool", "trusted_attribute"}});
  }
  SUBCASE("system") {
    f.settings.mode = RestoreMode::system;
    CHECK(f.restore().not_set.total() == 0);
    CHECK((tests::look_at(f.in_target("tool")).st_mode & 07777) == 06755);
    CHECK(has_xattr("security.capability"));
    CHECK(has_xattr("trusted.t"));
    CHECK(S_ISCHR(tests::look_at(f.in_target("null")).st_mode));
    CHECK(f.observer.omitted.empty());
  }
  CHECK((tests::look_at(f.in_target("shared")).st_mode & 07777) == 02775);
}

TEST_CASE("Restore: access lists and file flags survive the steps after them") {
  if (::geteuid() != 0) {
    return;
  }
  RestoreFixture f;
  // Version 2; owner rw, user 12 r, group -, mask r, others -: {tag, permissions, id} each.
  ByteWriter list;
  list.u32(2).u16(1).u16(6).u32(UINT32_MAX).u16(2).u16(4).u32(12).u16(4).u16(0).u32(UINT32_MAX);
  list.u16(16).u16(4).u32(UINT32_MAX).u16(32).u16(0).u32(UINT32_MAX);
  Entry first = f.file("first", "1");
  first.mode = 0640;
  first.xattrs = {{"system.posix_acl_access", Buffer{list.view().begin(), list.view().end()}}};
  first.attribute_flags = FS_NODUMP_FL | FS_IMMUTABLE_FL | FS_EXTENT_FL;
  first.hard_link = HardLink{1, 2};
  Entry second = tests::file_entry("second", {});
  second.content.reset();
  second.hard_link = HardLink{1, 2};
  f.set_tree({first, second});
  const RestoreReport report = f.restore();
  CHECK(report.lost.empty());
  const UniqueFd file = open_file(f.in_target("second"), O_RDONLY);
  int flags = 0;
  if (::ioctl(file.get(), FS_IOC_GETFLAGS, &flags) == 0) {
    CHECK(report.not_set.total() == 0);
    CHECK((flags & (FS_NODUMP_FL | FS_IMMUTABLE_FL)) == (FS_NODUMP_FL | FS_IMMUTABLE_FL));
    flags &= ~FS_IMMUTABLE_FL;
    CHECK(::ioctl(file.get(), FS_IOC_SETFLAGS, &flags) == 0);
  }
  Buffer value(100, std::byte{0});
  const ssize_t size =
      ::fgetxattr(file.get(), "system.posix_acl_access", value.data(), value.size());
  REQUIRE(size > 0);
  CHECK(equal(ByteView{value}.first(static_cast<std::size_t>(size)), list.view()));
}

TEST_CASE("Restore: an owner that chown would ignore is not an owner") {
  RestoreFixture f;
  Entry tool = f.file("tool", "elf");
  tool.mode = 04755;
  tool.uid = UINT32_MAX;
  f.set_tree({tool});
  f.settings.mode = RestoreMode::system;
  const RestoreReport report = f.restore();
  CHECK(report.not_set.of(Lack::owner) == 1);
  CHECK(report.not_set.of(Lack::set_id) == 1);
  CHECK(report.not_set.total() == 2);
  CHECK((tests::look_at(f.in_target("tool")).st_mode & 07777) == 0755);
}

TEST_CASE("Restore: without root, contents come back and what cannot be set is reported") {
  if (::geteuid() != 0) {
    return;
  }
  constexpr uid_t kNobody = 65534;
  RestoreFixture f;
  Entry tool = f.file("tool", "elf");
  tool.mode = 04555;  // attributes come before the mode that forbids them
  tool.xattrs = {{"security.capability", Buffer(20, std::byte{0})},
                 {"user.note", Buffer(2, std::byte{0})}};
  // More directories than stay open: they must be finished before the one above is closed.
  std::vector<Entry> inner{f.file("leaf", "1")};
  for (int i = 0; i < 100; ++i) {
    inner.push_back(f.folder("d" + std::to_string(i), {}));
  }
  Entry closed = f.folder("closed", inner);
  closed.mode = 0;
  f.set_tree({closed, tool, tests::special_entry("null", EntryKind::character_device)});
  f.settings.mode = RestoreMode::system;
  REQUIRE(::chown(f.directory.path().c_str(), kNobody, kNobody) == 0);
  CHECK(in_child([&] {
    if (::setgid(kNobody) != 0 || ::setuid(kNobody) != 0) {
      return false;
    }
    const RestoreReport report = f.restore();
    // Owners of two files and 102 directories.
    return report.files == 2 && report.not_set.of(Lack::owner) == 104 &&
           report.not_set.of(Lack::set_id) == 1 && report.not_set.of(Lack::capability) == 1 &&
           report.not_set.of(Lack::device) == 1 && report.not_set.total() == 107 &&
           report.lost.empty();
  }));
  CHECK_FALSE(exists(f.in_target("null")));
  const struct stat info = tests::look_at(f.in_target("tool"));
  CHECK((info.st_mode & 07777) == 0555);
  CHECK(info.st_uid == kNobody);
  CHECK(info.st_mtim.tv_sec == 1'600'000'000);
  CHECK(::getxattr(f.in_target("tool").c_str(), "user.note", nullptr, 0) == 2);
  CHECK(exists(f.in_target("closed/leaf")));
  for (const char* name : {"closed/d0", "closed/d50", "closed/d99"}) {
    CHECK((tests::look_at(f.in_target(name)).st_mode & 07777) == 0755);
  }
  CHECK((tests::look_at(f.in_target("closed")).st_mode & 07777) == 0);
}

TEST_CASE("Restore: a full target ends the restore as lack of space") {
  RestoreFixture f;
  f.set_tree({tests::file_entry("a", f.vault.store(tests::random_bytes(1, 3 * kMiB)))});
  make_directory(f.settings.target);
  if (::mount("azekura-test", f.settings.target.c_str(), "tmpfs", 0, "size=1m") != 0) {
    return;  // not allowed here
  }
  try {
    f.restore();
    CHECK(false);
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::space);
  }
  CHECK(list_directory(f.settings.target).empty());
  CHECK(::umount(f.settings.target.c_str()) == 0);
}

}  // namespace azekura::restore
