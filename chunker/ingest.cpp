#include "chunker/ingest.h"

#include "chunker/chunk_feed.h"
#include "chunker/cutter.h"
#include "chunker/source_command.h"
#include "chunker/tree_ingest.h"
#include "core/clock.h"
#include "core/messages.h"

#include <fmt/format.h>

#include <unistd.h>

namespace azekura::chunker {

namespace {

/// Runs the command and stores its output as the root, a file only its owner may read.
void ingest_stream(Snapshot& snapshot, ChunkSink& sink, Observer& observer) {
  const std::string& command = snapshot.source.origin;
  const Cutter cutter{sink.cutter_key(), kStreamTarget};
  ChunkFeed feed{sink, cutter};
  snapshot.command_end = feed_command_output(command, feed, observer);
  const std::uint64_t bytes = feed.size();
  Entry& root = snapshot.root;
  root.content = sink.wait(feed.finish());
  root.mode = 0600;
  root.uid = ::geteuid();
  root.gid = ::getegid();
  root.modified = wall_clock_now();
  snapshot.totals = {.entries = 1, .bytes = bytes, .read_bytes = bytes, .flawed = 0};
  snapshot.signals.emplace();
  snapshot.complete = snapshot.command_end->exit_status == 0;
  if (!snapshot.complete) {
    root.flaw = EntryFlaw::unreadable;
    snapshot.totals.flawed = 1;
    observer.flawed(command,
                    text("the command ended with status {}", snapshot.command_end->exit_status));
  }
}

}  // namespace

Snapshot ingest(const Source& source, ChunkSink& sink, Observer& observer, const Timestamp& started,
                const LeftOut& left_out) {
  Snapshot snapshot;
  snapshot.source = source;
  snapshot.started = started;
  sink.begin_lane();
  switch (source.kind) {
    case SourceKind::tree:
      ingest_tree(snapshot, sink, observer, left_out);
      break;
    case SourceKind::stream:
      ingest_stream(snapshot, sink, observer);
      break;
  }
  snapshot.finished = wall_clock_now();
  return snapshot;
}

}  // namespace azekura::chunker
