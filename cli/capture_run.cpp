#include "cli/capture_run.h"

#include "chunker/ingest.h"
#include "cli/set_medium.h"
#include "core/clock.h"
#include "core/error.h"
#include "core/file_io.h"
#include "core/text.h"
#include "vault/generation_record.h"
#include "vault/medium_register.h"
#include "vault/refusal.h"
#include "vault/session_writer.h"
#include "vault/spool_usage.h"

#include <nlohmann/json.hpp>

#include <unistd.h>

#include <algorithm>
#include <array>

namespace azekura::cli {

namespace {

constexpr int kAttempts = 2;

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) {
    return "unknown";
  }
  return name.data();
}

/// The site and its media: a medium must not grow by what it holds.
std::vector<std::string> own_folders(const vault::Site& site) {
  std::vector<std::string> folders{site.path()};
  for (const SetConfig& set : site.config().sets) {
    if (!set.folder.empty()) {
      folders.push_back(set.folder);
    }
  }
  return folders;
}

template <typename Predicate>
std::size_t count_if(const std::vector<std::uint32_t>& numbers, Predicate predicate) {
  return static_cast<std::size_t>(std::count_if(numbers.begin(), numbers.end(), predicate));
}

/// A source that cannot be opened at all is a snapshot too: one that says so.
Snapshot unreadable_snapshot(const Source& source, const Timestamp& started) {
  Snapshot snapshot;
  snapshot.source = source;
  snapshot.started = started;
  snapshot.finished = wall_clock_now();
  snapshot.root.kind = source.kind == SourceKind::tree ? EntryKind::directory : EntryKind::file;
  snapshot.root.flaw = EntryFlaw::unreadable;
  snapshot.totals.flawed = 1;
  snapshot.signals.emplace();
  return snapshot;
}

void report_snapshot(std::uint32_t session, const Snapshot& snapshot, std::uint64_t excluded,
                     Output& output) {
  output.object({{"event", "snapshot"},
                 {"name", fmt::format("{}/{}", session, snapshot.source.name)},
                 {"complete", snapshot.complete},
                 {"entries", snapshot.totals.entries},
                 {"bytes", snapshot.totals.bytes},
                 {"read_bytes", snapshot.totals.read_bytes},
                 {"flawed", snapshot.totals.flawed},
                 {"excluded", excluded}});
  output.line(text("{:<24} {:>10} entries {:>12}  read {:>12}{}{}",
                   fmt::format("{}/{}", session, snapshot.source.name), snapshot.totals.entries,
                   human_bytes(snapshot.totals.bytes), human_bytes(snapshot.totals.read_bytes),
                   excluded > 0 ? text("  {} excluded", excluded) : "",
                   snapshot.complete ? "" : in_language("  INCOMPLETE")));
  if (snapshot.command_end && snapshot.command_end->exit_status != 0) {
    output.warn(text("the command of source '{}' ended with status {}", snapshot.source.name,
                     snapshot.command_end->exit_status));
  }
}

/// Writes what was captured and all that waited before it. Nothing if it did not fit the medium or
/// cannot be read any more, and so was dropped; `dropped` then grows by the earlier runs' sessions.
std::optional<vault::WriteTotals> write_spool(vault::MediaSet& set, SetMedium& place,
                                              const RunTotals& captured, std::size_t& dropped,
                                              Output& output) {
  const auto is_earlier = [&](std::uint32_t number) { return number != captured.session; };
  const auto write = [&](vault::FolderMedium& medium, vault::WriteTotals& totals) {
    vault::SetWriter writer{set, medium, output};
    const bool is_ready = writer.attach() == vault::Attached::ready;
    dropped += count_if(writer.dropped(), is_earlier);
    if (!is_ready) {
      return false;
    }
    try {
      writer.write(totals);
      if (set.catalogue().head().number < captured.session) {
        throw vault::SpoolError{text("what was captured cannot be read in the spool any more")};
      }
      return true;
    } catch (const vault::SpoolError& error) {
      output.warn(error.one_line());
      dropped += count_if(set.spool().complete_numbers(), is_earlier);
      set.discard_spool();
      return false;
    }
  };
  return place.attached(vault::bytes_waiting(set.spool()), write);
}

