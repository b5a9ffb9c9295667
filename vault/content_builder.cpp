#include "vault/content_builder.h"

#include "core/byte_writer.h"
#include "core/error.h"
#include "core/limits.h"

namespace azekura::vault {

Buffer chunk_item(const ChunkId& id, std::uint32_t length) {
  return ByteWriter{}.u8(1).id(id).u32(length).take();
}

Buffer gap_item(ExtentKind kind, std::uint64_t length) {
  return ByteWriter{}.u8(kind == ExtentKind::hole ? 2 : 3).u64(length).take();
}

void ContentBuilder::add_chunk(const ChunkId& id, std::uint32_t length, Position position) {
  end_gap();
  const bool continues =
      extent_open_ && content_.extents.back().position.pack == position.pack &&
      content_.extents.back().position.byte + content_.extents.back().length == position.byte;
  if (!continues) {
    end_extent();
    content_.extents.push_back({ExtentKind::data, 0, position, {}});
    extent_open_ = true;
  }
  content_.extents.back().length += length;
  const Buffer item = chunk_item(id, length);
  extent_hash_.update(item);
  content_hash_.update(item);
  content_.size += length;
}

void ContentBuilder::add_gap(ExtentKind kind, std::uint64_t length) {
  AZK_CHECK(kind != ExtentKind::data && length > 0);
  end_extent();
  if (!content_.extents.empty() && content_.extents.back().kind == kind) {
    content_.extents.back().length += length;
  } else {
    end_gap();
    content_.extents.push_back({kind, length, {}, {}});
  }
  content_.size += length;
}

void ContentBuilder::end_extent() {
  if (extent_open_) {
    content_.extents.back().digest = extent_hash_.finish();
    extent_open_ = false;
  }
}

/// A gap enters the content's digest when it cannot grow any more.
void ContentBuilder::end_gap() {
  if (!extent_open_ && !content_.extents.empty() &&
      content_.extents.back().kind != ExtentKind::data) {
    content_hash_.update(gap_item(content_.extents.back().kind, content_.extents.back().length));
  }
}

Content ContentBuilder::finish() {
  end_extent();
  end_gap();
  content_.digest = content_hash_.finish();
  return std::move(content_);
}

}  // namespace azekura::vault
