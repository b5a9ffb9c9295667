#include "vault/generation_record.h"

#include "core/file_io.h"
#include "tests/support/test_site.h"

#include <doctest/doctest.h>

namespace azekura::vault {

namespace {

using tests::TestSite;

SessionIdentity session_of(std::uint32_t number) {
  SessionIdentity session;
  session.number = number;
  session.session = random_id<SessionId>();
  return session;
}

std::vector<Snapshot> snapshots_at(std::int64_t seconds, bool ehr_is_complete) {
  Snapshot ehr;
  ehr.source.name = "ehr";
  ehr.started.seconds = seconds;
  ehr.complete = ehr_is_complete;
  Snapshot tree = ehr;
  tree.source.name = "tree";
  tree.complete = true;
  return {ehr, tree};
}

/// "source number complete committed" of each, from the file.
std::vector<std::string> record_of(const TestSite& site) {
  std::vector<std::string> lines;
  const GenerationRecord record{site.site(), "daily"};
  for (const SourceGeneration& one : record.generations()) {
    lines.push_back(fmt::format("{} {}{}{}", one.source, one.number,
                                one.complete ? "" : " incomplete",
                                one.committed ? " committed" : ""));
  }
  return lines;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("GenerationRecord: keeps the newest on a medium, complete or not, and all that waits") {
  const TestSite site;
  CHECK(record_of(site).empty());
  const std::vector<SessionIdentity> sessions{session_of(1), session_of(2), session_of(3),
                                              session_of(4)};
  GenerationRecord{site.site(), "daily"}.add(sessions[0], snapshots_at(100, true));
  GenerationRecord{site.site(), "daily"}.add(sessions[1], snapshots_at(200, false));
  CHECK(record_of(site) == Lines{"ehr 1", "tree 1", "ehr 2 incomplete", "tree 2"});
  GenerationRecord{site.site(), "daily"}.commit(sessions[0]);
  CHECK(record_of(site) ==
        Lines{"ehr 1 committed", "tree 1 committed", "ehr 2 incomplete", "tree 2"});
  GenerationRecord{site.site(), "daily"}.commit(sessions[1]);
  CHECK(record_of(site) ==
        Lines{"ehr 1 committed", "ehr 2 incomplete committed", "tree 2 committed"});
  GenerationRecord{site.site(), "daily"}.add(sessions[2], snapshots_at(300, true));
  GenerationRecord{site.site(), "daily"}.commit(sessions[2]);
  CHECK(record_of(site) == Lines{"ehr 3 committed", "tree 3 committed"});
  CHECK(GenerationRecord{site.site(), "daily"}.generations()[0].started.seconds == 300);
}

TEST_CASE("GenerationRecord: what was dropped from the spool never counts as committed") {
  const TestSite site;
  const SessionIdentity dropped = session_of(1);
  const SessionIdentity again = session_of(1);
  const SessionIdentity third = session_of(3);
  GenerationRecord record{site.site(), "daily"};
  record.add(dropped, snapshots_at(100, true));
  record.add(session_of(2), snapshots_at(150, true));
  record.add(again, snapshots_at(200, true));
  CHECK(record_of(site) == Lines{"ehr 1", "tree 1"});
  record.commit(dropped);  // that very session is on the medium after all
  CHECK(record_of(site) == Lines{"ehr 1", "tree 1"});
  record.add(third, snapshots_at(300, true));
  record.commit(third);
  CHECK(record_of(site) == Lines{"ehr 3 committed", "tree 3 committed"});
}

TEST_CASE("GenerationRecord: one that is damaged at any byte is read or begun anew") {
  const TestSite site;
  GenerationRecord{site.site(), "daily"}.add(session_of(1), snapshots_at(100, true));
  const std::string path = site.site().path() + "/generations/daily";
  const Buffer whole = read_file(path, 1 * kMiB);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    replace_file(path, ByteView{whole}.first(length));
    CHECK(record_of(site).empty());
  }
  for (std::size_t at = 0; at < whole.size(); ++at) {
    Buffer spoilt = whole;
    spoilt[at] ^= std::byte{0xFF};
    replace_file(path, spoilt);
    CHECK(record_of(site).size() <= 2);
  }
  replace_file(path, whole);
  CHECK(record_of(site).size() == 2);
}

}  // namespace azekura::vault
