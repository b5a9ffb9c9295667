#include "core/tree_codec.h"

#include "core/error.h"
#include "core/limits.h"
#include "tests/support/random_entries.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <initializer_list>

namespace azekura {

namespace {

using tests::RandomNumbers;

Buffer encoded(const Entry& entry) {
  ByteWriter out;
  encode_entry(out, entry);
  return out.take();
}

Buffer encoded(const Content& content) {
  ByteWriter out;
  encode_content(out, content);
  return out.take();
}

Content decoded_content(ByteView bytes) {
  ByteReader in{bytes, "a content"};
  Content content = decode_content(in);
  in.expect_end();
  return content;
}

Entry file_named(std::string name) {
  Entry entry;
  entry.name = std::move(name);
  entry.mode = 0644;
  entry.content = Content{};
  return entry;
}

Entry of_kind(EntryKind kind) {
  Entry entry;
  entry.name = "it";
  entry.kind = kind;
  if (kind == EntryKind::symlink) {
    entry.link_target = "target";
  }
  if (kind == EntryKind::block_device || kind == EntryKind::character_device) {
    entry.device = DeviceNumber{8, 1};
  }
  if (kind == EntryKind::file || kind == EntryKind::directory) {
    entry.content = Content{};
  }
  return entry;
}

constexpr EntryKind kAllKinds[] = {
    EntryKind::file,         EntryKind::directory,        EntryKind::symlink,
    EntryKind::block_device, EntryKind::character_device, EntryKind::fifo,
    EntryKind::socket};

/// The entry is encoded as it is, and then refused.
void check_refused(const Entry& entry) {
  CHECK_THROWS_AS(static_cast<void>(decode_entry(encoded(entry))), DamageError);
}

/// A field's bytes in an otherwise valid entry of a kind.
Buffer with_field(EntryKind kind, unsigned bit, ByteView field) {
  ByteWriter out;
  out.u8(static_cast<std::uint8_t>(kind)).u32(1U << bit).short_bytes(as_bytes("it"));
  out.u32(0).u32(0).u32(0).i64(0).u32(0).long_bytes(field);
  return out.take();
}

Content with_extents(std::vector<Extent> extents) {
  Content content;
  content.extents = std::move(extents);
  for (const Extent& extent : content.extents) {
    content.size += extent.length;
  }
  return content;
}

}  // namespace

TEST_CASE("tree_codec: entries of every shape round trip") {
  RandomNumbers numbers{1};
  for (int i = 0; i < 3000; ++i) {
    const Entry entry = tests::random_entry(numbers, "name-" + std::to_string(i));
    const Buffer bytes = encoded(entry);
    REQUIRE(decode_entry(bytes) == entry);
    REQUIRE(encoded(decode_entry(bytes)) == bytes);
  }
}

TEST_CASE("tree_codec: directories round trip, names as raw bytes") {
  RandomNumbers numbers{2};
  std::vector<Entry> entries;
  for (const char* name : {"\x01", "a", "a\nb", "a b", "\xE3\x81\x82", "\xFF"}) {
    entries.push_back(tests::random_entry(numbers, name));
  }
  entries.push_back(tests::random_entry(numbers, std::string(255, '~')));
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.name < b.name; });
  CHECK(decode_directory(encode_directory(entries)) == entries);
  CHECK(decode_directory({}).empty());
  CHECK(encode_directory({}).empty());
}

TEST_CASE("tree_codec: damaged bytes either do not decode or are what they decode to") {
  RandomNumbers numbers{3};
  int still_decode = 0;
  for (int i = 0; i < 400; ++i) {
    const Entry one = tests::random_entry(numbers, "a");
    const Entry two = tests::random_entry(numbers, "b");
    const Buffer whole = encode_directory(std::vector<Entry>{one, two});
    for (int change = 0; change < 50; ++change) {
      Buffer bytes = whole;
      const std::size_t at = numbers.next() % bytes.size();
      if (change % 5 == 0) {
        bytes.resize(at);
      } else if (change % 5 == 1) {
        bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at), std::byte{0});
      } else {
        bytes[at] ^= static_cast<std::byte>(1U << numbers.next() % 8);
      }
      try {
        const std::vector<Entry> entries = decode_directory(bytes);
        REQUIRE(encode_directory(entries) == bytes);
        ++still_decode;
      } catch (const DamageError&) {  // the only error there may be
        continue;
      }
    }
  }
  CHECK(still_decode > 1000);
}

