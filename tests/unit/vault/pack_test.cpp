#include "core/byte_writer.h"
#include "core/error.h"
#include "core/file_io.h"
#include "core/limits.h"
#include "tests/support/pack_maker.h"
#include "tests/support/temp_dir.h"
#include "vault/object.h"
#include "vault/pack_check.h"

#include <doctest/doctest.h>

#include <fcntl.h>

#include <algorithm>
#include <functional>

namespace azekura::vault {

namespace {

using tests::check_pack;
using tests::PackMaker;
using tests::random_bytes;
using tests::TempDir;

constexpr std::uint64_t kFileMax = 128 * kMiB;

/// Three blocks, one of them compressed.
std::vector<PreparedBlock> some_blocks(const PackMaker& maker) {
  return {maker.block(1, {1000, 1, 3000}), maker.block(2, {40'000, 20'000}, true),
          maker.block(3, {500})};
}

/// Everything of a pack is read; what opens must be what went in.
void read_all(const PackMaker& maker, const std::string& path, const PackInfo& info) {
  const PackReader reader = maker.open(path, info);
  Hmac hasher = maker.set_keys().chunk_hasher(maker.session().set);
  const ChunkTable chunks = reader.chunk_table(maker.set_keys().catalogue);
  for (std::uint32_t i = 0; i < reader.table().blocks.size(); ++i) {
    const BlockInfo& block = reader.table().blocks[i];
    const Buffer plain = reader.open_block(i);
    std::size_t at = 0;
    for (std::uint32_t c = 0; c < block.chunk_count; ++c) {
      const std::uint32_t length = reader.table().chunk_lengths[block.first_chunk + c];
      const ChunkRow& row = chunks.at(block.first_chunk + c);
      REQUIRE(row.length == length);
      REQUIRE(row.offset == block.plain_offset + at);
      REQUIRE(row.id == ChunkId::from_bytes(hasher(ByteView{plain}.subspan(at, length)).bytes()));
      at += length;
    }
    REQUIRE(at == plain.size());
  }
}

}  // namespace

TEST_CASE("Pack: many blocks round trip through writer, check and reader") {
  const TempDir dir;
  const PackMaker maker;
  tests::RandomNumbers numbers{1};
  std::vector<PreparedBlock> blocks;
  std::uint32_t plain_bytes = 0;
  for (std::uint64_t i = 0; i < 60; ++i) {
    std::vector<std::uint32_t> lengths;
    for (std::uint64_t c = 0, count = 1 + numbers.next() % 20; c < count; ++c) {
      lengths.push_back(static_cast<std::uint32_t>(1 + numbers.next() % 20'000));
      plain_bytes += lengths.back();
    }
    blocks.push_back(maker.block(i, lengths, i % 3 == 0));
  }
  const PackInfo info = maker.write(dir.path("pack"), 42, blocks);
  CHECK(info.number == 42);
  CHECK(info.session == 1);
  CHECK_FALSE(exists(dir.path("pack.part")));
  const Buffer bytes = read_file(dir.path("pack"), kFileMax);
  CHECK(bytes.size() == info.file_bytes);
  check_pack(bytes, info, maker.session());
  const PackReader reader = maker.open(dir.path("pack"), info);
  REQUIRE(reader.table().blocks.size() == 60);
  CHECK(reader.plain_bytes() == plain_bytes);
  for (std::uint32_t i = 0; i < 60; ++i) {
    REQUIRE(reader.open_block(i) ==
            expand(blocks[i].codec, blocks[i].payload, blocks[i].plain_bytes));
  }
  read_all(maker, dir.path("pack"), info);
}

TEST_CASE("Pack: a pack closed because it is full has 64 MiB, any other the Padmé size") {
  const TempDir dir;
  const PackMaker maker;
  const PreparedBlock block = maker.block(1, {kMiB, kMiB - 100});
  PackWriter full = maker.writer(dir.path("full"), 1);
  while (full.fits(block.payload.size(), block.plain_bytes, block.ids.size())) {
    full.append(block);
  }
  const PackInfo full_info = full.finish(true);
  CHECK(pack_data_bytes(full_info.file_bytes) == 64 * kMiB);
  check_pack(read_file(dir.path("full"), kFileMax), full_info, maker.session());
  CHECK(maker.open(dir.path("full"), full_info).open_block(30).size() == block.plain_bytes);

  const PackInfo tiny = maker.write(dir.path("tiny"), 2, {maker.block(1, {1})});
  CHECK(pack_data_bytes(tiny.file_bytes) == 16 * kKiB);
  for (std::uint32_t i = 0; i < 12; ++i) {
    const std::uint32_t size = 30'000 + i * 17'001;
    const PackInfo info = maker.write(dir.path(std::to_string(i)), 3 + i, {maker.block(i, {size})});
    const std::uint64_t data_bytes = pack_data_bytes(info.file_bytes);
    CHECK(padme(data_bytes) == data_bytes);
    CHECK(data_bytes >= size);
    CHECK(data_bytes < (size + 1000) * 112 / 100);
  }
}

TEST_CASE("Pack: no file length but a pack's is a pack's") {
  for (const std::uint64_t data :
       {16 * kKiB, 16 * kKiB + 512, 64 * kKiB, 64 * kKiB + 1, 1 * kMiB, 64 * kMiB}) {
    CHECK(pack_data_bytes(pack_file_bytes(data)) == data);
  }
  for (const std::uint64_t size :
       {std::uint64_t{0}, std::uint64_t{63}, pack_file_bytes(16 * kKiB) - 1,
        pack_file_bytes(64 * kMiB) + 1, UINT64_MAX,
        pack_file_bytes(64 * kKiB) + 16}) {  // between one leaf and two
    CHECK_THROWS_AS(pack_data_bytes(size), DamageError);
  }
}

TEST_CASE("PackCheck: finds every flipped byte, every cut and every longer file, without a key") {
  const TempDir dir;
  const PackMaker maker;
  const PackInfo info = maker.write(dir.path("pack"), 7, some_blocks(maker));
  const Buffer whole = read_file(dir.path("pack"), kFileMax);
  check_pack(whole, info, maker.session());
  for (std::size_t at = 0; at < whole.size(); ++at) {
    Buffer bytes = whole;
    bytes[at] ^= static_cast<std::byte>(1U << at % 8);
    try {
      check_pack(bytes, info, maker.session());
      CAPTURE(at);
      FAIL("a flipped byte went unnoticed");
    } catch (const DamageError&) {
      continue;
    }
  }
  for (std::size_t cut = 1; cut < whole.size(); cut += 997) {
    REQUIRE_THROWS_AS(check_pack(ByteView{whole}.first(whole.size() - cut), info, maker.session()),
                      DamageError);
  }
  Buffer longer = whole;
  longer.push_back(std::byte{0});
  PackCheck check{info, maker.session()};
  CHECK_THROWS_AS(check.update(longer), DamageError);  // without waiting for an end
}

TEST_CASE("PackCheck: says where the damage is, and does not mind how the bytes come") {
  const TempDir dir;
  const PackMaker maker;
  const PackInfo info = maker.write(dir.path("pack"), 7, {maker.block(1, {300'000})});
  Buffer bytes = read_file(dir.path("pack"), kFileMax);
  for (const std::size_t step : {std::size_t{1}, std::size_t{95}, std::size_t{65'537}}) {
    PackCheck check{info, maker.session()};
    for (std::size_t at = 0; at < bytes.size(); at += step) {
      check.update(ByteView{bytes}.subspan(at, std::min(step, bytes.size() - at)));
    }
    check.finish();
  }
  bytes[2 * 65'536 + 5] ^= std::byte{1};
  CHECK_THROWS_WITH_AS(check_pack(bytes, info, maker.session()), doctest::Contains("byte 131072"),
                       DamageError);
}

TEST_CASE("PackCheck: another pack's whole file, another session's or another root is refused") {
  const TempDir dir;
  const PackMaker maker;
  const PackInfo info = maker.write(dir.path("pack"), 7, some_blocks(maker));
  const Buffer bytes = read_file(dir.path("pack"), kFileMax);
  PackInfo other = info;
  other.number = 8;
  CHECK_THROWS_AS(check_pack(bytes, other, maker.session()), DamageError);
  other = info;
  other.root.mutable_bytes()[0] ^= std::byte{1};
  CHECK_THROWS_AS(check_pack(bytes, other, maker.session()), DamageError);
  other = info;
  other.file_bytes = pack_file_bytes(pack_data_bytes(info.file_bytes) * 2);
  CHECK_THROWS_AS(check_pack(bytes, other, maker.session()), DamageError);
  CHECK_THROWS_AS(check_pack(bytes, info, PackMaker{2}.session()), DamageError);
  CHECK_THROWS_AS(check_pack(bytes, info, PackMaker(1, 2).session()), DamageError);
}

TEST_CASE("PackReader: whatever byte is flipped, wrong bytes never come out") {
  const TempDir dir;
  const PackMaker maker;
  const PackInfo info = maker.write(dir.path("pack"), 7, some_blocks(maker));
  const Buffer whole = read_file(dir.path("pack"), kFileMax);
  read_all(maker, dir.path("pack"), info);
  int noticed = 0;
  for (std::size_t at = 0; at < whole.size(); at += at < 200 ? 1 : 61) {
    Buffer bytes = whole;
    bytes[at] ^= static_cast<std::byte>(1U << at % 8);
    dir.write("damaged", bytes);
    try {
      read_all(maker, dir.path("damaged"), info);  // padding and leaf hashes are not read
    } catch (const Error& error) {
      const bool expected =
          error.kind() == ErrorKind::damage || error.kind() == ErrorKind::authenticity;
      REQUIRE(expected);
      ++noticed;
    }
  }
  CHECK(noticed > 96);
}

TEST_CASE("PackReader: a block that was moved or relabelled does not open") {
  const TempDir dir;
  const PackMaker maker;
  // Two blocks of one size, so that they can change places.
  const PackInfo info =
      maker.write(dir.path("pack"), 7, {maker.block(1, {9000}), maker.block(2, {9000})});
  const PackReader whole = maker.open(dir.path("pack"), info);
  const BlockInfo first = whole.table().blocks[0];
  const BlockInfo second = whole.table().blocks[1];
  REQUIRE(first.stored_bytes == second.stored_bytes);
  Buffer bytes = read_file(dir.path("pack"), kFileMax);
  std::swap_ranges(bytes.begin() + first.stored_offset,
                   bytes.begin() + first.stored_offset + first.stored_bytes,
                   bytes.begin() + second.stored_offset);
  dir.write("swapped", bytes);
  const PackReader swapped = maker.open(dir.path("swapped"), info);
  CHECK_THROWS_AS(static_cast<void>(swapped.open_block(0)), DamageError);
  CHECK_THROWS_AS(static_cast<void>(swapped.open_block(1)), DamageError);

  // The whole pack under another number, or as another session's.
  PackInfo renamed = info;
  renamed.number = 8;
  CHECK_THROWS_AS(static_cast<void>(maker.open(dir.path("pack"), renamed)), DamageError);
  CHECK_THROWS_AS(static_cast<void>(PackMaker(1, 2).open(dir.path("pack"), info)), DamageError);
  Buffer relabelled = read_file(dir.path("pack"), kFileMax);
  relabelled[12] = std::byte{8};  // its number in the header
  dir.write("relabelled", relabelled);
  CHECK_THROWS_AS(static_cast<void>(maker.open(dir.path("relabelled"), renamed)), DamageError);
}

TEST_CASE("PackReader: another session key is refused by the commitment, before it is used") {
  const TempDir dir;
  const PackMaker maker;
  const PackInfo info = maker.write(dir.path("pack"), 7, some_blocks(maker));
  OpenedSlot slot = maker.slot();
  slot.session_key.mutable_bytes()[0] ^= std::byte{1};
  CHECK_THROWS_WITH_AS(
      static_cast<void>(PackReader(open_file(dir.path("pack"), O_RDONLY), info, slot)),
      doctest::Contains("key"), DamageError);
}

TEST_CASE("Pack: the host's keys open the chunk table and nothing else of it") {
  const TempDir dir;
  const PackMaker maker;
  Buffer kept;
  const PackInfo info = maker.write(dir.path("pack"), 7, some_blocks(maker), &kept);
  const UniqueFd file = open_file(dir.path("pack"), O_RDONLY);
  const Secret& catalogue_key = maker.set_keys().catalogue;
  const Buffer sealed = read_sealed_chunk_table(file.get(), info, maker.session(), catalogue_key);
  CHECK(sealed == kept);
  const ChunkTable table = open_chunk_table(catalogue_key, maker.session(), 7, sealed);
  REQUIRE(table.size() == 6);
  CHECK(table[3].length == 40'000);
  CHECK(table[3].offset == 4001);
  CHECK_THROWS_AS(open_chunk_table(catalogue_key, maker.session(), 8, sealed), DamageError);
  CHECK_THROWS_AS(open_chunk_table(catalogue_key, PackMaker(1, 2).session(), 7, sealed),
                  DamageError);
  CHECK_THROWS_AS(open_chunk_table(PackMaker{2}.set_keys().catalogue, maker.session(), 7, sealed),
                  DamageError);
  CHECK(pack_session(file.get(), maker.session().site) == maker.session());
}

TEST_CASE("BlockTable: round trips; blocks and chunks beyond their limits are refused") {
  const TempDir dir;
  const PackMaker maker;
  const PackInfo info = maker.write(dir.path("pack"), 7, some_blocks(maker));
  const BlockTable table = maker.open(dir.path("pack"), info).table();
  const Buffer bytes = table.encode();
  CHECK(BlockTable::decode(bytes, 64 * kKiB).encode() == bytes);
  const auto refused = [&](const std::function<void(BlockTable&)>& change) {
    BlockTable one = table;
    change(one);
    CHECK_THROWS_AS(BlockTable::decode(one.encode(), 64 * kKiB), DamageError);
  };
  refused([](BlockTable& one) { one.blocks[0].plain_bytes += 1; });
  refused([](BlockTable& one) { one.blocks[0].plain_bytes = 0; });
  refused([](BlockTable& one) { one.chunk_lengths[0] = 0; });
  refused([](BlockTable& one) { one.blocks[0].stored_bytes = 16; });
  refused([](BlockTable& one) { one.blocks[0].stored_bytes = 64 * kKiB; });
  refused([](BlockTable& one) { one.blocks[0].codec = static_cast<Codec>(3); });
  refused([](BlockTable& one) {
    one.chunk_lengths[0] = limits::kChunkMax + 1;
    one.blocks[0].plain_bytes = limits::kChunkMax + 1 + 3001;
  });
  refused([](BlockTable& one) { one.blocks.back().chunk_count = 0; });
  CHECK_THROWS_AS(BlockTable::decode(ByteWriter{}.u32(65'537).take(), kMiB), DamageError);
  CHECK_THROWS_AS(BlockTable::decode(ByteView{bytes}.first(bytes.size() - 1), 64 * kKiB),
                  DamageError);
}

TEST_CASE("ChunkTable: round trips; impossible chunks and counts are refused") {
  ChunkTable table{{ChunkId{}, 5, 0}, {ChunkId::from_bytes(random_bytes(1, 32)), 7, 5}};
  const Buffer bytes = encode_chunk_table(table);
  const ChunkTable back = decode_chunk_table(bytes);
  REQUIRE(back.size() == 2);
  CHECK(back[1].id == table[1].id);
  CHECK(back[1].offset == 5);
  table[0].length = 0;
  CHECK_THROWS_AS(decode_chunk_table(encode_chunk_table(table)), DamageError);
  table[0].length = limits::kChunkMax + 1;
  CHECK_THROWS_AS(decode_chunk_table(encode_chunk_table(table)), DamageError);
  CHECK_THROWS_AS(decode_chunk_table(encode_chunk_table(ChunkTable(1025, {{}, kMiB, 0}))),
                  DamageError);  // more than 1 GiB
  CHECK_THROWS_AS(decode_chunk_table(ByteWriter{}.u32(0xFFFFFFFF).take()), DamageError);
  CHECK_THROWS_AS(decode_chunk_table(ByteView{bytes}.first(bytes.size() - 1)), DamageError);
}

TEST_CASE("PackWriter: fits says no before any limit is broken") {
  const TempDir dir;
  const PackMaker maker;
  PackWriter pack = maker.writer(dir.path("pack"), 1);
  CHECK(pack.empty());
  CHECK(pack.fits(limits::kBlockPlainMax, limits::kBlockPlainMax, limits::kBlockChunksMax));
  CHECK_FALSE(pack.fits(limits::kPackDataBytes, kMiB, 1));
  CHECK_FALSE(pack.fits(1, limits::kPackPlainMax + 1, 1));
  CHECK_FALSE(pack.fits(1, 1, limits::kPackChunksTarget + 1));
  CHECK(pack.fits_chunks(limits::kPackChunksTarget));
  CHECK_FALSE(pack.fits_chunks(limits::kPackChunksTarget + 1));
  pack.append(maker.block(1, {kMiB}, true));
  CHECK_FALSE(pack.empty());
  CHECK(pack.plain_bytes() == kMiB);
  CHECK_FALSE(pack.fits(1, limits::kPackPlainMax, 1));
  CHECK_FALSE(exists(dir.path("pack")));  // not before it is finished
}

TEST_CASE("pack_path: one folder for each 256 packs") {
  CHECK(pack_path(1) == "packs/00/00000001");
  CHECK(pack_path(0x2AB) == "packs/02/000002ab");
  CHECK(pack_path(0xFFFFFFFF) == "packs/ffffff/ffffffff");
}

}  // namespace azekura::vault
