#include "vault/enrolment.h"

#include "core/clock.h"
#include "core/error.h"
#include "core/file_io.h"
#include "core/text.h"
#include "vault/device_power.h"
#include "vault/disk_label.h"
#include "vault/files_partition.h"
#include "vault/layout_writer.h"
#include "vault/medium_setup.h"
#include "vault/private_mount.h"
#include "vault/refusal.h"
#include "vault/vault.h"

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>

namespace azekura::vault {

namespace {

constexpr std::uint64_t kXfsBytesMin = 300 * kMiB;  // mkfs.xfs makes no smaller one
// docs/format.md, section 2: what there is of every session.
constexpr std::array<const char*, 4> kSessionTraces{"sessions", "sessions-2", "sessions-3",
                                                    "packs"};

/// The label of a disk with our partitions, if it can be read.
std::optional<Label> label_of(const BlockDevice& device, const MediumLayout& layout) {
  try {
    return read_disk_label(device.path, layout);
  } catch (const DamageError&) {
    return std::nullopt;
  } catch (const AuthenticityError&) {
    return std::nullopt;
  }
}

/// Whether a disk with our partitions has something of a session. One whose file system cannot be
/// mounted gives none back.
bool has_sessions(const BlockDevice& device, const MediumLayout& layout) {
  const FilesPartition partition{device.path, layout};
  try {
    const PrivateMount mount{partition.path(), Access::read};
    const FolderMedium medium{mount.folder(), device.path, Access::read};
    return std::any_of(kSessionTraces.begin(), kSessionTraces.end(),
                       [&](const char* folder) { return !medium.list(folder).empty(); });
  } catch (const DamageError&) {  // what cannot be listed may be there
    return true;
  } catch (const MediumError& error) {
    if (error.code() != refusal::kFailing) {  // we may not mount it: nothing is known
      throw;
    }
    return false;
  }
}

[[noreturn]] void refuse_medium(const BlockDevice& device, std::string_view whose) {
  UsageError error{"\"{}\" is a medium of {}, with what was backed up onto it",
                   printable(device.path), whose};
  error.set_hint("use another disk; a medium is never erased here");
  throw error;
}

[[noreturn]] void refuse_lost_label(const BlockDevice& device) {
  UsageError error{"\"{}\" is a medium whose label cannot be read, with what was backed up onto it",
                   printable(device.path)};
  error.set_hint(
      "use another disk; a medium is never erased here. What is on it is restored with 'azekura "
      "restore latest --from DEVICE' and the recovery kit");
  throw error;
}

void expect_large_enough(const BlockDevice& device, FileSystem kind) {
  const std::uint64_t needed =
      kind == FileSystem::xfs ? kXfsBytesMin + kLayoutBytes : kLaidOutBytesMin;
  if (device.bytes < needed) {
    UsageError error{"\"{}\" has {}, a medium needs {}", printable(device.path),
                     human_bytes(device.bytes), human_bytes(needed)};
    error.set_hint(kind == FileSystem::xfs ? "use a larger disk, or leave --file-system out"
                                           : "use a larger disk");
    throw error;
  }
}

/// Errors: UsageError unless the label is of the set's medium, and the register lost it.
void expect_own_medium(const Site& site, const MediumRegister& media, const SetSecrets& secrets,
                       const BlockDevice& device, const Label& label) {
  if (label.site != site.id()) {
    refuse_medium(device, text("another site"));
  }
  if (const std::optional<MediumRecord> known = media.find(label.medium)) {
    refuse_medium(device, text("this site: it is '{}'", known->name));
  }
  // A lost host's media go on as the new host's sets, whose ids are others: docs/adr/0011.
  const bool is_of_lost_host = label.writer.certificate.epoch < site.writer().certificate.epoch;
  if (label.set != secrets.id && !is_of_lost_host) {
    refuse_medium(device, text("another set of this site"));
  }
}

/// While it is open udev leaves the disk alone. Else, after each write, it makes the kernel read
/// the partitions again, which are not there for a moment.
UniqueFd keep_udev_away(const BlockDevice& device) {
  UniqueFd file = open_file(device.path, O_RDONLY);
  if (::flock(file.get(), LOCK_EX) != 0) {
    throw SystemError{errno, "lock \"{}\"", printable(device.path)};
  }
  return file;
}

/// Mounts the new medium once more and reads its label from the device.
void read_back(const BlockDevice& device, const MediumLayout& layout, const std::string& set,
               const MediumId& wanted) {
  const FilesPartition partition{device.path, layout};
  const PrivateMount mount{partition.path(), Access::read};
  const FolderMedium medium{mount.folder(), set, Access::read};
  const Vault vault{medium, std::nullopt};
  if (!vault.label() || vault.label()->medium != wanted ||
      read_disk_label(device.path, layout).medium != wanted) {
    MediumError error{"\"{}\" does not give back the label that was written",
                      printable(device.path)};
    error.set_hint("use another disk");
    throw error;
  }
}

MediumRecord record_of(const std::string& set, const BlockDevice& device, const Label& label) {
  MediumRecord record;
  record.name = set;
  record.id = label.medium;
  record.set = set;
  record.sequence = label.sequence;
  record.description = device.description;
  record.bytes = device.bytes;
  record.enrolled = wall_clock_now();
  return record;
}

}  // namespace

Enrolment plan_enrolment(const Site& site, const MediumRegister& media, const std::string& set,
                         const BlockDevice& device, FileSystem kind) {
  const SetSecrets secrets = site.set_secrets(set);
  if (const std::string use = use_of(device); !use.empty()) {
    UsageError error{"\"{}\" is {}", printable(device.path), use};
    error.set_hint("use a disk that nothing else uses");
    throw error;
  }
  const std::optional<MediumLayout> layout = find_layout(device.path);
  if (layout) {
    if (const std::optional<Label> label = label_of(device, *layout)) {
      expect_own_medium(site, media, secrets, device, *label);
      return Enrolment::recover;
    }
    if (has_sessions(device, *layout)) {
      refuse_lost_label(device);
    }
  }
  for (const MediumRecord& record : media.all()) {
    if (record.set == set) {
      UsageError error{"the set '{}' has a medium already: '{}'", set, record.name};
      error.set_hint("add another set for another medium: 'azekura set add NAME'");
      throw error;
    }
  }
  if (device.read_only) {
    UsageError error{"\"{}\" is read-only", printable(device.path)};
    error.set_hint("unlock its switch, pull it and insert it again; or use another disk");
    throw error;
  }
  expect_large_enough(device, kind);
  return layout ? Enrolment::anew : Enrolment::erase;
}

MediumRecord enrol(const Site& site, MediumRegister& media, const std::string& set,
                   const BlockDevice& device, FileSystem kind, const std::string& restore_program) {
  const Buffer program = read_restore_program(restore_program);
  const UniqueFd lock = keep_udev_away(device);
  force_flushes(device);
  const MediumLayout layout = write_layout(device.path);
  const Label label = new_label(site, site.set_secrets(set), layout.files_bytes);
  const Buffer label_bytes = label.encode(site.host_key());
  MediumRecord record = record_of(set, device, label);
  Connection connection;
  connection.attached = record.enrolled;
  record.insertion = insertion_of(device);
  const double begun = steady_seconds();
  {
    const FilesPartition partition{device.path, layout};
    make_file_system(partition.path(), kind);
    const PrivateMount mount{partition.path(), Access::append};
    FolderMedium medium{mount.folder(), set, Access::append};
    fill_new_medium(medium, label_bytes, program);
    record.free_bytes = medium.free_bytes();
  }
  // Last, so that a disk without one can be begun anew.
  write_disk_label(device.path, layout, label_bytes);
  read_back(device, layout, set, label.medium);
  close_device(device);
  connection.end = power_off(device) ? ConnectionEnd::off : ConnectionEnd::detached;
  connection.work_seconds = steady_seconds() - begun;
  record.connections.push_back(connection);
  media.add(record);
  return record;
}

MediumRecord recover(MediumRegister& media, const std::string& set, const BlockDevice& device) {
  const std::optional<MediumLayout> layout = find_layout(device.path);
  AZK_CHECK(layout.has_value());
  MediumRecord record = record_of(set, device, read_disk_label(device.path, *layout));
  // Of unknown end: it is connected until it is pulled, and may be written before.
  Connection connection;
  connection.attached = record.enrolled;
  record.connections.push_back(connection);
  record.insertion = insertion_of(device);
  media.add(record);
  return record;
}

}  // namespace azekura::vault
