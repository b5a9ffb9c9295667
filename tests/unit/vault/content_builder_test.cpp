#include "vault/content_builder.h"

#include "core/byte_writer.h"
#include "core/error.h"
#include "core/tree_codec.h"
#include "tests/support/random_bytes.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace azekura::vault {

namespace {

ChunkId chunk(std::uint64_t seed) { return ChunkId::from_bytes(tests::random_bytes(seed, 32)); }

}  // namespace

TEST_CASE("ContentBuilder: nothing is a content too") {
  const Content content = ContentBuilder{}.finish();
  CHECK(content.size == 0);
  CHECK(content.extents.empty());
  CHECK(content.digest == sha256({}));
}

TEST_CASE("ContentBuilder: chunks that follow each other in a pack become one extent") {
  ContentBuilder builder;
  builder.add_chunk(chunk(1), 100, {5, 1000});
  builder.add_chunk(chunk(2), 50, {5, 1100});
  builder.add_chunk(chunk(3), 10, {5, 1151});  // a byte further
  builder.add_chunk(chunk(4), 10, {6, 1161});  // another pack
  builder.add_chunk(chunk(1), 100, {5, 1000});
  const Content content = builder.finish();
  CHECK(content.size == 270);
  CHECK(content.level == 0);
  REQUIRE(content.extents.size() == 4);
  CHECK(content.extents[0].position == Position{5, 1000});
  CHECK(content.extents[0].length == 150);
  CHECK(content.extents[1].length == 10);
  CHECK(content.extents[2].position == Position{6, 1161});
  CHECK(content.extents[3].length == 100);
  // Digests as docs/format.md, section 5 defines them.
  Buffer items = ByteWriter{}.u8(1).id(chunk(1)).u32(100).u8(1).id(chunk(2)).u32(50).take();
  CHECK(content.extents[0].digest == sha256(items));
  CHECK(covered_bytes(content.extents) == content.size);
}

TEST_CASE("ContentBuilder: an extent never crosses packs, even where the byte would fit") {
  ContentBuilder builder;
  builder.add_chunk(chunk(1), 100, {5, 0});
  builder.add_chunk(chunk(2), 100, {6, 100});
  CHECK(builder.finish().extents.size() == 2);
}

TEST_CASE("ContentBuilder: equal content has an equal digest, whatever its positions") {
  ContentBuilder together;
  together.add_chunk(chunk(1), 100, {1, 0});
  together.add_gap(ExtentKind::hole, 30);
  together.add_chunk(chunk(2), 200, {1, 100});
  together.add_chunk(chunk(3), 300, {1, 300});
  ContentBuilder scattered;
  scattered.add_chunk(chunk(1), 100, {9, 77});
  scattered.add_gap(ExtentKind::hole, 10);
  scattered.add_gap(ExtentKind::hole, 20);
  scattered.add_chunk(chunk(2), 200, {3, 5});
  scattered.add_chunk(chunk(3), 300, {2, 0});
  const Content a = together.finish();
  const Content b = scattered.finish();
  CHECK(a.digest == b.digest);
  CHECK(a.extents != b.extents);
  const Buffer items = ByteWriter{}
                           .u8(1)
                           .id(chunk(1))
                           .u32(100)
                           .u8(2)
                           .u64(30)
                           .u8(1)
                           .id(chunk(2))
                           .u32(200)
                           .u8(1)
                           .id(chunk(3))
                           .u32(300)
                           .take();
  CHECK(a.digest == sha256(items));
}

TEST_CASE("ContentBuilder: any difference of chunks, lengths, kinds or order is another digest") {
  const auto digest = [](auto add) {
    ContentBuilder builder;
    add(builder);
    return builder.finish().digest;
  };
  std::vector<Digest> digests{
      digest([](ContentBuilder& b) {
        b.add_chunk(chunk(1), 100, {1, 0});
      }),
      digest([](ContentBuilder& b) {
        b.add_chunk(chunk(2), 100, {1, 0});
      }),
      digest([](ContentBuilder& b) {
        b.add_chunk(chunk(1), 101, {1, 0});
      }),
      digest([](ContentBuilder& b) { b.add_gap(ExtentKind::hole, 100); }),
      digest([](ContentBuilder& b) { b.add_gap(ExtentKind::zero, 100); }),
      digest([](ContentBuilder& b) { b.add_gap(ExtentKind::zero, 101); }),
      digest([](ContentBuilder& b) {
        b.add_gap(ExtentKind::zero, 50);
        b.add_gap(ExtentKind::hole, 50);
      }),
      digest([](ContentBuilder& b) {
        b.add_gap(ExtentKind::hole, 50);
        b.add_gap(ExtentKind::zero, 50);
      }),
  };
  std::sort(digests.begin(), digests.end());
  CHECK(std::adjacent_find(digests.begin(), digests.end()) == digests.end());
}

TEST_CASE("ContentBuilder: neighbouring gaps of a kind are one, of two kinds are two") {
  ContentBuilder builder;
  builder.add_gap(ExtentKind::zero, 1);
  builder.add_gap(ExtentKind::zero, 2);
  builder.add_gap(ExtentKind::hole, 3);
  builder.add_chunk(chunk(1), 4, {1, 0});
  builder.add_gap(ExtentKind::hole, 5);
  builder.add_gap(ExtentKind::hole, 6);
  const Content content = builder.finish();
  REQUIRE(content.extents.size() == 4);
  CHECK(content.extents[0] == Extent{ExtentKind::zero, 3, {}, {}});
  CHECK(content.extents[1] == Extent{ExtentKind::hole, 3, {}, {}});
  CHECK(content.extents[3] == Extent{ExtentKind::hole, 11, {}, {}});
  CHECK(content.size == 21);
  ContentBuilder wrong;
  CHECK_THROWS_AS(wrong.add_gap(ExtentKind::data, 1), InternalError);
  CHECK_THROWS_AS(wrong.add_gap(ExtentKind::hole, 0), InternalError);
}

TEST_CASE("ContentBuilder: chunks around a gap are two extents even if they touch in the pack") {
  ContentBuilder builder;
  builder.add_chunk(chunk(1), 10, {1, 0});
  builder.add_gap(ExtentKind::hole, 5);
  builder.add_chunk(chunk(2), 10, {1, 10});
  CHECK(builder.finish().extents.size() == 3);
}

}  // namespace azekura::vault
