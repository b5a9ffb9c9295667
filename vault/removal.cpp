#include "vault/removal.h"

#include "core/error.h"
#include "core/file_io.h"
#include "vault/sysfs.h"

#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <thread>

namespace azekura::vault {

namespace {

constexpr std::chrono::milliseconds kFailurePause{50};
constexpr int kFailureLooks = 60;  // 3 s

}  // namespace

Insertion insertion_of(const BlockDevice& device) {
  return {boot_id(), removal_folder(device), disk_folder(device), device.attachment};
}

bool is_still_there(const Insertion& insertion) {
  if (insertion.boot != boot_id() || !exists(insertion.folder)) {
    return false;
  }
  if (exists(insertion.disk)) {
    return attachment_in(insertion.disk) == insertion.attachment;
  }
  // A USB device that was cut off has no disk any more; one that came back in its port has leave.
  return insertion.folder != insertion.disk && sysfs_text(insertion.folder + "/authorized") == "0";
}

bool is_still_there_after_failure(const Insertion& insertion) {
  for (int looks = 0; looks < kFailureLooks; ++looks) {
    if (!is_still_there(insertion)) {
      return false;
    }
    std::this_thread::sleep_for(kFailurePause);
  }
  return is_still_there(insertion);
}

DeviceEvents::DeviceEvents()
    : socket_{
          ::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT)} {
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = 1;  // the kernel's own, which need no udev
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): what bind takes
  const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
  if (!socket_.is_open() || ::bind(socket_.get(), generic, sizeof address) != 0) {
    throw SystemError{errno, "listen to the kernel's events of devices"};
  }
}

void DeviceEvents::wait(double seconds, int input) {
  constexpr double kMilliseconds = 1000;
  std::array<pollfd, 2> ready{{{.fd = socket_.get(), .events = POLLIN, .revents = 0},
                               {.fd = input, .events = POLLIN, .revents = 0}}};
  static_cast<void>(::poll(ready.data(), ready.size(), static_cast<int>(seconds * kMilliseconds)));
  // What they say is looked up: events get lost when many come.
  std::array<char, 8192> event{};
  while (::recv(socket_.get(), event.data(), event.size(), 0) > 0) {
  }
}

}  // namespace azekura::vault