void report_write(const SetMedium& place, const SetConfig& set, const vault::WriteTotals& totals,
                  Output& output) {
  output.only_reports();
  output.object({{"event", "written"},
                 {"set", set.name},
                 {"sessions", totals.sessions},
                 {"bytes", totals.bytes},
                 {"connected_seconds", totals.connected_seconds}});
  output.line(text("{} sessions sealed on {} and read back, {}, connected {:.1f} s",
                   totals.sessions, place.name(), human_bytes(totals.bytes),
                   totals.connected_seconds));
}

/// Without it a report says less than is true.
void record_capture(const vault::MediaSet& set, const vault::SessionIdentity& session,
                    const std::vector<Snapshot>& snapshots, Output& output) {
  try {
    vault::GenerationRecord{set.site(), set.name()}.add(session, snapshots);
  } catch (const Error& error) {
    output.notice(
        text("'azekura status' will not know of session {}: {}", session.number, error.what()));
  }
}

/// They go with the session; a register that cannot be read keeps nobody from capturing.
std::vector<vault::MediumConnection> past_connections(const vault::MediaSet& set, Output& output) {
  try {
    return vault::MediumRegister{set.site().path()}.newest_connections(set.name());
  } catch (const Error& error) {
    output.notice(text("the medium will not tell when it was connected: {}", error.one_line()));
    return {};
  }
}

/// What all sets have waiting must leave room for more.
void expect_room_in_spool(const vault::Site& site, const SiteConfig& config) {
  if (!config.spool_limit) {
    return;
  }
  std::uint64_t waiting = 0;
  std::string sets;
  for (const SetConfig& set : config.sets) {
    const std::uint64_t bytes = vault::spool_usage(site.spool_path(set.name)).bytes;
    waiting += bytes;
    if (bytes > 0) {
      sets += (sets.empty() ? "'" : ", '") + set.name + "'";
    }
  }
  if (waiting > *config.spool_limit) {
    SpaceError error{"the spool holds {}, its limit is {}: nothing was captured",
                     human_bytes(waiting), human_bytes(*config.spool_limit)};
    error.set_code(vault::refusal::kSpoolFull);
    error.set_hint(
        text("bring the media {}: 'azekura rotate' leads you; or run 'azekura write SET' for each",
             sets));
    throw error;
  }
}

/// Into the spool of the set, as one session.
RunTotals capture_sources(vault::MediaSet& set, const SiteConfig& config,
                          const std::vector<SourceConfig>& sources, Output& output) {
  expect_room_in_spool(set.site(), config);
  vault::SessionWriter writer{set, Invocation::threads()};
  const std::uint32_t session = writer.identity().number;
  vault::Generation generation;
  generation.host = host_name();
  generation.set_name = set.name();
  generation.writer_version = AZEKURA_VERSION;
  generation.started = wall_clock_now();
  generation.site_file = set.site().site_file();
  generation.connections = past_connections(set, output);
  const std::vector<std::string> folders = own_folders(set.site());
  RunTotals totals;
  totals.session = session;
  for (const SourceConfig& listed : sources) {
    const Source& source = listed.source;
    const std::uint64_t excluded_before = output.excluded_items();
    const Timestamp started = wall_clock_now();
    output.phase(text("reading {}", source.name), 0);
    Snapshot snapshot;
    try {
      snapshot = chunker::ingest(source, writer, output, started,
                                 {folders, listed.exclude, listed.exclude_caches});
    } catch (const SourceError& error) {
      output.warn(text("source '{}': {}", source.name, error.one_line()));
      snapshot = unreadable_snapshot(source, started);
    }
    totals.read_bytes += snapshot.totals.read_bytes;
    totals.total_bytes += snapshot.totals.bytes;
    totals.complete = totals.complete && snapshot.complete;
    report_snapshot(session, snapshot, output.excluded_items() - excluded_before, output);
    generation.snapshots.push_back(std::move(snapshot));
  }
  const std::vector<ChunkSignals> lanes = writer.lanes();
  AZK_CHECK(lanes.size() == generation.snapshots.size());
  for (std::size_t i = 0; i < lanes.size(); ++i) {
    generation.snapshots[i].signals->chunks = lanes[i];
  }
  generation.finished = wall_clock_now();
  totals.stored_bytes = writer.finish(generation).stored_bytes;
  record_capture(set, writer.identity(), generation.snapshots, output);
  return totals;
}

}  // namespace

