#include "vault/enrolment.h"

#include "core/clock.h"
#include "core/error.h"
#include "core/file_io.h"
#include "core/text.h"
#include "vault/device_power.h"
#include "vault/disk_label.h"
#include "vault/medium_setup.h"
#include "vault/private_mount.h"
#include "vault/vault.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <optional>

namespace azekura::vault {

namespace {

/// The label of a disk, if it is one of a medium and can be read.
std::optional<Label> label_of(const BlockDevice& device) {
  try {
    const std::optional<MediumLayout> layout = find_layout(device.path);
    return layout ? std::optional{read_disk_label(device.path, *layout)} : std::nullopt;
  } catch (const DamageError&) {
    return std::nullopt;
  }
}

[[noreturn]] void refuse_medium(const BlockDevice& device, std::string_view whose) {
  UsageError error{"\"{}\" is a medium of {}, with what was backed up onto it",
                   printable(device.path), whose};
  error.set_hint("use another disk; a medium is never erased here");
  throw error;
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
  const PrivateMount mount{partition.path(), partition.file_system(), Access::read};
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
                         const BlockDevice& device) {
  const SetSecrets secrets = site.set_secrets(set);
  if (const std::string use = use_of(device); !use.empty()) {
    UsageError error{"\"{}\" is {}", printable(device.path), use};
    error.set_hint("use a disk that nothing else uses");
    throw error;
  }
  if (const std::optional<Label> label = label_of(device)) {
    if (label->site != site.id()) {
      refuse_medium(device, text("another site"));
    }
    if (const std::optional<MediumRecord> known = media.find(label->medium)) {
      refuse_medium(device, text("this site: it is '{}'", known->name));
    }
    // A lost host's media go on as the new host's sets, whose ids are others: docs/adr/0011.
    const bool is_of_lost_host = label->writer.certificate.epoch < site.writer().certificate.epoch;
    if (label->set != secrets.id && !is_of_lost_host) {
      refuse_medium(device, text("another set of this site"));
    }
    return Enrolment::recover;
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
  return Enrolment::erase;
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
    partition.make_file_system(kind);
    const PrivateMount mount{partition.path(), partition.file_system(), Access::append};
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
  const std::optional<Label> label = label_of(device);
  AZK_CHECK(label.has_value());
  MediumRecord record = record_of(set, device, *label);
  media.add(record);
  return record;
}

}  // namespace azekura::vault
