#include "core/extent_source.h"

#include "core/limits.h"
#include "tests/support/memory_extents.h"
#include "tests/support/random_bytes.h"

#include <doctest/doctest.h>

namespace azekura {

namespace {
using tests::MemoryExtents;
using tests::random_bytes;
}  // namespace

TEST_CASE("read_content: gives the bytes, inline or through a stored list") {
  MemoryExtents source{64 * kKiB, 1000};
  const Buffer bytes = random_bytes(1, 150'000);
  const Content content = source.store(bytes);
  CHECK(read_content(source, content, bytes.size()) == bytes);
  const Content listed = source.with_list(content);
  CHECK(read_content(source, listed, bytes.size()) == bytes);
  CHECK(resolve_extents(source, listed) == content.extents);
  CHECK(resolve_extents(source, content) == content.extents);
  CHECK(read_content(source, Content{}, 0).empty());
}

TEST_CASE("read_content: holes and zeros read as zeros in their places") {
  MemoryExtents source;
  const Content part = source.store("abc");
  Content content;
  content.extents = {{ExtentKind::hole, 2, {}, {}}, part.extents[0], {ExtentKind::zero, 3, {}, {}}};
  content.size = 8;
  using namespace std::string_view_literals;
  CHECK(as_text(read_content(source, content, 8)) == "\0\0abc\0\0\0"sv);
}

TEST_CASE("read_content: beyond its limit is damage before anything is fetched") {
  MemoryExtents source;
  const Content content = source.store(random_bytes(2, 1000));
  CHECK_THROWS_AS(static_cast<void>(read_content(source, content, 999)), DamageError);
  CHECK(source.fetches().empty());
  Content huge;
  huge.size = limits::kFileBytesMax;
  huge.extents = {{ExtentKind::hole, limits::kFileBytesMax, {}, {}}};
  CHECK_THROWS_AS(static_cast<void>(read_content(source, huge, kMiB)), DamageError);
}

TEST_CASE("resolve_extents: a list that does not cover its content, or is none, is damage") {
  MemoryExtents source;
  Content listed = source.with_list(source.store(random_bytes(3, 9000)));
  listed.size += 1;
  CHECK_THROWS_AS(static_cast<void>(resolve_extents(source, listed)), DamageError);
  Content not_a_list = source.store("these are no extents");
  not_a_list.level = 1;
  CHECK_THROWS_AS(static_cast<void>(resolve_extents(source, not_a_list)), DamageError);
  Content too_long = listed;
  too_long.extents.assign(2, {ExtentKind::data, limits::kPackPlainMax, {0, 0}, {}});
  CHECK_THROWS_AS(static_cast<void>(resolve_extents(source, too_long)), DamageError);
}

TEST_CASE("read_content: a damaged extent is an error, never bytes") {
  MemoryExtents source;
  const Content content = source.store(random_bytes(4, 9000));
  source.damage(0);
  CHECK_THROWS_AS(static_cast<void>(read_content(source, content, kMiB)), Error);
  const Content listed = source.with_list(content);
  CHECK_THROWS_AS(static_cast<void>(resolve_extents(source, listed)), Error);
}

}  // namespace azekura
