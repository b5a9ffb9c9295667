#pragma once

#include "chunker/object_status.h"
#include "core/byte_writer.h"
#include "core/bytes.h"
#include "core/entry.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

/// What is remembered of one directory's files, so that unchanged ones are not read again.
///
///   record = u32 version, { file }*                  files sorted by name, no name twice
///   file   = short name, u64 device, u64 inode, u64 size, time modified, time changed, time born,
///            u32 length, entry                       entry: core/tree_codec.h
namespace azekura::chunker {

/// Collects the files of one directory.
class ScanRecordWriter {
 public:
  /// `scan_start`: when this run began to look at the source.
  explicit ScanRecordWriter(const Timestamp& scan_start) : scan_start_{scan_start} {}

  /// Adds a file that was read whole in `state`, unless its times are so recent that a later
  /// write may leave them as they are: both must be more than two seconds before the scan began.
  ///
  /// Requires: names rise; `entry` encodes the file's, with its content.
  void add(std::string_view name, const FileState& state, ByteView entry);

  [[nodiscard]] bool empty() const noexcept { return files_.size() == 0; }
  /// The encoded record.
  [[nodiscard]] Buffer take();

 private:
  Timestamp scan_start_;
  ByteWriter files_;
};

/// A record that was recalled.
class ScanRecord {
 public:
  ScanRecord() = default;  ///< knows nothing
  /// Errors: DamageError if the record is malformed.
  explicit ScanRecord(Buffer encoded);

  /// The entry of `name` if it was remembered in exactly this state.
  /// Errors: DamageError if its entry is malformed.
  [[nodiscard]] std::optional<Entry> find(std::string_view name, const FileState& state) const;

  [[nodiscard]] ByteView encoded() const noexcept { return encoded_; }

 private:
  struct File {
    std::size_t name_start = 0;
    std::size_t name_size = 0;
    FileState state;
    std::size_t entry_start = 0;
    std::size_t entry_size = 0;
  };
  [[nodiscard]] std::string_view name_of(const File& file) const;

  Buffer encoded_;
  std::vector<File> files_;
};

}  // namespace azekura::chunker
