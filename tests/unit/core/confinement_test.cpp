#include "core/confinement.h"

#include "core/file_io.h"
#include "tests/support/temp_dir.h"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace azekura {

namespace {

using tests::TempDir;

/// What `step` says in a process of its own, whose confinement ends with it.
std::string in_child(const std::function<std::string()>& step) {
  std::array<int, 2> ends{};
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
  UniqueFd from_child{ends[0]};
  UniqueFd to_parent{ends[1]};
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const rlimit none{.rlim_cur = 0, .rlim_max = 0};
    ::setrlimit(RLIMIT_CORE, &none);
    try {
      const std::string said = step();
      write_all(to_parent.get(), as_bytes(said), "pipe");
    } catch (const std::exception&) {
      ::_exit(1);
    }
    ::_exit(0);
  }
  to_parent = UniqueFd{};
  Buffer said(64 * kKiB);
  said.resize(read_some(from_child.get(), said, "pipe"));
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return status == 0 ? std::string{as_text(said)}
                     : "the child ended with " + std::to_string(status);
}

std::string_view name_of(int error_number) {
  const char* const name = ::strerrorname_np(error_number);
  return error_number == 0 ? "done" : name != nullptr ? name : "unknown";
}

/// What this kernel, or what is around this process, lets hold.
Confinement held() {
  const std::string said = in_child([] {
    const Confinement confinement = confine({});
    return std::to_string(confinement.landlock * 2 + (confinement.seccomp ? 1 : 0));
  });
  const int number = std::stoi(said);
  return {number % 2 == 1, number / 2};
}

bool has_seccomp() {
  const bool has = held().seccomp;
  if (!has) {
    MESSAGE("skipped: there is no seccomp here");
  }
  return has;
}

bool has_landlock() {
  const bool has = held().landlock > 0;
  if (!has) {
    MESSAGE("skipped: there is no Landlock here, or only ABI 1");
  }
  return has;
}

// --- system calls

/// A call that harms nothing if it is not refused: its arguments are wrong.
struct Call {
  std::string_view name;
  long number;
  std::array<long, 5> arguments;
};

constexpr long kNobody = 0x3fffffff;  ///< no process has this id
constexpr long kOtherAbi = 0x40000000;
constexpr long kHighBits = 1L << 40;  ///< which the kernel does not look at

