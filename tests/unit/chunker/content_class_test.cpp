#include "chunker/content_class.h"

#include "tests/support/random_bytes.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string_view>

namespace azekura::chunker {

namespace {

using std::string_view_literals::operator""sv;

Buffer head_with(std::size_t offset, std::string_view mark) {
  Buffer head(kHeadBytes, std::byte{'x'});
  std::ranges::copy(as_bytes(mark), head.begin() + static_cast<std::ptrdiff_t>(offset));
  return head;
}

/// pd_lower, pd_upper, pd_special and pd_pagesize_version, from byte 12 of a page.
Buffer postgresql_page(std::string_view pointers) { return head_with(12, pointers); }

}  // namespace

TEST_CASE("Content class: what is changed in place gets small chunks") {
  CHECK(target_of(head_with(0, "SQLite format 3\0"sv)) == ChunkTarget::small);
  CHECK(target_of(head_with(1080, "\x53\xEF"sv)) == ChunkTarget::small);
  CHECK(target_of(head_with(510, "\x55\xAA"sv)) == ChunkTarget::small);
  CHECK(target_of(head_with(0, "--\n-- PostgreSQL database dump\n"sv)) == ChunkTarget::small);
}

TEST_CASE("Content class: a PostgreSQL page is told by its header, not by its size alone") {
  CHECK(target_of(postgresql_page("\x28\0\x80\x1F\0\x20\x04\x20"sv)) == ChunkTarget::small);
  // lower above upper, special beyond the page, another layout version
  CHECK(target_of(postgresql_page("\x90\x1F\x80\x1F\0\x20\x04\x20"sv)) == ChunkTarget::medium);
  CHECK(target_of(postgresql_page("\x28\0\x80\x1F\1\x20\x04\x20"sv)) == ChunkTarget::medium);
  CHECK(target_of(postgresql_page("\x28\0\x80\x1F\0\x20\x05\x20"sv)) == ChunkTarget::medium);
}

TEST_CASE("Content class: what is written once and does not compress gets large chunks") {
  CHECK(target_of(head_with(128, "DICM"sv)) == ChunkTarget::large);
  CHECK(target_of(head_with(4, "ftypmp42"sv)) == ChunkTarget::large);
  CHECK(target_of(head_with(0, "\x1F\x8B\x08"sv)) == ChunkTarget::large);
}

TEST_CASE("Content class: all else, and heads cut short anywhere, are medium") {
  CHECK(target_of({}) == ChunkTarget::medium);
  CHECK(target_of(as_bytes("MSH|^~\\&|")) == ChunkTarget::medium);
  const Buffer text(kHeadBytes, std::byte{' '});
  for (std::size_t size = 0; size <= text.size(); ++size) {
    CHECK(target_of(ByteView{text}.first(size)) == ChunkTarget::medium);
  }
  const Buffer dicom = head_with(128, "DICM"sv);
  CHECK(target_of(ByteView{dicom}.first(131)) == ChunkTarget::medium);
  CHECK(target_of(ByteView{dicom}.first(132)) == ChunkTarget::large);
}

}  // namespace azekura::chunker
