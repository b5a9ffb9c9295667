#include "core/confinement.h"

#include "core/unique_fd.h"

#include <asm/ioctls.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <memory>

namespace azekura {

namespace {

// System calls that Debian 12's headers do not know yet.
constexpr int kFchmodat2 = 452;
constexpr int kSetxattrat = 463;
constexpr int kRemovexattrat = 466;
constexpr int kOpenTreeAttr = 467;
constexpr int kFileSetattr = 469;

/// What no reading of a medium and no restore needs.
constexpr std::array kNeverNeeded{
    // Other programs, and a way to the network or to a service.
    SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(socket), SCMP_SYS(socketpair), SCMP_SYS(connect),
    SCMP_SYS(bind), SCMP_SYS(listen), SCMP_SYS(accept), SCMP_SYS(accept4),
    // Other processes.
    SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev), SCMP_SYS(pidfd_open),
    SCMP_SYS(pidfd_getfd), SCMP_SYS(pidfd_send_signal), SCMP_SYS(kill), SCMP_SYS(tkill),
    SCMP_SYS(rt_sigqueueinfo), SCMP_SYS(rt_tgsigqueueinfo), SCMP_SYS(shmat),
#ifndef AZEKURA_SANITIZER_BUILD
    SCMP_SYS(ptrace),  // by which the leak sanitizer looks at its own threads
#endif
    // Mounts and namespaces, and ways around the path of a file.
    SCMP_SYS(mount), SCMP_SYS(umount2), SCMP_SYS(pivot_root), SCMP_SYS(chroot),
    SCMP_SYS(move_mount), SCMP_SYS(open_tree), kOpenTreeAttr, SCMP_SYS(fsopen), SCMP_SYS(fspick),
    SCMP_SYS(fsconfig), SCMP_SYS(fsmount), SCMP_SYS(mount_setattr), SCMP_SYS(unshare),
    SCMP_SYS(setns), SCMP_SYS(open_by_handle_at), SCMP_SYS(fanotify_init), SCMP_SYS(quotactl),
    SCMP_SYS(quotactl_fd), SCMP_SYS(truncate),
    // The machine and its kernel.
    SCMP_SYS(init_module), SCMP_SYS(finit_module), SCMP_SYS(delete_module), SCMP_SYS(kexec_load),
    SCMP_SYS(kexec_file_load), SCMP_SYS(reboot), SCMP_SYS(swapon), SCMP_SYS(swapoff),
    SCMP_SYS(acct), SCMP_SYS(syslog), SCMP_SYS(iopl), SCMP_SYS(ioperm), SCMP_SYS(sethostname),
    SCMP_SYS(setdomainname), SCMP_SYS(settimeofday), SCMP_SYS(clock_settime),
    SCMP_SYS(clock_adjtime), SCMP_SYS(adjtimex), SCMP_SYS(vhangup),
    // Large parts of the kernel that were a way into it before.
    SCMP_SYS(bpf), SCMP_SYS(perf_event_open), SCMP_SYS(userfaultfd), SCMP_SYS(keyctl),
    SCMP_SYS(add_key), SCMP_SYS(request_key), SCMP_SYS(io_uring_setup), SCMP_SYS(io_uring_enter),
    SCMP_SYS(io_uring_register), SCMP_SYS(personality), SCMP_SYS(modify_ldt)};

/// What changes names and attributes, for Landlock knows nothing of attributes. A restore needs
/// these, what only reads does not.
constexpr std::array kChanges{
    SCMP_SYS(chmod),       SCMP_SYS(fchmod),       SCMP_SYS(fchmodat),     kFchmodat2,
    SCMP_SYS(chown),       SCMP_SYS(fchown),       SCMP_SYS(lchown),       SCMP_SYS(fchownat),
    SCMP_SYS(setxattr),    SCMP_SYS(lsetxattr),    SCMP_SYS(fsetxattr),    kSetxattrat,
    SCMP_SYS(removexattr), SCMP_SYS(lremovexattr), SCMP_SYS(fremovexattr), kRemovexattrat,
    SCMP_SYS(utime),       SCMP_SYS(utimes),       SCMP_SYS(futimesat),    SCMP_SYS(utimensat),
    kFileSetattr,          SCMP_SYS(rename),       SCMP_SYS(renameat),     SCMP_SYS(renameat2),
    SCMP_SYS(link),        SCMP_SYS(linkat),       SCMP_SYS(symlink),      SCMP_SYS(symlinkat),
    SCMP_SYS(unlink),      SCMP_SYS(unlinkat),     SCMP_SYS(rmdir),        SCMP_SYS(mkdir),
    SCMP_SYS(mkdirat),     SCMP_SYS(mknod),        SCMP_SYS(mknodat),      SCMP_SYS(creat)};

/// Ways to type on the terminal of whoever started us.
constexpr std::array<scmp_datum_t, 2> kTerminalInput{TIOCSTI, TIOCLINUX};

/// Landlock's rights to write, but for two: for each right that is asked the kernel walks up the
/// whole path, and MAKE_DIR or TRUNCATE (asked at every open) would make deep trees too slow.
constexpr std::uint64_t kWrites = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                                  LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
                                  LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |
                                  LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
                                  LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_REFER;
/// Before, hard links from folder to folder were always refused, which a restore needs.
constexpr int kReferAbi = 2;

struct ReleaseFilter {
  void operator()(void* filter) const noexcept { ::seccomp_release(filter); }
};

bool refuse(scmp_filter_ctx filter, int call) {
  return ::seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EPERM), call, 0, nullptr) == 0;
}

