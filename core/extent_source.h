#pragma once

#include "core/bytes.h"
#include "core/entry.h"
#include "core/error.h"
#include "core/ids.h"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace azekura {

/// A data extent somebody wants.
struct WantedExtent {
  Position position;
  std::uint32_t length = 0;
  Digest digest;
};

/// Receives what ExtentSource::fetch delivers; `index` counts in `wanted`.
class ExtentReceiver {
 public:
  ExtentReceiver() = default;
  ExtentReceiver(const ExtentReceiver&) = delete;
  ExtentReceiver& operator=(const ExtentReceiver&) = delete;
  virtual ~ExtentReceiver() = default;

  /// Bytes of an extent, not yet proven; `offset` rises without gaps. They stay until the next
  /// block_done() has returned.
  virtual void bytes(std::size_t index, std::uint64_t offset, ByteView bytes) = 0;
  /// All bytes were delivered and their chunk ids match the digest.
  virtual void proven(std::size_t index) = 0;
  /// The extent cannot be had, or is not what was written; nothing more comes for it.
  virtual void failed(std::size_t index, const Error& error) = 0;
  /// The bytes given until now go when this returns.
  virtual void block_done() {}
};

/// Seam between vault and restore: bytes by position, each proven against its digest.
class ExtentSource {
 public:
  ExtentSource() = default;
  ExtentSource(const ExtentSource&) = delete;
  ExtentSource& operator=(const ExtentSource&) = delete;
  virtual ~ExtentSource() = default;

  /// Delivers extents pack by pack in the order given; extents sorted by position cost one read
  /// and one opening a block, forwards only.
  /// Errors: what concerns single extents goes to `receiver`; a medium that is gone is thrown.
  virtual void fetch(std::span<const WantedExtent> wanted, ExtentReceiver& receiver) = 0;

  /// What is wrong with how `extents` make up `content`, judged by the recorded ids of their
  /// chunks, without reading their bytes; nullopt if nothing is or the records cannot be had.
  /// With every extent proven as well, the content's digest is.
  virtual std::optional<std::string> mismatch(const Content& content,
                                              std::span<const Extent> extents) = 0;

  /// The chunks of an extent as extents of their own, by their recorded ids, to have those that are
  /// intact; empty if the records cannot be had or are not the extent's.
  virtual std::vector<WantedExtent> chunks_of(const WantedExtent& /*extent*/) { return {}; }
};

/// The extents of a content, its list fetched and decoded if it is stored apart.
/// Errors: DamageError, AuthenticityError, MediumError.
std::vector<Extent> resolve_extents(ExtentSource& source, const Content& content);

/// The whole content in memory, proven. Errors: as above; DamageError if it is beyond `max`.
Buffer read_content(ExtentSource& source, const Content& content, std::uint64_t max);

}  // namespace azekura