void warn_of_dropped(const RunTotals& totals, Output& output) {
  if (totals.dropped > 0) {
    output.warn(text("{} sessions that waited were dropped; what they had is captured again",
                     totals.dropped));
  }
}

void warn_of_kit(const vault::Site& site, Output& output) {
  if (const std::optional<std::string> kit = site.kit_on_this_host()) {
    output.warn(
        text("the recovery kit still lies on this host, in \"{}\": print it, take "
             "it away, delete it here",
             printable(*kit)));
  }
}

RunTotals capture_into_spool(const vault::Site& site, const SiteConfig& config,
                             const SetConfig& set_config, const std::vector<SourceConfig>& sources,
                             Output& output) {
  vault::MediaSet set{site, set_config.name, output, set_config.parity};
  RunTotals totals = capture_sources(set, config, sources, output);
  totals.dropped = set.discarded();
  return totals;
}

RunTotals capture_and_write(const vault::Site& site, const SiteConfig& config,
                            const SetConfig& set_config, const std::vector<SourceConfig>& sources,
                            Output& output) {
  SetMedium place{site, config, set_config, output};
  std::size_t dropped = 0;  // sessions of earlier runs that waited
  for (int attempt = 1; attempt <= kAttempts; ++attempt) {
    vault::MediaSet set{site, set_config.name, output, set_config.parity};
    dropped += set.discarded();
    if (set.catalogue().head().number == 0 && place.is_here()) {
      // A catalogue that knows nothing: if the medium knows more, learn before reading everything.
      try {
        place.attached(0, [&](vault::FolderMedium& medium, vault::WriteTotals&) {
          vault::SetWriter writer{set, medium, output};
          static_cast<void>(writer.attach());
          dropped += writer.dropped().size();
          return false;
        });
      } catch (const Error& error) {
        if (error.code().empty()) {
          throw;
        }
        // A refusal: it is told when this is written; what is captured waits for the right medium.
      }
    }
    RunTotals totals = capture_sources(set, config, sources, output);
    if (const std::optional<vault::WriteTotals> written =
            write_spool(set, place, totals, dropped, output)) {
      totals.stored_bytes = written->bytes;
      report_write(place, set_config, *written, output);
      totals.dropped = dropped;
      return totals;
    }
    output.notice("the sources are captured again");
  }
  MediumError error{"what was captured for the set '{}' was lost twice before it was sealed",
                    set_config.name};
  error.set_hint("check the disk of the site, then run the backup again");
  throw error;
}

vault::WriteTotals write_waiting(const vault::Site& site, const SiteConfig& config,
                                 const SetConfig& set_config, Output& output) {
  vault::MediaSet set{site, set_config.name, output, set_config.parity};
  SetMedium place{site, config, set_config, output};
  const auto write = [&](vault::FolderMedium& medium, vault::WriteTotals& totals) {
    vault::SetWriter writer{set, medium, output};
    if (writer.attach() == vault::Attached::recapture || set.discarded() > 0) {
      MediumError error{"what waited for the set '{}' did not fit its medium and was discarded",
                        set_config.name};
      error.set_hint(text("run 'azekura backup --to {}'", set_config.name));
      throw error;
    }
    writer.write(totals);
    return true;
  };
  const vault::WriteTotals totals = *place.attached(vault::bytes_waiting(set.spool()), write);
  report_write(place, set_config, totals, output);
  return totals;
}

}  // namespace azekura::cli