/// Refused to nobody, but by a confinement.
constexpr std::array kOpenToAll{
    Call{"execve", SYS_execve, {}},
    Call{"execveat", SYS_execveat, {-1}},
    Call{"socket", SYS_socket, {1, 1}},
    Call{"socketpair", SYS_socketpair, {1, 1}},
    Call{"connect", SYS_connect, {-1}},
    Call{"bind", SYS_bind, {-1}},
    Call{"listen", SYS_listen, {-1}},
    Call{"accept", SYS_accept, {-1}},
    Call{"accept4", SYS_accept4, {-1}},
    Call{"kill", SYS_kill, {kNobody}},
    Call{"tkill", SYS_tkill, {kNobody}},
    Call{"tgkill", SYS_tgkill, {kNobody, kNobody}},
    Call{"rt_sigqueueinfo", SYS_rt_sigqueueinfo, {kNobody}},
    Call{"rt_tgsigqueueinfo", SYS_rt_tgsigqueueinfo, {kNobody, kNobody}},
    Call{"shmat", SYS_shmat, {-1}},
    Call{"personality", SYS_personality, {0xffffffff}},
    Call{"ioctl TIOCSTI", SYS_ioctl, {-1, TIOCSTI}},
    Call{"ioctl TIOCSTI with more bits", SYS_ioctl, {-1, TIOCSTI | kHighBits}},
    Call{"ioctl TIOCLINUX", SYS_ioctl, {-1, TIOCLINUX}},
    Call{"truncate", SYS_truncate, {}},
    Call{"getpid of x32", kOtherAbi | SYS_getpid, {}},
};
/// Those that a user, a kernel's settings or a container may be refused anyway.
constexpr std::array kOpenToSome{
#ifndef AZEKURA_SANITIZER_BUILD
    Call{"ptrace", SYS_ptrace, {-1, kNobody}},
#endif
    Call{"process_vm_readv", SYS_process_vm_readv, {kNobody}},
    Call{"process_vm_writev", SYS_process_vm_writev, {kNobody}},
    Call{"pidfd_open", SYS_pidfd_open, {0}},
    Call{"pidfd_getfd", SYS_pidfd_getfd, {-1}},
    Call{"pidfd_send_signal", SYS_pidfd_send_signal, {-1}},
    Call{"mount", SYS_mount, {}},
    Call{"umount2", SYS_umount2, {}},
    Call{"pivot_root", SYS_pivot_root, {}},
    Call{"chroot", SYS_chroot, {}},
    Call{"move_mount", SYS_move_mount, {-1, 0, -1, 0, -1}},
    Call{"open_tree", SYS_open_tree, {-1, 0, -1}},
    Call{"open_tree_attr", 467, {-1, 0, -1}},
    Call{"fsopen", SYS_fsopen, {0, -1}},
    Call{"fspick", SYS_fspick, {-1, 0, -1}},
    Call{"fsconfig", SYS_fsconfig, {-1, -1}},
    Call{"fsmount", SYS_fsmount, {-1, -1}},
    Call{"mount_setattr", SYS_mount_setattr, {-1, 0, -1}},
    Call{"unshare", SYS_unshare, {1}},
    Call{"setns", SYS_setns, {-1}},
    Call{"open_by_handle_at", SYS_open_by_handle_at, {-1}},
    Call{"fanotify_init", SYS_fanotify_init, {-1}},
    Call{"quotactl", SYS_quotactl, {-1}},
    Call{"quotactl_fd", SYS_quotactl_fd, {-1}},
    Call{"init_module", SYS_init_module, {}},
    Call{"finit_module", SYS_finit_module, {-1}},
    Call{"delete_module", SYS_delete_module, {}},
    Call{"kexec_load", SYS_kexec_load, {0, -1, 0, -1}},
    Call{"kexec_file_load", SYS_kexec_file_load, {-1, -1, 0, 0, -1}},
    Call{"reboot", SYS_reboot, {}},
    Call{"swapon", SYS_swapon, {0, -1}},
    Call{"swapoff", SYS_swapoff, {}},
    Call{"acct", SYS_acct, {1}},
    Call{"syslog", SYS_syslog, {-1}},
    Call{"iopl", SYS_iopl, {-1}},
    Call{"ioperm", SYS_ioperm, {-1, -1}},
    Call{"sethostname", SYS_sethostname, {0, -1}},
    Call{"setdomainname", SYS_setdomainname, {0, -1}},
    Call{"settimeofday", SYS_settimeofday, {1}},
    Call{"clock_settime", SYS_clock_settime, {9999}},
    Call{"clock_adjtime", SYS_clock_adjtime, {9999}},
    Call{"adjtimex", SYS_adjtimex, {}},
    Call{"bpf", SYS_bpf, {9999}},
    Call{"perf_event_open", SYS_perf_event_open, {}},
    Call{"userfaultfd", SYS_userfaultfd, {-1}},
    Call{"keyctl", SYS_keyctl, {9999}},
    Call{"add_key", SYS_add_key, {}},
    Call{"request_key", SYS_request_key, {}},
    Call{"io_uring_setup", SYS_io_uring_setup, {}},
    Call{"io_uring_enter", SYS_io_uring_enter, {-1}},
    Call{"io_uring_register", SYS_io_uring_register, {-1}},
    Call{"modify_ldt", SYS_modify_ldt, {9999}},
};
/// Refused if nothing may be changed.
constexpr std::array kChanging{
    Call{"chmod", SYS_chmod, {}},
    Call{"fchmod", SYS_fchmod, {-1}},
    Call{"fchmodat", SYS_fchmodat, {-1}},
    Call{"fchmodat2", 452, {-1}},
    Call{"chown", SYS_chown, {}},
    Call{"fchown", SYS_fchown, {-1}},
    Call{"lchown", SYS_lchown, {}},
    Call{"fchownat", SYS_fchownat, {-1}},
    Call{"setxattr", SYS_setxattr, {}},
    Call{"lsetxattr", SYS_lsetxattr, {}},
    Call{"fsetxattr", SYS_fsetxattr, {-1}},
    Call{"setxattrat", 463, {-1}},
    Call{"removexattr", SYS_removexattr, {}},
    Call{"lremovexattr", SYS_lremovexattr, {}},
    Call{"fremovexattr", SYS_fremovexattr, {-1}},
    Call{"removexattrat", 466, {-1}},
    Call{"utime", SYS_utime, {}},
    Call{"utimes", SYS_utimes, {}},
    Call{"futimesat", SYS_futimesat, {-1, 1}},
    Call{"utimensat", SYS_utimensat, {-1, 1}},
    Call{"file_setattr", 469, {-1}},
    Call{"rename", SYS_rename, {}},
    Call{"renameat", SYS_renameat, {-1, 0, -1}},
    Call{"renameat2", SYS_renameat2, {-1, 0, -1}},
    Call{"link", SYS_link, {}},
    Call{"linkat", SYS_linkat, {-1, 0, -1}},
    Call{"symlink", SYS_symlink, {}},
    Call{"symlinkat", SYS_symlinkat, {0, -1}},
    Call{"unlink", SYS_unlink, {}},
    Call{"unlinkat", SYS_unlinkat, {-1}},
    Call{"rmdir", SYS_rmdir, {}},
    Call{"mkdir", SYS_mkdir, {}},
    Call{"mkdirat", SYS_mkdirat, {-1}},
    Call{"mknod", SYS_mknod, {}},
    Call{"mknodat", SYS_mknodat, {-1}},
    Call{"creat", SYS_creat, {}},
};