TEST_CASE("tree_codec: contents and extent lists round trip") {
  RandomNumbers numbers{4};
  for (int i = 0; i < 1000; ++i) {
    const Content content = tests::random_content(numbers);
    REQUIRE(decoded_content(encoded(content)) == content);
    REQUIRE(decode_extents(encode_extents(content.extents)) == content.extents);
  }
}

TEST_CASE("tree_codec: extents that cannot be are refused") {
  const Extent good{ExtentKind::data, 10, {1, 2}, {}};
  const auto refused = [&](const std::function<void(Extent&)>& change) {
    Extent extent = good;
    change(extent);
    CHECK_THROWS_AS(static_cast<void>(decode_extents(encode_extents({&extent, 1}))), DamageError);
  };
  CHECK(decode_extents(encode_extents({&good, 1})).front() == good);
  refused([](Extent& e) { e.length = 0; });
  refused([](Extent& e) { e.kind = static_cast<ExtentKind>(0); });
  refused([](Extent& e) { e.kind = static_cast<ExtentKind>(4); });
  refused([](Extent& e) { e.length = limits::kPackPlainMax - 1; });  // begins at byte 2
  refused([](Extent& e) { e.position.byte = limits::kPackPlainMax; });
  refused([](Extent& e) { e.length = UINT64_MAX; });
  refused([](Extent& e) {
    e.kind = ExtentKind::hole;
    e.length = limits::kFileBytesMax + 1;
  });
  Buffer cut = encode_extents({&good, 1});
  cut.pop_back();
  CHECK_THROWS_AS(static_cast<void>(decode_extents(cut)), DamageError);
}

TEST_CASE("tree_codec: contents that do not add up are refused") {
  const Extent data{ExtentKind::data, 10, {1, 2}, {}};
  const Extent hole{ExtentKind::hole, limits::kFileBytesMax, {}, {}};
  Content content = with_extents({data});
  CHECK(decoded_content(encoded(content)) == content);
  const auto refused = [](const Content& one) {
    CHECK_THROWS_AS(static_cast<void>(decoded_content(encoded(one))), DamageError);
  };
  content.size = 11;
  refused(content);
  content.size = 9;
  refused(content);
  content.level = 2;
  refused(content);
  refused(with_extents({hole, data}));  // beyond off_t
  Content list = with_extents({data});
  list.level = 1;
  list.size = limits::kFileBytesMax;
  CHECK(decoded_content(encoded(list)) == list);
  list.size = limits::kFileBytesMax + 1;
  refused(list);
  list.size = 5;
  list.extents.push_back({ExtentKind::hole, 5, {}, {}});  // a list has no gaps
  refused(list);
  list.extents = {{ExtentKind::data, limits::kExtentListBytesMax, {0, 0}, {}}, data};
  refused(list);
}

TEST_CASE("tree_codec: a count beyond the bytes is refused before memory is taken for it") {
  const Buffer bytes = ByteWriter{}.u64(1).u8(0).id(Digest{}).u32(0xFFFFFFFF).u8(1).take();
  CHECK_THROWS_AS(static_cast<void>(decoded_content(bytes)), DamageError);
}

TEST_CASE("tree_codec: each kind has what it needs and nothing that is not its own") {
  for (const EntryKind kind : kAllKinds) {
    CAPTURE(static_cast<int>(kind));
    const Entry good = of_kind(kind);
    CHECK(decode_entry(encoded(good)) == good);
    const bool has_bytes = kind == EntryKind::file || kind == EntryKind::directory;
    Entry entry = good;
    if (has_bytes) {
      entry.content.reset();
      check_refused(entry);
      entry.flaw = EntryFlaw::changed_while_read;
      check_refused(entry);
      entry.flaw = EntryFlaw::unreadable;
      CHECK(decode_entry(encoded(entry)) == entry);
    } else {
      entry.content = Content{};
      check_refused(entry);
    }
    entry = good;
    if (kind == EntryKind::symlink) {
      entry.link_target.clear();
    } else {
      entry.link_target = "target";
    }
    check_refused(entry);
    entry = good;
    if (entry.device) {
      entry.device.reset();
    } else {
      entry.device = DeviceNumber{};
    }
    check_refused(entry);
    entry = good;
    entry.hard_link = HardLink{1, 2};
    if (kind == EntryKind::directory) {
      check_refused(entry);
    } else {
      CHECK(decode_entry(encoded(entry)) == entry);
    }
  }
  Entry further_name = of_kind(EntryKind::file);
  further_name.content.reset();
  further_name.hard_link = HardLink{1, 2};
  CHECK(decode_entry(encoded(further_name)) == further_name);
}

