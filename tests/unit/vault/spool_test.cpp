#include "vault/spool.h"

#include "core/error.h"
#include "core/file_io.h"
#include "tests/support/pack_maker.h"
#include "tests/support/temp_dir.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace azekura::vault {

namespace {

using tests::PackMaker;
using tests::random_bytes;
using tests::TempDir;

SessionHeader header_of(const PackMaker& maker, std::uint32_t first_pack) {
  const SigningKey authority{Secret::copy_of(random_bytes(1, 32))};
  const Secret recovery = Secret::copy_of(random_bytes(2, 32));
  SessionHeader header;
  header.identity = maker.session();
  header.first_pack = first_pack;
  header.writer.authority = authority.public_key();
  header.writer.certificate =
      Certificate::issue(authority, {maker.session().site, {}, 1, authority.public_key(), {}});
  header.policy =
      Policy::issue(authority, {maker.session().site, 1, {recipient_key_of(recovery)}, {}});
  header.slots = {
      KeySlot::make(header.identity, maker.slot().session_key, maker.set_keys(), header.policy)};
  return header;
}

/// A session of two finished packs, 5 and 6.
struct Session {
  explicit Session(Spool& spool, std::uint32_t number = 1) : maker{1, number} {
    folder = spool.begin(header_of(maker, 5));
    for (const std::uint32_t pack : {5U, 6U}) {
      packs.push_back(
          maker.write(Spool::pack_path(folder, pack), pack, {maker.block(pack, {1000})}));
      Spool::journal(folder, packs.back());
    }
  }
  void complete() const {
    Manifest manifest;
    manifest.identity = maker.session();
    manifest.packs = packs;
    Spool::complete(folder, manifest);
  }
  PackMaker maker;
  std::string folder;
  std::vector<PackInfo> packs;
};

}  // namespace

TEST_CASE("Spool: a session is interrupted until its manifest is there, then complete") {
  const TempDir dir;
  Spool spool{dir.path("spool")};
  CHECK(spool.sessions().empty());
  CHECK(spool.next_pack() == 1);
  const Session session{spool, 3};
  CHECK(spool.sessions().empty());
  REQUIRE(spool.interrupted().size() == 1);
  CHECK(spool.interrupted()[0].packs == session.packs);
  CHECK(spool.interrupted()[0].header.identity == session.maker.session());
  CHECK(spool.next_pack() == 7);

  session.complete();
  CHECK(spool.interrupted().empty());
  REQUIRE(spool.sessions().size() == 1);
  const SpooledSession one = spool.sessions()[0];
  CHECK(one.number() == 3);
  CHECK(one.manifest.own_packs() == session.packs);
  CHECK(exists(one.pack_path(6)));
  CHECK(one.header_bytes == one.header.encode());
  CHECK(one.manifest_bytes == one.manifest.encode());

  spool.discard(3);
  CHECK(spool.sessions().empty());
  CHECK(spool.interrupted().empty());
  CHECK(list_directory(dir.path("spool")).empty());
  spool.discard(3);
}

TEST_CASE("Spool: a journal cut at any byte is read as the packs whose records are whole") {
  const TempDir dir;
  Spool spool{dir.path("spool")};
  const Session session{spool};
  const std::string journal = session.folder + "/journal";
  const Buffer whole = read_file(journal, kMiB);
  const std::size_t record = whole.size() / 2;
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    replace_file(journal, ByteView{whole}.first(size));
    REQUIRE(spool.interrupted().size() == 1);
    std::vector<PackInfo> expected = session.packs;
    expected.resize(size / record);
    REQUIRE(spool.interrupted()[0].packs == expected);
  }
}

TEST_CASE("Spool: a damaged record ends the journal") {
  const TempDir dir;
  Spool spool{dir.path("spool")};
  const Session session{spool};
  const std::string journal = session.folder + "/journal";
  const Buffer whole = read_file(journal, kMiB);
  for (std::size_t at = 0; at < whole.size(); ++at) {
    Buffer bytes = whole;
    bytes[at] ^= std::byte{0x10};
    replace_file(journal, bytes);
    REQUIRE(spool.interrupted()[0].packs.size() == (at < whole.size() / 2 ? 0 : 1));
  }
}

