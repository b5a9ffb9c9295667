#pragma once

#include "chunker/chunk_feed.h"
#include "chunker/object_status.h"
#include "core/observer.h"
#include "core/unique_fd.h"

#include <cstdint>
#include <optional>
#include <string>

namespace azekura::chunker {

/// One open regular file: reads its bytes, keeps its holes, notices changes.
class SourceFile {
 public:
  /// nullopt if the name is gone. Never waits, whatever has taken the name.
  /// Errors: SourceError if it cannot be opened or is no regular file.
  static std::optional<SourceFile> open(int directory, const std::string& name, std::string path);

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  /// As of opening or of the last refresh().
  [[nodiscard]] const ObjectStatus& status() const noexcept { return status_; }

  /// The first bytes of the file; fewer than there is room for if it is shorter or fails to read.
  [[nodiscard]] ByteView read_head(MutableBytes room) const noexcept;

  /// Feeds as many bytes as status() counts, fewer if the file became shorter.
  ///
  /// Returns how many were read; holes are not. Errors: SourceError, the feed keeps what it got.
  std::uint64_t read_into(ChunkFeed& feed, Observer& observer) const;

  /// Looks again. Returns true if the file is not what it was. Errors: SourceError.
  [[nodiscard]] bool refresh();

 private:
  SourceFile(UniqueFd fd, std::string path, ObjectStatus status);
  struct Range {
    std::uint64_t start = 0;
    std::uint64_t end = 0;
  };
  [[nodiscard]] Range stored_range(std::uint64_t from) const;
  std::uint64_t read_range(const Range& range, ChunkFeed& feed, Observer& observer) const;

  UniqueFd fd_;
  std::string path_;
  ObjectStatus status_;
};

}  // namespace azekura::chunker
