#pragma once

#include "chunker/object_status.h"
#include "core/byte_writer.h"
#include "core/bytes.h"
#include "core/entry.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What is remembered of one directory, so that unchanged files are not read again and changes can
/// be counted.
///
///   record = u32 version, u8 short, { child }*       short: 1 if its listing was, else 0
///                                                    children sorted by name, no name twice
///   child  = short name, u8 kind, by kind:
///     0 name       what has no content of its own
///     1 directory
///     2 content    a file: content [16]
///     3 file       a file that needs no reading while its state is this one: content [16],
///                  u64 device, u64 inode, u64 size, time modified, time changed, time born,
///                  u32 length, entry                 entry: core/tree_codec.h
namespace azekura::chunker {

/// The first half of a content's digest: enough to compare two.
using DigestPrefix = FixedId<struct DigestPrefixKind, 16>;
DigestPrefix prefix_of(const Digest& digest);

/// The key of the record of the directory at `path`: below the root, '/' after each name.
std::string scan_record_key(std::string_view source, std::string_view path);

/// Collects the children of one directory.
class ScanRecordWriter {
 public:
  /// `scan_start`: when this run began to look at the source.
  explicit ScanRecordWriter(const Timestamp& scan_start) : scan_start_{scan_start} {}

  /// Adds a child and, if it is a file that was read whole, the state it had then. That is left out
  /// if its times are so recent that a later write may leave them as they are: both must be more
  /// than two seconds before the scan began.
  ///
  /// Requires: names rise; `encoded` is the entry's form; one with a state has content.
  void add(const Entry& entry, ByteView encoded, const std::optional<FileState>& state);

  [[nodiscard]] bool empty() const noexcept { return children_.size() == 0; }
  /// The encoded record. `is_short`: the directory may have more children.
  [[nodiscard]] Buffer take(bool is_short);

 private:
  Timestamp scan_start_;
  ByteWriter children_;
};

/// A record that was recalled.
class ScanRecord {
 public:
  /// Lifetime of its views: that of the record it is of, also when that is moved.
  struct Child {
    std::string_view name;
    bool is_directory = false;
    std::optional<DigestPrefix> content;
    ByteView state;  ///< empty if its reading cannot be spared
    ByteView entry;
  };

  ScanRecord() = default;  ///< knows nothing
  /// Errors: DamageError if the record is malformed.
  explicit ScanRecord(Buffer encoded);
  ScanRecord(const ScanRecord&) = delete;
  ScanRecord& operator=(const ScanRecord&) = delete;
  ScanRecord(ScanRecord&&) noexcept = default;
  ScanRecord& operator=(ScanRecord&&) noexcept = default;
  ~ScanRecord() = default;

  [[nodiscard]] const std::vector<Child>& children() const noexcept { return children_; }
  /// There may have been more children.
  [[nodiscard]] bool is_short() const noexcept { return is_short_; }
  /// The child's entry if it was remembered in exactly this state.
  /// Errors: DamageError if its entry is malformed.
  [[nodiscard]] static std::optional<Entry> entry_of(const Child& child, const FileState& state);

  [[nodiscard]] ByteView encoded() const noexcept { return encoded_; }

 private:
  Buffer encoded_;
  std::vector<Child> children_;
  bool is_short_ = false;
};

}  // namespace azekura::chunker