TEST_CASE("tree_codec: values beyond their limits are refused") {
  Entry entry = file_named("it");
  entry.mode = 010000;
  check_refused(entry);
  entry = file_named("it");
  entry.modified.nanoseconds = 1'000'000'000;
  check_refused(entry);
  entry = file_named("it");
  entry.born = Timestamp{0, 1'000'000'000};
  check_refused(entry);
  check_refused(file_named(std::string(256, 'n')));
  entry = file_named("it");
  entry.user = std::string(256, 'u');
  check_refused(entry);
  entry = file_named("it");
  entry.group = std::string("a\0b", 3);
  check_refused(entry);
  entry = of_kind(EntryKind::symlink);
  entry.link_target = std::string(4096, 't');
  check_refused(entry);
  entry.link_target = std::string("t\0", 2);
  check_refused(entry);
  entry = file_named("it");
  entry.kind = static_cast<EntryKind>(0);
  check_refused(entry);
  entry.kind = static_cast<EntryKind>(8);
  check_refused(entry);
}

TEST_CASE("tree_codec: extended attributes are sorted, named and within their limits") {
  const Buffer value(4, std::byte{1});
  Entry entry = file_named("it");
  entry.xattrs = {{"user.a", value}, {"user.b", {}}};
  CHECK(decode_entry(encoded(entry)) == entry);
  const auto refused = [&](std::vector<std::pair<std::string, Buffer>> xattrs) {
    entry.xattrs = std::move(xattrs);
    check_refused(entry);
  };
  refused({{"user.b", value}, {"user.a", value}});
  refused({{"user.a", value}, {"user.a", value}});
  refused({{"", value}});
  refused({{std::string("a\0b", 3), value}});
  refused({{std::string(256, 'x'), value}});
  refused({{"user.a", Buffer(65'537, std::byte{0})}});
  std::vector<std::pair<std::string, Buffer>> many;
  for (std::size_t i = 0; i <= limits::kXattrsMax; ++i) {
    many.emplace_back("user." + std::to_string(10'000 + i), Buffer{});
  }
  refused(many);
}

TEST_CASE("tree_codec: fields have one encoding") {
  const std::byte zero{0};
  const Buffer empty_flags(4, zero);
  CHECK_THROWS_AS(decode_entry(with_field(EntryKind::fifo, 8, empty_flags)), DamageError);
  CHECK_THROWS_AS(decode_entry(with_field(EntryKind::fifo, 9, Buffer{zero})), DamageError);
  CHECK_THROWS_AS(decode_entry(with_field(EntryKind::fifo, 9, Buffer{std::byte{3}})), DamageError);
  CHECK_THROWS_AS(decode_entry(with_field(EntryKind::fifo, 4, {})), DamageError);   // no user
  CHECK_THROWS_AS(decode_entry(with_field(EntryKind::fifo, 6, {})), DamageError);   // no xattr
  CHECK_THROWS_AS(decode_entry(with_field(EntryKind::fifo, 10, {})), DamageError);  // unknown field
  const Buffer flags = ByteWriter{}.u32(1).take();
  CHECK(decode_entry(with_field(EntryKind::fifo, 8, flags)).attribute_flags == 1);
  const Buffer too_long = ByteWriter{}.u32(1).u8(0).take();
  CHECK_THROWS_AS(decode_entry(with_field(EntryKind::fifo, 8, too_long)), DamageError);
  Buffer trailing = with_field(EntryKind::fifo, 8, flags);
  trailing.push_back(zero);
  CHECK_THROWS_AS(decode_entry(trailing), DamageError);
}

TEST_CASE("tree_codec: a directory has valid names, sorted, none twice") {
  const auto directory_of = [](std::initializer_list<std::string> names) {
    ByteWriter out;
    for (const std::string& name : names) {
      out.long_bytes(encoded(file_named(name)));
    }
    return out.take();
  };
  CHECK(decode_directory(directory_of({"a", "b"})).size() == 2);
  for (const std::string& name : {std::string{}, std::string{"."}, std::string{".."},
                                  std::string{"a/b"}, std::string{"/"}, std::string("a\0b", 3)}) {
    CHECK_THROWS_AS(static_cast<void>(decode_directory(directory_of({name}))), DamageError);
    CHECK_FALSE(is_valid_name(name));
  }
  CHECK_THROWS_AS(static_cast<void>(decode_directory(directory_of({"b", "a"}))), DamageError);
  CHECK_THROWS_AS(static_cast<void>(decode_directory(directory_of({"a", "a"}))), DamageError);
  CHECK(is_valid_name("..."));
  CHECK(is_valid_name(std::string(255, 'n')));
  CHECK_FALSE(is_valid_name(std::string(256, 'n')));
}

}  // namespace azekura
