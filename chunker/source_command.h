#pragma once

#include "chunker/chunk_feed.h"
#include "core/observer.h"
#include "core/snapshot.h"

#include <string>

namespace azekura::chunker {

/// Runs `/bin/sh -c command` and feeds its standard output; returns how it ended.
///
/// Standard input is /dev/null. The command leads its own process group, which is killed if the
/// feed, an interrupt or the end of this thread stops the run. Errors: SourceError if it cannot
/// be started or its output cannot be read; InterruptedError; those of the sink.
CommandEnd feed_command_output(const std::string& command, ChunkFeed& feed, Observer& observer);

}  // namespace azekura::chunker