bool refuse_if(scmp_filter_ctx filter, int call, const scmp_arg_cmp& condition) {
  return ::seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EPERM), call, 1, &condition) == 0;
}

/// Calls of other architectures, which have other numbers, are refused as a whole.
bool refuse_calls(bool may_change) {
  const std::unique_ptr<void, ReleaseFilter> owner{::seccomp_init(SCMP_ACT_ALLOW)};
  void* const filter = owner.get();
  const auto refused = [filter](int call) { return refuse(filter, call); };
  const auto kept_from_typing = [filter](scmp_datum_t request) {
    return refuse_if(filter, SCMP_SYS(ioctl), {1, SCMP_CMP_MASKED_EQ, UINT32_MAX, request});
  };
  const auto own_process = static_cast<scmp_datum_t>(::getpid());  // abort() signals itself
  return filter != nullptr &&
         ::seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(EPERM)) == 0 &&
         std::all_of(kNeverNeeded.begin(), kNeverNeeded.end(), refused) &&
         std::all_of(kTerminalInput.begin(), kTerminalInput.end(), kept_from_typing) &&
         refuse_if(filter, SCMP_SYS(tgkill), {0, SCMP_CMP_NE, own_process, 0}) &&
         (may_change || std::all_of(kChanges.begin(), kChanges.end(), refused)) &&
         ::seccomp_load(filter) == 0;
}

bool allow_beneath(int ruleset, const std::string& folder, std::uint64_t rights) {
  const UniqueFd opened{::open(folder.c_str(), O_PATH | O_CLOEXEC)};
  landlock_path_beneath_attr rule{};
  rule.allowed_access = rights;
  rule.parent_fd = opened.get();
  return ::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
}

}  // namespace

int confine_writes(const std::string& writable_folder) {
  const auto abi = static_cast<int>(
      ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION));
  if (abi < kReferAbi) {
    return 0;
  }
  landlock_ruleset_attr handled{};
  handled.handled_access_fs = kWrites;
  const UniqueFd ruleset{
      static_cast<int>(::syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0))};
  const bool in_force = ruleset.is_open() &&
                        (writable_folder.empty() || allow_beneath(ruleset.get(), writable_folder,
                                                                  handled.handled_access_fs)) &&
                        ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
                        ::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) == 0;
  return in_force ? abi : 0;
}

Confinement confine(const std::string& writable_folder) {
  Confinement confinement;
  confinement.landlock = confine_writes(writable_folder);
  confinement.seccomp = refuse_calls(!writable_folder.empty());
  return confinement;
}

}  // namespace azekura
