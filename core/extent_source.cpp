#include "core/extent_source.h"

#include "core/limits.h"
#include "core/tree_codec.h"

#include <algorithm>

namespace azekura {

namespace {

/// Collects extents into one buffer; the first failure is thrown.
class BufferReceiver : public ExtentReceiver {
 public:
  BufferReceiver(Buffer& buffer, std::span<const std::uint64_t> offsets)
      : buffer_{buffer}, offsets_{offsets} {}

  void bytes(std::size_t index, std::uint64_t offset, ByteView bytes) override {
    const auto start = static_cast<std::ptrdiff_t>(offsets_[index] + offset);
    std::copy(bytes.begin(), bytes.end(), buffer_.begin() + start);
  }
  void proven(std::size_t /*index*/) override {}
  void failed(std::size_t /*index*/, const Error& error) override { throw Error{error}; }

 private:
  Buffer& buffer_;
  std::span<const std::uint64_t> offsets_;
};

Buffer read_extents(ExtentSource& source, std::span<const Extent> extents, std::uint64_t max) {
  const std::uint64_t size = covered_bytes(extents);
  if (size > max) {
    throw DamageError{"a stored list of {} bytes is beyond its limit of {}", size, max};
  }
  Buffer buffer(static_cast<std::size_t>(size), std::byte{0});  // what holes are
  std::vector<WantedExtent> wanted;
  std::vector<std::uint64_t> offsets;
  std::uint64_t offset = 0;
  for (const Extent& extent : extents) {
    if (extent.kind == ExtentKind::data) {
      wanted.push_back({extent.position, static_cast<std::uint32_t>(extent.length), extent.digest});
      offsets.push_back(offset);
    }
    offset += extent.length;
  }
  BufferReceiver receiver{buffer, offsets};
  source.fetch(wanted, receiver);
  return buffer;
}

}  // namespace

std::vector<Extent> resolve_extents(ExtentSource& source, const Content& content) {
  if (content.level == 0) {
    return content.extents;
  }
  std::vector<Extent> extents =
      decode_extents(read_extents(source, content.extents, limits::kExtentListBytesMax));
  if (covered_bytes(extents) != content.size) {
    throw DamageError{"an extent list does not cover its {} bytes", content.size};
  }
  return extents;
}

Buffer read_content(ExtentSource& source, const Content& content, std::uint64_t max) {
  if (content.size > max) {
    throw DamageError{"a content of {} bytes is beyond its limit of {}", content.size, max};
  }
  return read_extents(source, resolve_extents(source, content), max);
}

}  // namespace azekura
