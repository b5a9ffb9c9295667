#pragma once

#include "core/bytes.h"
#include "core/error.h"
#include "core/unique_fd.h"
#include "vault/device_file.h"

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace azekura::vault {

enum class Access { read, append };

/// That a medium which is written failed with this error.
MediumError medium_failure(const std::string& path, const Error& error);

/// A medium as a folder of a mounted file system: append(object), commit(), nothing else writes.
///
/// Paths are relative to the folder; every step stays beneath it and follows no symlink.
/// Errors: MediumError when the medium is missing, removed or failing; SpaceError-kind
/// SystemError when it is full; DamageError when an object is not a plain file.
class FolderMedium {
 public:
  /// Errors: MediumError if `path` is not a folder that can be opened, or written for `append`;
  /// BusyError if another has it for that.
  FolderMedium(std::string path, Access access);
  /// The same of a folder that is open and may have no path; `name` is for messages.
  FolderMedium(UniqueFd folder, std::string name, Access access);

  /// Its folder, or its name if it is mounted nowhere.
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// Whether both are one folder, however they are reached.
  [[nodiscard]] bool is_same_as(const FolderMedium& other) const;
  /// What lies behind it, as device_text says.
  [[nodiscard]] std::string device() const;

  // DamageError, unless said otherwise, if the device does not give back an object, MediumError
  // if the medium is gone.
  /// Names in a folder, sorted; empty if there is none.
  [[nodiscard]] std::vector<std::string> list(const std::string& folder) const;
  /// Length of an object; nullopt if it is not there.
  [[nodiscard]] std::optional<std::uint64_t> size_of(const std::string& name) const;
  /// The whole object; nullopt if it is not there. Errors: DamageError if it is beyond `max`.
  [[nodiscard]] std::optional<Buffer> read(const std::string& name, std::uint64_t max) const;
  /// Bytes of an object; nullopt if it is not there, ends before, or the device does not give them
  /// back.
  [[nodiscard]] std::optional<Buffer> read_part(const std::string& name, std::uint64_t offset,
                                                std::size_t bytes) const;
  /// The same with zeros for pages of 4 KiB that the device does not give back; nullopt if it gives
  /// none. Requires: `offset` is a multiple of a page.
  [[nodiscard]] std::optional<Buffer> read_around(const std::string& name, std::uint64_t offset,
                                                  std::size_t bytes) const;
  /// For reading at offsets. Errors: DamageError if it is not there.
  [[nodiscard]] UniqueFd open(const std::string& name) const;
  /// For reading from the device. Errors: DamageError if it is not there.
  [[nodiscard]] DeviceFile open_on_device(const std::string& name) const;
  /// DeviceFile::read, with a medium's errors.
  std::size_t read_on_device(const DeviceFile& file, std::uint64_t offset, MutableBytes into) const;
  /// Calls `take` with the object's bytes in order, from the device.
  void stream(const std::string& name, const std::function<void(ByteView)>& take) const;

  using Produce = std::function<void(const std::function<void(ByteView)>& write)>;
  /// Appends an object: `produce` writes `bytes` bytes; they are made durable under a temporary
  /// name, read back from the device to `check`, which throws if they are not what was meant (its
  /// last call brings no bytes), and renamed into place. An object of that name that is already
  /// there is kept aside as "NAME.stray-..." first. A failed attempt leaves nothing under the name.
  void append(const std::string& name, std::uint64_t bytes, const Produce& produce,
              const std::function<void(ByteView)>& check, unsigned mode = 0644);
  /// The same for bytes in memory.
  void append(const std::string& name, ByteView bytes, unsigned mode = 0644);
  /// Makes the names of everything appended durable.
  void commit();
  /// Removes what unfinished appends of earlier runs left.
  void clear_unfinished();

  [[nodiscard]] std::uint64_t free_bytes() const;

 private:
  void open_for(Access access);
  [[nodiscard]] std::vector<std::string> names_in(const std::string& folder) const;
  [[nodiscard]] std::optional<Buffer> part_on_device(const std::string& name, std::uint64_t offset,
                                                     std::size_t bytes) const;
  template <typename Step>
  decltype(auto) reading(Step&& step) const;
  [[nodiscard]] UniqueFd open_beneath(const std::string& name, int flags, unsigned mode) const;
  void make_folders(const std::string& name);
  /// Never replaces.
  void rename_beneath(const std::string& from, const std::string& to);
  [[nodiscard]] bool is_taken(const std::string& name) const;
  void keep_aside(const std::string& name);

  std::string path_;
  UniqueFd folder_;
  std::set<std::string> uncommitted_folders_;
};

/// What `look` finds on a medium that is to be written. A device that cannot say fails: what waits
/// is not written there. Errors: MediumError, for what else is a DamageError.
template <typename Look>
auto on_written(const FolderMedium& medium, Look&& look) {
  try {
    return look();
  } catch (const DamageError& error) {
    throw medium_failure(medium.path(), error);
  }
}

}  // namespace azekura::vault