bool is_refused(const Call& call) {
  const auto& [a, b, c, d, e] = call.arguments;
  errno = 0;
  return ::syscall(call.number, a, b, c, d, e) == -1 && errno == EPERM;
}

std::string refused_among(std::span<const Call> calls) {
  std::string names;
  for (const Call& call : calls) {
    names += is_refused(call) ? std::string{call.name} + "; " : "";
  }
  return names;
}

std::string all_of(std::span<const Call> calls) {
  std::string names;
  for (const Call& call : calls) {
    names += std::string{call.name} + "; ";
  }
  return names;
}

/// Of x86 with 32 bits, where 20 is getpid.
long call_of_32_bits() {
  long result = 20;
  asm volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
  return result;
}

// --- files

struct Attempt {
  std::string_view name;
  std::function<long()> call;
};

/// A folder in which changes_in() can change something.
void prepare(const TempDir& dir, const std::string& folder) {
  dir.make_directory(folder + "/below");
  dir.make_directory(folder + "/empty");
  for (const char* name : {"written", "renamed", "moved", "linked", "removed"}) {
    dir.write(folder + "/" + name, "old");
  }
}

std::vector<Attempt> changes_in(const std::string& folder) {
  const auto path = [folder](std::string_view name) { return folder + "/" + std::string{name}; };
  const auto opened = [](const std::string& name, int flags) {
    return UniqueFd{::open(name.c_str(), flags | O_CLOEXEC, 0600)}.is_open() ? 0L : -1L;
  };
  return {
      {"create", [=] { return opened(path("new"), O_WRONLY | O_CREAT | O_EXCL); }},
      {"unnamed file", [=] { return opened(folder, O_RDWR | O_TMPFILE); }},
      {"write", [=] { return opened(path("written"), O_WRONLY); }},
      {"rename", [=] { return ::rename(path("renamed").c_str(), path("named").c_str()); }},
      {"move", [=] { return ::rename(path("moved").c_str(), path("below/moved").c_str()); }},
      {"link", [=] { return ::link(path("linked").c_str(), path("below/link").c_str()); }},
      {"unlink", [=] { return ::unlink(path("removed").c_str()); }},
      {"rmdir", [=] { return ::rmdir(path("empty").c_str()); }},
      {"mkdir", [=] { return ::mkdir(path("made").c_str(), 0700); }},
      {"symlink", [=] { return ::symlink("written", path("symlink").c_str()); }},
      {"FIFO", [=] { return ::mkfifo(path("fifo").c_str(), 0600); }},
  };
}

/// A device, which only root may make.
Attempt device_in(const std::string& folder) {
  return {"device",
          [=] { return ::mknod((folder + "/null").c_str(), S_IFCHR | 0600, makedev(1, 3)); }};
}

