#include "chunker/source_command.h"

#include "chunker/cutter.h"
#include "core/limits.h"
#include "tests/support/memory_sink.h"
#include "tests/support/recording_observer.h"

#include <doctest/doctest.h>

#include <stdexcept>

namespace azekura::chunker {

namespace {

struct Output {
  CommandEnd end;
  Buffer bytes;
};

Output output_of(const std::string& command) {
  tests::MemorySink sink;
  tests::RecordingObserver observer;
  const Cutter cutter{sink.cutter_key(), kStreamTarget};
  ChunkFeed feed{sink, cutter};
  Output output;
  output.end = feed_command_output(command, feed, observer);
  output.bytes = sink.read(sink.wait(feed.finish()));
  CHECK(observer.advanced_bytes == output.bytes.size());
  return output;
}

}  // namespace

TEST_CASE("Source command: standard output is stored, standard error is kept") {
  const Output output = output_of("printf 'row 1\\n'; echo warning >&2; printf 'row 2'");
  CHECK(as_text(output.bytes) == "row 1\nrow 2");
  CHECK(output.end == CommandEnd{.exit_status = 0, .error_text = "warning\n"});
}

TEST_CASE("Source command: tells how it ended") {
  CHECK(output_of("exit 3").end.exit_status == 3);
  CHECK(output_of("kill -TERM $$").end.exit_status == 128 + 15);
  CHECK(output_of("no-such-program-here").end.exit_status == 127);
}

TEST_CASE("Source command: much output on both pipes does not block it") {
  const Output output = output_of(
      "head -c 300000 /dev/zero | tr '\\0' e >&2; head -c 3000000 /dev/zero | tr '\\0' o;"
      "head -c 300000 /dev/zero | tr '\\0' f >&2");
  CHECK(output.bytes.size() == 3'000'000);
  CHECK(output.end.error_text == std::string(limits::kTextMax, 'e'));
  CHECK(output.end.exit_status == 0);
}

TEST_CASE("Source command: standard input is empty") {
  const Output output = output_of("cat; echo end");
  CHECK(as_text(output.bytes) == "end\n");
}

TEST_CASE("Source command: a process left behind on the error pipe does not hold it up") {
  const Output output = output_of("sleep 600 >/dev/null & echo $!");
  CHECK(output.end.exit_status == 0);
  CHECK(output_of("kill " + std::string{as_text(output.bytes)}).end.exit_status == 0);
}

TEST_CASE("Source command: a failing sink ends the command") {
  tests::MemorySink sink;
  sink.before_put = [] { throw std::runtime_error{"no space"}; };
  tests::RecordingObserver observer;
  const Cutter cutter{sink.cutter_key(), kStreamTarget};
  ChunkFeed feed{sink, cutter};
  // Returns only if the endless writer, its children too, is killed.
  CHECK_THROWS_WITH(feed_command_output("yes | cat", feed, observer), "no space");
}

}  // namespace azekura::chunker
