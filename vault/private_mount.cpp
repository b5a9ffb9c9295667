#include "vault/private_mount.h"

#include "core/error.h"
#include "core/messages.h"
#include "core/text.h"
#include "vault/disk_probe.h"
#include "vault/refusal.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace azekura::vault {

namespace {

// Of Linux 5.14; glibc 2.36 does not name it.
constexpr unsigned kNoSymlinksFollowed = 0x00200000;

struct MountFlag {
  std::string_view file_system;
  const char* name;
};
// What a write-protected medium needs to be read when its last writer was killed.
constexpr std::array<MountFlag, 2> kWithoutJournal{{{"ext4", "noload"}, {"xfs", "norecovery"}}};

/// As mount calls it. Errors: MediumError if it is none that a medium has.
std::string file_system_of(const std::string& partition) {
  std::string found;
  try {
    found = DiskProbe{partition}.content().type;
  } catch (const SystemError& error) {
    MediumError failure{"\"{}\" cannot be read: {}", printable(partition), error.what()};
    failure.set_hint(error.hint());
    failure.set_code(refusal::kFailing);
    throw failure;
  }
  if (std::none_of(kWithoutJournal.begin(), kWithoutJournal.end(),
                   [&](const MountFlag& flag) { return flag.file_system == found; })) {
    MediumError error{"\"{}\" has no file system that can be mounted", printable(partition)};
    error.set_code(refusal::kFailing);
    error.set_hint(
        "use another medium; 'lsblk -o PATH,PARTLABEL,SIZE' shows which disks have a partition "
        "azekura");
    throw error;
  }
  return found;
}

/// What the kernel says of a mount that failed, besides errno.
std::string kernel_message(int context) {
  std::array<char, 512> text{};
  const ssize_t count = ::read(context, text.data(), text.size());
  if (count <= 2) {
    return "";
  }
  std::string_view said{text.data() + 2, static_cast<std::size_t>(count - 2)};
  said = said.substr(0, said.find('\n'));
  return fmt::format(" ({})", printable(said));
}

bool set_string(int context, const char* key, const char* value) {
  return ::fsconfig(context, FSCONFIG_SET_STRING, key, value, 0) == 0;
}

bool set_flag(int context, const char* key) {
  return ::fsconfig(context, FSCONFIG_SET_FLAG, key, nullptr, 0) == 0;
}

/// The superblock; an empty descriptor if the kernel refused, with errno and `message`.
UniqueFd make_superblock(const std::string& partition, const std::string& file_system, bool is_read,
                         bool without_journal, std::string& message) {
  UniqueFd context{::fsopen(file_system.c_str(), FSOPEN_CLOEXEC)};
  bool is_set = context.is_open() && set_string(context.get(), "source", partition.c_str()) &&
                (!is_read || set_flag(context.get(), "ro"));
  if (is_set && file_system == "ext4" && !is_read) {
    is_set = set_string(context.get(), "errors", "remount-ro");
  }
  for (const auto& [name, flag] : kWithoutJournal) {
    if (is_set && without_journal && name == file_system) {
      is_set = set_flag(context.get(), flag);
    }
  }
  if (is_set && ::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) == 0) {
    return context;
  }
  const int refused = errno;
  message = context.is_open() ? kernel_message(context.get()) : "";
  errno = refused;
  return {};
}

}  // namespace

PrivateMount::PrivateMount(const std::string& partition, Access access) {
  const std::string file_system = file_system_of(partition);
  const bool is_read = access == Access::read;
  std::string message;
  UniqueFd context = make_superblock(partition, file_system, is_read, false, message);
  if (!context.is_open() && is_read) {
    context = make_superblock(partition, file_system, is_read, true, message);
  }
  unsigned attributes = MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC |
                        MOUNT_ATTR_NOATIME | kNoSymlinksFollowed;
  attributes |= is_read ? MOUNT_ATTR_RDONLY : 0U;
  if (context.is_open()) {
    mount_ = UniqueFd{::fsmount(context.get(), FSMOUNT_CLOEXEC, attributes)};
  }
  if (!mount_.is_open()) {
    const int refused = errno;
    MediumError error{"the {} of \"{}\" cannot be mounted: {}{}", file_system, printable(partition),
                      SystemError{refused, "mount it"}.what(), message};
    if (refused == EPERM) {
      error.set_hint("mounting wants root: run it as root");
      throw error;
    }
    if (refused == EBUSY) {
      error.set_hint("something else has mounted it: unmount it, or name the folder");
      throw error;
    }
    error.set_code(refusal::kFailing);
    error.set_hint(
        text("try another slot or cable; what is sealed on it can still be read. If its "
             "disk failed while it was written, 'fsck -y {}' lets it be written again; "
             "better use another one",
             printable(partition)));
    throw error;
  }
}

std::string PrivateMount::own_path() const { return fmt::format("/proc/self/fd/{}", mount_.get()); }

UniqueFd PrivateMount::folder() const {
  UniqueFd folder{::openat(mount_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!folder.is_open()) {
    throw SystemError{errno, "open the mounted medium"};
  }
  return folder;
}

}  // namespace azekura::vault