/// How each attempt ended, like "rename EACCES; link EACCES; ".
std::string ends_of(const std::vector<Attempt>& attempts) {
  std::string ends;
  for (const Attempt& attempt : attempts) {
    errno = 0;
    const int error_number = attempt.call() == 0 ? 0 : errno;
    ends += std::string{attempt.name} + ' ' + std::string{name_of(error_number)} + "; ";
  }
  return ends;
}

std::string all_end(const std::vector<Attempt>& attempts, std::string_view end) {
  std::string ends;
  for (const Attempt& attempt : attempts) {
    ends += std::string{attempt.name} + ' ' + std::string{end} + "; ";
  }
  return ends;
}

/// Directories may be made.
std::vector<Attempt> refused_changes_in(const std::string& folder) {
  std::vector<Attempt> attempts = changes_in(folder);
  std::erase_if(attempts, [](const Attempt& one) { return one.name == "mkdir"; });
  return attempts;
}

}  // namespace

TEST_CASE("Confinement: programs, sockets, other processes, mounts and the kernel are refused") {
  if (!has_seccomp()) {
    return;
  }
  CHECK(in_child([] { return refused_among(kOpenToAll); }).empty());
  const std::string anyway = in_child([] { return refused_among(kOpenToSome); });
  if (!anyway.empty()) {
    MESSAGE("refused here without a confinement too: ", anyway);
  }
  const TempDir dir;
  for (const std::string& writable : {std::string{}, dir.path()}) {
    CHECK(in_child([&] {
            static_cast<void>(confine(writable));
            return refused_among(kOpenToAll) + refused_among(kOpenToSome);
          }) == all_of(kOpenToAll) + all_of(kOpenToSome));
  }
}

TEST_CASE("Confinement: calls of 32 bits are refused") {
  const std::string without = in_child([] { return std::to_string(call_of_32_bits()); });
  if (!has_seccomp() || without.starts_with("the child")) {
    MESSAGE("skipped: this kernel has no calls of 32 bits");
    return;
  }
  CHECK(without != std::to_string(-EPERM));
  CHECK(in_child([] {
          static_cast<void>(confine({}));
          return std::to_string(call_of_32_bits());
        }) == std::to_string(-EPERM));
}

TEST_CASE("Confinement: where nothing may be written, no name or attribute can be changed") {
  if (!has_seccomp()) {
    return;
  }
  CHECK(in_child([] { return refused_among(kChanging); }).empty());
  CHECK(in_child([] {
          static_cast<void>(confine({}));
          return refused_among(kChanging);
        }) == all_of(kChanging));
}

TEST_CASE("Confinement: beneath the folder everything can be made and changed") {
  const TempDir dir;
  prepare(dir, "inside");
  const std::vector<Attempt> changes = changes_in(dir.path("inside"));
  const std::string file = dir.path("inside/written");
  CHECK(in_child([&] {
          static_cast<void>(confine(dir.path("inside")));
          const timespec now{};
          const bool set = ::chmod(file.c_str(), 0640) == 0 &&
                           ::chown(file.c_str(), ::getuid(), ::getgid()) == 0 &&
                           ::utimensat(AT_FDCWD, file.c_str(), std::array{now, now}.data(), 0) == 0;
          return ends_of(changes) + (set ? "attributes too" : "");
        }) == all_end(changes, "done") + "attributes too");
}

TEST_CASE("Confinement: a device can be made beneath the folder, and nowhere else") {
  const TempDir dir;
  for (const char* name : {"free", "inside", "outside"}) {
    dir.make_directory(name);
  }
  if (in_child([&] { return ends_of({device_in(dir.path("free"))}); }) != "device done; ") {
    MESSAGE("skipped: this user may make no devices");
    return;
  }
  CHECK(in_child([&] {
          static_cast<void>(confine(dir.path("inside")));
          return ends_of({device_in(dir.path("inside"))});
        }) == "device done; ");
  if (has_landlock()) {
    CHECK(in_child([&] {
            static_cast<void>(confine(dir.path("inside")));
            return ends_of({device_in(dir.path("outside"))});
          }) == "device EACCES; ");
  }
}

