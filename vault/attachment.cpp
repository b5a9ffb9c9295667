#include "vault/attachment.h"

#include "core/clock.h"
#include "core/error.h"
#include "core/file_io.h"
#include "core/text.h"
#include "vault/device_power.h"
#include "vault/refusal.h"
#include "vault/vault.h"

#include <fcntl.h>

#include <cerrno>
#include <chrono>
#include <thread>
#include <utility>

namespace azekura::vault {

namespace {

/// The kernel lets go of a file system a moment after its last descriptor is closed.
constexpr std::chrono::milliseconds kUnmountPause{20};
constexpr int kUnmountPausesMax = 3000;

/// Waits until nothing uses the disk. False if it is gone.
bool wait_until_unused(const std::string& device) {
  for (int pauses = 0; pauses < kUnmountPausesMax; ++pauses) {
    try {
      static_cast<void>(open_file(device, O_RDONLY | O_EXCL));
      return true;
    } catch (const SystemError& error) {
      if (error.error_number() != EBUSY) {
        return false;
      }
    }
    std::this_thread::sleep_for(kUnmountPause);
  }
  throw MediumError{"\"{}\" is still in use after it was unmounted", printable(device)};
}

}  // namespace

Attachment::Attachment(const ConnectedMedium& connected, Access access, MediumRegister& media,
                       std::string name, Observer& observer)
    : connected_{connected},
      media_{media},
      name_{std::move(name)},
      observer_{observer},
      insertion_{insertion_of(connected.device)},
      attached_at_{steady_seconds()} {
  connection_.attached = wall_clock_now();
  media_.update(name_, [&](MediumRecord& record) {
    record.connections.push_back(connection_);
    record.insertion = insertion_;
  });
  try {
    mount(access);
  } catch (...) {
    static_cast<void>(was_pulled());  // if so, the kernel notices it before the register does
    try {
      end();
    } catch (const Error& error) {
      observer_.notice(error.one_line());
    }
    throw;
  }
}

void Attachment::mount(Access access) {
  force_flushes(connected_.device);
  partition_ = std::make_unique<FilesPartition>(connected_.device.path, connected_.layout);
  mount_ = std::make_unique<PrivateMount>(partition_->path(), access);
  medium_ = std::make_unique<FolderMedium>(mount_->folder(), name_, access);
  const Vault vault{*medium_, std::nullopt};
  if (vault.label() && vault.label()->medium != connected_.label.medium) {
    AuthenticityError error{"the disk of medium '{}' has a file system of another medium", name_};
    error.set_code(refusal::kCloned);
    error.set_hint("keep it, unwritten, as evidence; use another medium");
    throw error;
  }
}

Attachment::~Attachment() {
  if (is_detached_) {
    return;
  }
  try {
    end();
  } catch (const std::exception& error) {
    observer_.notice(
        text("medium '{}' could not be detached as it should: {}", name_, error.what()));
  }
}

bool Attachment::is_there() const { return is_still_there(insertion_); }

bool Attachment::was_pulled() const { return !is_still_there_after_failure(insertion_); }

void Attachment::note_written(std::uint64_t bytes, std::uint32_t first_session,
                              std::uint32_t last_session) {
  connection_.bytes = bytes;
  connection_.first_session = first_session;
  connection_.last_session = last_session;
}

void Attachment::unmount() {
  medium_.reset();
  mount_.reset();
}

void Attachment::release() {
  is_detached_ = true;
  unmount();
  if (wait_until_unused(connected_.device.path)) {
    connection_.end = ConnectionEnd::released;
  }
  record();
}

Connection Attachment::detach() {
  if (is_there()) {
    free_bytes_ = medium_->free_bytes();
  }
  end();
  return connection_;
}

/// Of work that failed, the register does not learn what is free: part of what waits is on the
/// medium already, and the rest must not be taken for too much.
void Attachment::end() {
  is_detached_ = true;
  try {
    unmount();
    if (wait_until_unused(connected_.device.path)) {
      partition_.reset();
      close();
      connection_.end = ConnectionEnd::detached;
      if (power_off(connected_.device)) {
        connection_.end = ConnectionEnd::off;
      }
    }
  } catch (...) {
    record();
    throw;
  }
  record();
}

/// All of it was read back; yet who does not flush may have it in a cache only.
void Attachment::close() const {
  try {
    close_device(connected_.device);
  } catch (const SystemError& error) {
    MediumError failure{"medium '{}' failed when it was detached: {}", name_, error.what()};
    failure.set_code(refusal::kFailing);
    failure.set_hint("pull it, check the slot and the cable, and verify it before you rely on it");
    throw failure;
  }
}

void Attachment::record() {
  connection_.work_seconds = steady_seconds() - attached_at_;
  if (connection_.end == ConnectionEnd::unknown && !is_there()) {
    connection_.overhang_seconds = 0;  // pulled while it was attached
  }
  media_.update(name_, [&](MediumRecord& record) {
    record.connections.back() = connection_;
    record.free_bytes = free_bytes_.value_or(record.free_bytes);
  });
}

}  // namespace azekura::vault
