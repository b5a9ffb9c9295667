#pragma once

#include "chunker/left_out.h"
#include "core/chunk_sink.h"
#include "core/observer.h"
#include "core/snapshot.h"

namespace azekura::chunker {

/// Reads the tree or file at snapshot.source.origin into the sink and fills root, totals, complete
/// and signals.tree. Requires: snapshot.source and snapshot.started are set. Errors: as ingest().
void ingest_tree(Snapshot& snapshot, ChunkSink& sink, Observer& observer, const LeftOut& left_out);

}  // namespace azekura::chunker
