#pragma once

#include "chunker/left_out.h"
#include "core/chunk_sink.h"
#include "core/observer.h"
#include "core/snapshot.h"

#include <string>

namespace azekura::chunker {

/// Reads one source into the sink, in a lane of its own, and returns its snapshot. What was cut,
/// of its signals, is the sink's to tell.
///
/// Files whose state is the remembered one are not read again. What cannot be read, or changes
/// while it is read, becomes an entry with a flaw and is reported to the observer; names that
/// vanish meanwhile are left out. A command that does not end with status 0 leaves a snapshot that
/// is not complete.
///
/// `started` is when this run began to look at its sources: files with times after two seconds
/// before it are not remembered. A folder that is empty and was not in an earlier run leaves a
/// snapshot that is not complete, unless `left_out` is why. A command has nothing to leave out.
/// Memory: bounded by the largest directory on the way, today or before, the depth, and the files
/// with several names.
/// Errors: SourceError if the source cannot be opened at all; InterruptedError; those of the sink.
Snapshot ingest(const Source& source, ChunkSink& sink, Observer& observer, const Timestamp& started,
                const LeftOut& left_out = {});

}  // namespace azekura::chunker