TEST_CASE("Confinement: outside the folder nothing can be made or changed") {
  if (!has_landlock()) {
    return;
  }
  const TempDir dir;
  for (const char* name : {"free", "inside", "outside"}) {
    prepare(dir, name);
  }
  // Without a confinement all of it can be done.
  CHECK(ends_of(changes_in(dir.path("free"))) == all_end(changes_in(""), "done"));
  const std::vector<Attempt> changes = refused_changes_in(dir.path("outside"));
  CHECK(in_child([&] {
          static_cast<void>(confine(dir.path("inside")));
          return ends_of(changes);
        }) == all_end(changes, "EACCES"));
  // A name inside for what is outside would make it ours.
  CHECK(in_child([&] {
          static_cast<void>(confine(dir.path("inside")));
          return ends_of({{"link", [&] {
                             return ::link(dir.path("outside/linked").c_str(),
                                           dir.path("inside/theirs").c_str());
                           }}});
        }) == "link EXDEV; ");
  CHECK(in_child([] {
          static_cast<void>(confine({}));
          return UniqueFd{::open("/dev/null", O_WRONLY)}.is_open() ? "open" : "refused";
        }) == "refused");
}

TEST_CASE("Confinement: all can be read, and what is open for writing can be written") {
  const TempDir dir;
  dir.write("file", "text");
  const UniqueFd log = open_file(dir.path("log"), O_WRONLY | O_CREAT);
  CHECK(in_child([&] {
          static_cast<void>(confine({}));
          write_all(log.get(), as_bytes("said"), "log");
          return std::string{as_text(read_file(dir.path("file"), 100))} +
                 std::to_string(list_directory(dir.path()).size());
        }) == "text2");
  CHECK(as_text(read_file(dir.path("log"), 100)) == "said");
}

TEST_CASE("Confinement: threads that begin later are confined") {
  if (!has_landlock() || !has_seccomp()) {
    return;
  }
  const TempDir dir;
  prepare(dir, "outside");
  dir.make_directory("inside");
  const std::vector<Attempt> changes = refused_changes_in(dir.path("outside"));
  CHECK(in_child([&] {
          static_cast<void>(confine(dir.path("inside")));
          std::string said;
          std::thread{[&] { said = ends_of(changes) + refused_among(kOpenToAll); }}.join();
          return said;
        }) == all_end(changes, "EACCES") + all_of(kOpenToAll));
}

TEST_CASE("Confinement: it can be narrowed to a folder that did not exist") {
  if (!has_landlock()) {
    return;
  }
  const TempDir dir;
  prepare(dir, "beside");
  const std::vector<Attempt> refused = refused_changes_in(dir.path("beside"));
  const std::vector<Attempt> allowed = changes_in(dir.path("target"));
  CHECK(in_child([&] {
          static_cast<void>(confine(dir.path()));
          prepare(dir, "target");
          static_cast<void>(confine_writes(dir.path("target")));
          return ends_of(refused) + ends_of(allowed);
        }) == all_end(refused, "EACCES") + all_end(allowed, "done"));
}

TEST_CASE("Confinement: a signal to ourselves, as abort() sends it, arrives") {
  CHECK(in_child([]() -> std::string {
          static_cast<void>(confine({}));
          ::signal(SIGABRT, SIG_DFL);
          std::abort();
        }) == "the child ended with " + std::to_string(SIGABRT));
}

TEST_CASE("Confinement: where the kernel refuses it, all goes on without") {
  CHECK(in_child([]() -> std::string {
          scmp_filter_ctx filter = ::seccomp_init(SCMP_ACT_ALLOW);
          if (::seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ALLOW) != 0) {
            return "no attribute";
          }
          for (const int call :
               {SCMP_SYS(seccomp), SCMP_SYS(landlock_create_ruleset), SCMP_SYS(prctl)}) {
            if (::seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EPERM), call, 0, nullptr) != 0) {
              return "no rule";
            }
          }
          if (::seccomp_load(filter) != 0) {
            return "not loaded";
          }
          ::seccomp_release(filter);
          const Confinement confinement = confine({});
          return confinement.seccomp || confinement.landlock != 0
                     ? "it says it holds"
                     : "open: " + refused_among(kOpenToAll);
        }) == "open: ");
}

TEST_CASE("Confinement: a folder that is not there costs only the part of Landlock") {
  const TempDir dir;
  CHECK(in_child([&] { return std::to_string(confine(dir.path("absent")).landlock); }) == "0");
}

}  // namespace azekura