TEST_CASE("Spool: a journalled pack that is missing, short or damaged does not count") {
  const TempDir dir;
  Spool spool{dir.path("spool")};
  const Session session{spool};
  const std::string path = Spool::pack_path(session.folder, 5);
  Buffer bytes = read_file(path, kMiB);
  bytes[500] ^= std::byte{1};
  replace_file(path, bytes);
  CHECK(spool.interrupted()[0].packs == std::vector<PackInfo>{session.packs[1]});
  bytes[500] ^= std::byte{1};
  replace_file(path, ByteView{bytes}.first(bytes.size() - 1));
  CHECK(spool.interrupted()[0].packs == std::vector<PackInfo>{session.packs[1]});
  remove_file(path);
  CHECK(spool.interrupted()[0].packs == std::vector<PackInfo>{session.packs[1]});
}

TEST_CASE("Spool: an unfinished pack and one without a record do not count, their numbers do") {
  const TempDir dir;
  Spool spool{dir.path("spool")};
  const Session session{spool};
  static_cast<void>(session.maker.write(Spool::pack_path(session.folder, 0x20), 0x20,
                                        {session.maker.block(1, {10})}));
  replace_file(Spool::pack_path(session.folder, 0x30) + ".part", as_bytes("half"));
  CHECK(spool.interrupted()[0].packs == session.packs);
  CHECK(spool.next_pack() == 0x31);
}

TEST_CASE("Spool: pack numbers are above a session's first even if it made no pack") {
  const TempDir dir;
  Spool spool{dir.path("spool")};
  const PackMaker maker;
  const std::string folder = spool.begin(header_of(maker, 40));
  CHECK(spool.next_pack() == 40);
  Manifest manifest;
  manifest.identity = maker.session();
  manifest.packs = {{39, 1, 20'000, {}}};
  Spool::complete(folder, manifest);
  CHECK(spool.next_pack() == 40);
}

TEST_CASE("Spool: a folder without a header is an interrupted session with nothing in it") {
  const TempDir dir;
  Spool spool{dir.path("spool")};
  dir.make_directory("spool/000009/packs");
  dir.make_directory("spool/not-a-session");
  REQUIRE(spool.interrupted().size() == 1);
  CHECK(spool.interrupted()[0].header.identity.number == 9);
  CHECK(spool.interrupted()[0].packs.empty());
  CHECK(spool.sessions().empty());
}

TEST_CASE("Spool: complete sessions come by rising number; a damaged one is not among them") {
  const TempDir dir;
  Spool spool{dir.path("spool")};
  for (const std::uint32_t number : {12U, 2U, 7U}) {
    Session{spool, number}.complete();
  }
  REQUIRE(spool.sessions().size() == 3);
  CHECK(spool.sessions()[0].number() == 2);
  CHECK(spool.sessions()[2].number() == 12);
  const std::string manifest = dir.path("spool/000007/manifest");
  Buffer bytes = read_file(manifest, kMiB);
  replace_file(manifest, ByteView{bytes}.first(bytes.size() / 2));
  CHECK(spool.sessions().size() == 2);
  // Another session's manifest under this one's header.
  replace_file(manifest, read_file(dir.path("spool/000002/manifest"), kMiB));
  CHECK(spool.sessions().size() == 2);
}

TEST_CASE("Spool: a pack that was not finished gives its space back and keeps its number") {
  const TempDir dir;
  Spool spool{dir.path("spool")};
  const PackMaker maker{1, 1};
  const std::string folder = spool.begin(header_of(maker, 5));
  replace_file(folder + "/packs/00000009.part", random_bytes(1, 100));
  Spool::empty_unfinished(dir.path("spool"));
  CHECK(read_file(folder + "/packs/00000009.part", 100).empty());
  CHECK(spool.next_pack() == 10);
}

}  // namespace azekura::vault
