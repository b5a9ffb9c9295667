#include "vault/medium_register.h"

#include "core/error.h"
#include "core/file_io.h"
#include "tests/support/temp_dir.h"
#include "vault/secret.h"

#include <doctest/doctest.h>

namespace azekura::vault {

namespace {

MediumRecord sample_record() {
  MediumRecord record;
  record.name = "daily-1";
  record.id = random_id<MediumId>();
  record.set = "daily-1";
  record.description = "ACME disk, USB A1";
  record.bytes = 4'000'000'000'000;
  record.free_bytes = 17;
  record.enrolled = {1'763'000'000, 0};
  record.moves.push_back({{1'763'000'100, 0}, "山田", "地下金庫", "2026-12-24", "S-0017"});
  record.moves.push_back({{1'763'000'200, 0}, "佐藤", "サーバ室", "", ""});
  Connection one;
  one.attached = {1'763'000'300, 0};
  one.end = ConnectionEnd::off;
  one.work_seconds = 12.5;
  one.overhang_seconds = 3.25;
  one.bytes = 123;
  one.first_session = 4;
  one.last_session = 5;
  record.connections.push_back(one);
  record.connections.push_back({});
  record.refusals.push_back({{1'763'000'400, 0}, "AZK-M05", "", Timestamp{1'763'000'500, 0}});
  record.refusals.push_back({{1'763'000'600, 0}, "AZK-M12", "佐藤", std::nullopt});
  record.insertion = {"boot", "/sys/devices/a", "/sys/devices/a/block/sdb", 42};
  return record;
}

}  // namespace

TEST_SUITE("vault.medium_register") {
  TEST_CASE("a record comes back as it was") {
    const MediumRecord record = sample_record();
    CHECK(MediumRecord::parse(record.to_text()) == record);
  }

  TEST_CASE("what people type keeps its field and line") {
    MediumRecord record = sample_record();
    record.moves[0].person = "a\tb\nmove\t1\tevil";
    const MediumRecord read = MediumRecord::parse(record.to_text());
    CHECK(read.moves.size() == record.moves.size());
    CHECK(read.moves[0].person == "a b move 1 evil");
    CHECK(read.connections == record.connections);
    record.moves[0].place = "棚\\2 \x1b[D \xff";
    const MediumRecord once = MediumRecord::parse(record.to_text());
    CHECK(once.moves[0].place == "棚\\2  [D  ");
    CHECK(MediumRecord::parse(once.to_text()) == once);
  }

  TEST_CASE("a record that cannot be read costs no other medium") {
    const tests::TempDir folder;
    MediumRegister media{folder.path()};
    const MediumRecord record = sample_record();
    media.add(record);
    replace_file(folder.path() + "/media/daily-0.medium", as_bytes("azekura medium 1\n"));
    replace_file(folder.path() + "/media/weekly.medium", as_bytes("something"));
    CHECK(media.named("daily-1") == record);
    CHECK(media.find(record.id) == record);
    CHECK_THROWS_AS(static_cast<void>(media.named("weekly")), DamageError);
    CHECK_THROWS_AS(static_cast<void>(media.find(random_id<MediumId>())), DamageError);
    media.update("daily-1", [](MediumRecord& changed) { changed.free_bytes = 1; });
    CHECK(media.named("daily-1").free_bytes == 1);
    std::size_t unreadable = 0;
    const std::vector<MediumRecord> readable =
        media.readable([&](const DamageError& /*error*/) { ++unreadable; });
    CHECK(readable.size() == 1);
    CHECK(readable.at(0).name == "daily-1");
    CHECK(unreadable == 2);
    CHECK_THROWS_AS(static_cast<void>(media.all()), DamageError);
  }

  TEST_CASE("a record that was cut short or changed is refused") {
    const std::string whole = sample_record().to_text();
    const std::size_t id_end = whole.find("\nset\t");
    for (std::size_t length = 0; length < id_end; ++length) {
      CHECK_THROWS_AS(static_cast<void>(MediumRecord::parse(whole.substr(0, length))), Error);
    }
    CHECK_THROWS_AS(static_cast<void>(MediumRecord::parse(whole + "colour\tred\n")), DamageError);
    CHECK_THROWS_AS(static_cast<void>(MediumRecord::parse(whole + "bytes\tmany\n")), DamageError);
    CHECK_THROWS_AS(static_cast<void>(MediumRecord::parse("azekura medium 2\n")), DamageError);
  }

  TEST_CASE("each medium is there once, and changes stay") {
    const tests::TempDir folder;
    MediumRegister media{folder.path()};
    CHECK(media.all().empty());
    MediumRecord first = sample_record();
    media.add(first);
    CHECK_THROWS_AS(media.add(first), UsageError);
    MediumRecord second = sample_record();
    CHECK_THROWS_AS(media.add(second), UsageError);  // of the same name
    second.name = "daily-2";
    media.add(second);
    media.update("daily-2", [](MediumRecord& record) { record.free_bytes = 99; });
    CHECK(media.named("daily-2").free_bytes == 99);
    CHECK(media.named("daily-1") == first);
    CHECK(media.find(second.id)->name == "daily-2");
    CHECK_FALSE(media.find(random_id<MediumId>()).has_value());
    CHECK_THROWS_AS(static_cast<void>(media.named("weekly")), UsageError);
  }

  TEST_CASE("a refusal stands until the medium is written, each code once") {
    const tests::TempDir folder;
    MediumRegister media{folder.path()};
    MediumRecord record = sample_record();
    record.refusals.clear();
    media.add(record);
    const Timestamp first{1'763'000'700, 0};
    const Timestamp later{1'763'000'800, 0};
    media.note_refusal("daily-1", {.when = first, .code = "AZK-M05"});
    media.note_refusal("daily-1", {.when = first, .code = "AZK-M12"});
    media.note_refusal("daily-1", {.when = later, .code = "AZK-M05"});
    media.note_refusal("daily-1", {.when = later, .code = "AZK-M12", .person = "佐藤"});
    media.note_refusal("daily-1", {.when = later, .code = "AZK-M12"});
    media.note_refusal("daily-2", {.when = later, .code = "AZK-M12"});  // it has no medium
    CHECK(media.named("daily-1").standing_refusals() ==
          std::vector<Refusal>{{first, "AZK-M05"}, {first, "AZK-M12", "佐藤"}});
    media.update("daily-1", [&](MediumRecord& changed) { changed.note_written(later); });
    CHECK(media.named("daily-1").standing_refusals().empty());
    media.note_refusal("daily-1", {.when = later, .code = "AZK-M05"});
    CHECK(media.named("daily-1").standing_refusals() == std::vector<Refusal>{{later, "AZK-M05"}});
    CHECK(media.named("daily-1").refusals.front() == Refusal{first, "AZK-M05", "", later});
  }

  TEST_CASE("the newest connections of a set's media are given, oldest first") {
    const tests::TempDir folder;
    MediumRegister media{folder.path()};
    CHECK(media.newest_connections("daily-1").empty());
    MediumRecord record = sample_record();
    record.connections.clear();
    for (std::int64_t i = 0; i < 70; ++i) {
      record.connections.emplace_back().attached = {1'763'000'000 + i, 0};
    }
    media.add(record);
    MediumRecord other = sample_record();
    other.name = "weekly";
    other.set = "weekly";
    media.add(other);
    const std::vector<MediumConnection> newest = media.newest_connections("daily-1");
    REQUIRE(newest.size() == kSealedConnectionsMax);
    CHECK(newest.front() == MediumConnection{record.id, record.connections[6]});
    CHECK(newest.back() == MediumConnection{record.id, record.connections[69]});
  }
}

}  // namespace azekura::vault
