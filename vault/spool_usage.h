#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace azekura::vault {

/// What waits for its media on the host, finished or not.
struct SpoolUsage {
  std::size_t sessions = 0;  ///< complete ones
  std::uint64_t bytes = 0;   ///< of all files

  SpoolUsage& operator+=(const SpoolUsage& other) noexcept {
    sessions += other.sessions;
    bytes += other.bytes;
    return *this;
  }
};

/// Of the spool of a set at `path`. Only looks: a run may be at work in it.
SpoolUsage spool_usage(const std::string& path);

/// Bytes that may still be written to the file system of `path`. Errors: SystemError.
std::uint64_t disk_free_bytes(const std::string& path);

}  // namespace azekura::vault
