#include "vault/disk_probe.h"

#include "core/error.h"
#include "core/file_io.h"

#include <blkid/blkid.h>
#include <fcntl.h>

#include <cerrno>
#include <memory>
#include <type_traits>

namespace azekura::vault {

namespace {

constexpr std::uint64_t kBlkidSector = 512;  // whatever the device's own are

struct FreeProbe {
  void operator()(blkid_probe probe) const { ::blkid_free_probe(probe); }
};
using Probe = std::unique_ptr<std::remove_pointer_t<blkid_probe>, FreeProbe>;

/// Empty if the device cannot be probed.
Probe probe_of(int file, std::uint64_t offset, std::uint64_t bytes) {
  Probe probe{::blkid_new_probe()};
  AZK_CHECK(probe != nullptr);
  if (::blkid_probe_set_device(probe.get(), file, static_cast<blkid_loff_t>(offset),
                               static_cast<blkid_loff_t>(bytes)) != 0) {
    probe.reset();
  }
  return probe;
}

std::string text_or_empty(const char* text) { return text == nullptr ? "" : text; }

std::string value_of(blkid_probe probe, const char* name) {
  const char* value = nullptr;
  return ::blkid_probe_lookup_value(probe, name, &value, nullptr) == 0 ? text_or_empty(value) : "";
}

Partition partition_of(blkid_partition entry) {
  Partition partition;
  partition.number = static_cast<unsigned>(::blkid_partition_get_partno(entry));
  partition.offset = static_cast<std::uint64_t>(::blkid_partition_get_start(entry)) * kBlkidSector;
  partition.bytes = static_cast<std::uint64_t>(::blkid_partition_get_size(entry)) * kBlkidSector;
  partition.type = text_or_empty(::blkid_partition_get_type_string(entry));
  partition.name = text_or_empty(::blkid_partition_get_name(entry));
  return partition;
}

}  // namespace

DiskProbe::DiskProbe(const std::string& device) {
  try {
    file_ = open_file(device, O_RDONLY);
  } catch (SystemError& error) {
    if (error.error_number() == EACCES) {
      error.set_hint("reading a disk wants root: run it as root");
    }
    throw;
  }
}

std::vector<Partition> DiskProbe::partitions() const {
  const Probe probe = probe_of(file_.get(), 0, 0);
  if (probe == nullptr) {
    return {};
  }
  ::blkid_probe_enable_partitions(probe.get(), 1);
  blkid_partlist table = ::blkid_probe_get_partitions(probe.get());
  const int count = table == nullptr ? 0 : ::blkid_partlist_numof_partitions(table);
  std::vector<Partition> partitions;
  partitions.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    partitions.push_back(partition_of(::blkid_partlist_get_partition(table, i)));
  }
  return partitions;
}

DiskContent DiskProbe::content(std::uint64_t offset, std::uint64_t bytes) const {
  const Probe probe = probe_of(file_.get(), offset, bytes);
  if (probe == nullptr) {
    return {};
  }
  ::blkid_probe_enable_superblocks(probe.get(), 1);
  ::blkid_probe_set_superblocks_flags(probe.get(), BLKID_SUBLKS_TYPE | BLKID_SUBLKS_LABEL);
  if (::blkid_do_safeprobe(probe.get()) != 0) {
    return {};
  }
  return {value_of(probe.get(), "TYPE"), value_of(probe.get(), "LABEL")};
}

}  // namespace azekura::vault
