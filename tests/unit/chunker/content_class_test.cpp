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

TEST_CASE("Content class: what is changed in place has pages") {
  CHECK(class_of(head_with(0, "SQLite format 3\0"sv)) == ContentClass::pages);
  CHECK(class_of(head_with(1080, "\x53\xEF"sv)) == ContentClass::pages);
  CHECK(class_of(head_with(510, "\x55\xAA"sv)) == ContentClass::pages);
}

TEST_CASE("Content class: dumps move, and are not cut by pages") {
  CHECK(class_of(head_with(0, "--\n-- PostgreSQL database dump\n"sv)) == ContentClass::other);
  CHECK(class_of(head_with(0, "PGDMP"sv)) == ContentClass::other);
}

TEST_CASE("Content class: a PostgreSQL page is told by its header, not by its size alone") {
  CHECK(class_of(postgresql_page("\x28\0\x80\x1F\0\x20\x04\x20"sv)) == ContentClass::pages);
  // lower above upper, special beyond the page, another layout version
  CHECK(class_of(postgresql_page("\x90\x1F\x80\x1F\0\x20\x04\x20"sv)) == ContentClass::other);
  CHECK(class_of(postgresql_page("\x28\0\x80\x1F\1\x20\x04\x20"sv)) == ContentClass::other);
  CHECK(class_of(postgresql_page("\x28\0\x80\x1F\0\x20\x05\x20"sv)) == ContentClass::other);
}

TEST_CASE("Content class: what is written once and does not compress is told by its mark") {
  CHECK(class_of(head_with(128, "DICM"sv)) == ContentClass::written_once);
  CHECK(class_of(head_with(4, "ftypmp42"sv)) == ContentClass::written_once);
  CHECK(class_of(head_with(0, "\x1F\x8B\x08"sv)) == ContentClass::written_once);
}

TEST_CASE("Content class: all else, and heads cut short anywhere, are other") {
  CHECK(class_of({}) == ContentClass::other);
  CHECK(class_of(as_bytes("MSH|^~\\&|")) == ContentClass::other);
  const Buffer text(kHeadBytes, std::byte{' '});
  for (std::size_t size = 0; size <= text.size(); ++size) {
    CHECK(class_of(ByteView{text}.first(size)) == ContentClass::other);
  }
  const Buffer dicom = head_with(128, "DICM"sv);
  CHECK(class_of(ByteView{dicom}.first(131)) == ContentClass::other);
  CHECK(class_of(ByteView{dicom}.first(132)) == ContentClass::written_once);
}

}  // namespace azekura::chunker
