#include "vault/file_verifier.h"

#include "core/error.h"
#include "core/interrupt.h"
#include "core/limits.h"
#include "vault/device_file.h"
#include "vault/leaf_hasher.h"

#include <algorithm>
#include <atomic>
#include <utility>

namespace azekura::vault {

namespace {

/// What one thread reads and hashes at a time: long for a disk, short enough to stay in its cache.
constexpr std::size_t kSliceBytes = 2 * kMiB;
static_assert(kSliceBytes % limits::kLeafBytes == 0);
constexpr std::size_t kSlicesPerThread = 2;

/// Runs a step of a check; what it throws about the bytes of a file is what it found.
template <typename Step>
std::optional<Finding> problem_in(const FolderMedium& medium, Step&& step) {
  try {
    step();
    return std::nullopt;
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::interrupted || error.kind() == ErrorKind::internal) {
      throw;
    }
    if (error.kind() == ErrorKind::medium) {
      static_cast<void>(medium.list("."));  // throws if the whole medium is gone
    }
    // What the device refuses to give back is damage too.
    return Finding{
        error.kind() == ErrorKind::authenticity ? ErrorKind::authenticity : ErrorKind::damage,
        error.what()};
  }
}

}  // namespace

/// A file on its way.
struct FileVerifier::Reading {
  const HealableFile* file = nullptr;
  std::optional<DeviceFile> device;
  std::unique_ptr<FileCheck> check;      ///< by one slice after the other
  std::atomic<bool> is_damaged = false;  ///< then what is left of it need not be read
  std::optional<Finding> finding;
};

struct FileVerifier::Slice {
  std::shared_ptr<Reading> of;
  std::uint64_t offset = 0;
  std::size_t bytes = 0;
  bool is_last = false;
  std::optional<DeviceBuffer> memory;
  Buffer leaf_hashes;
  std::optional<Finding> problem;
};

FileVerifier::FileVerifier(const FolderMedium& medium, Healer& healer, unsigned threads,
                           Observer& observer, Take take)
    : medium_{medium},
      healer_{healer},
      observer_{observer},
      take_{std::move(take)},
      slices_{threads, kSlicesPerThread * threads, [this](Slice& slice) { read(slice); },
              [this](Slice&& slice) { check(slice); }} {}

FileVerifier::~FileVerifier() = default;

void FileVerifier::push(const HealableFile& file) {
  const auto of = std::make_shared<Reading>();
  of->file = &file;
  std::optional<Finding> problem = problem_in(medium_, [&] {
    of->check = file.check();
    of->device = medium_.open_on_device(file.name);
  });
  // One byte too many is enough to know.
  const std::uint64_t end = problem ? 0 : std::min(of->device->bytes(), file.bytes + 1);
  std::uint64_t offset = 0;
  bool is_last = false;
  while (!is_last) {
    Slice slice;
    slice.of = of;
    slice.offset = offset;
    slice.bytes = static_cast<std::size_t>(std::min<std::uint64_t>(kSliceBytes, end - offset));
    slice.problem = std::exchange(problem, std::nullopt);
    offset += slice.bytes;
    is_last = offset == end;
    slice.is_last = is_last;
    slices_.push(std::move(slice));
  }
}

void FileVerifier::drain() { slices_.drain(); }

void FileVerifier::read(Slice& slice) const {
  throw_if_interrupted();
  const Reading& of = *slice.of;
  if (slice.problem || of.is_damaged) {
    return;
  }
  slice.problem = problem_in(medium_, [&] {
    slice.memory.emplace(kSliceBytes);
    slice.bytes =
        medium_.read_on_device(*of.device, slice.offset, slice.memory->first(slice.bytes));
    if (const std::uint64_t end = of.check->leaves_bytes(); slice.offset < end) {
      LeafHasher leaves;
      leaves.update(slice.memory->first(std::min<std::uint64_t>(slice.bytes, end - slice.offset)));
      slice.leaf_hashes = leaves.finish();
    }
  });
}

void FileVerifier::check(Slice& slice) {
  Reading& of = *slice.of;
  if (!of.is_damaged) {
    if (!slice.problem) {
      slice.problem = problem_in(medium_, [&] {
        of.check->update(slice.memory->first(slice.bytes), slice.leaf_hashes);
        if (slice.is_last) {
          of.check->finish();
        }
      });
    }
    of.is_damaged = slice.problem.has_value();
    of.finding = std::move(slice.problem);
  }
  observer_.advanced(slice.bytes);
  if (!slice.is_last) {
    return;
  }
  of.device.reset();
  if (of.finding) {
    of.finding->remedy = remedy_of(*of.file);
    of.finding->file = of.file->name;
  }
  take_(*of.file, std::move(of.finding));
}

/// Proven by doing it.
Remedy FileVerifier::remedy_of(const HealableFile& file) const {
  const auto healed_copy = problem_in(medium_, [&] {
    file.expect_whole([&](const auto& take) { medium_.stream(healed_path(file.name), take); });
  });
  if (!healed_copy) {
    return Remedy::healed;
  }
  try {
    file.expect_healed(healer_);
    return Remedy::parity;
  } catch (const Error& error) {
    if (!error.is_about_stored_bytes()) {
      throw;
    }
    return Remedy::none;
  }
}

}  // namespace azekura::vault
