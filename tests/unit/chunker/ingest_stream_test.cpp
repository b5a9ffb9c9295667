#include "chunker/ingest.h"
#include "core/clock.h"
#include "tests/support/memory_sink.h"
#include "tests/support/recording_observer.h"

#include <doctest/doctest.h>

namespace azekura::chunker {

using tests::MemorySink;
using tests::RecordingObserver;

TEST_CASE("Ingest: a stream is the output of its command") {
  MemorySink sink;
  RecordingObserver observer;
  Source source{.name = "dump", .kind = SourceKind::stream, .origin = "echo rows"};
  const Snapshot good = ingest(source, sink, observer, wall_clock_now());
  CHECK(good.complete);
  CHECK(good.root.kind == EntryKind::file);
  CHECK(good.root.mode == 0600);
  CHECK(as_text(sink.read(good.root.content.value())) == "rows\n");
  CHECK(good.command_end == CommandEnd{.exit_status = 0, .error_text = ""});
  CHECK(good.totals.bytes == 5);
  CHECK(observer.flaws.empty());

  source.origin = "echo half; echo 'no such database' >&2; exit 2";
  const Snapshot bad = ingest(source, sink, observer, wall_clock_now());
  CHECK_FALSE(bad.complete);
  CHECK(bad.command_end == CommandEnd{.exit_status = 2, .error_text = "no such database\n"});
  CHECK(as_text(sink.read(bad.root.content.value())) == "half\n");
  CHECK(bad.root.flaw == EntryFlaw::unreadable);
  CHECK(bad.totals.flawed == 1);
  REQUIRE(observer.flaws.size() == 1);
  CHECK(observer.flaws[0].second == "the command ended with status 2");
}

}  // namespace azekura::chunker
