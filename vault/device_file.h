#pragma once

#include "core/bytes.h"
#include "core/unique_fd.h"

#include <cstdint>
#include <memory>
#include <string>

namespace azekura::vault {

/// Memory that a device can fill directly.
class DeviceBuffer {
 public:
  explicit DeviceBuffer(std::size_t bytes);

  /// `bytes` of it, from the beginning.
  [[nodiscard]] MutableBytes first(std::size_t bytes) noexcept { return {memory_.get(), bytes}; }

 private:
  struct Free {
    void operator()(std::byte* memory) const;
  };
  std::unique_ptr<std::byte, Free> memory_;
};

/// A file that is read from its device: what the page cache held when it was opened is dropped, and
/// reads go past it where the file system can. One without a device (tmpfs) has nothing else.
///
/// Threads: read() from many at once. Errors: SystemError.
class DeviceFile {
 public:
  static constexpr std::size_t kAlignment = 4096;

  /// `name` is for messages.
  DeviceFile(UniqueFd file, std::string name);

  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
  /// Reads until `into` is full or the file ends; returns how many bytes were read.
  /// Requires: `into` begins a DeviceBuffer; `offset` is a multiple of kAlignment.
  std::size_t read(std::uint64_t offset, MutableBytes into) const;

 private:
  UniqueFd file_;
  std::string name_;
  std::uint64_t bytes_;
};

}  // namespace azekura::vault
