#pragma once

#include "core/chunk_sink.h"
#include "core/observer.h"
#include "core/snapshot.h"

#include <span>
#include <string>

namespace azekura::chunker {

/// Reads the tree or file at snapshot.source.origin into the sink and fills root, totals and
/// complete. Requires: snapshot.source and snapshot.started are set. Errors: as ingest().
void ingest_tree(Snapshot& snapshot, ChunkSink& sink, Observer& observer,
                 std::span<const std::string> left_out);

}  // namespace azekura::chunker
