#pragma once

#include "vault/generation_record.h"
#include "vault/medium_register.h"
#include "vault/site.h"
#include "vault/spool_usage.h"

#include <optional>
#include <string>
#include <vector>

namespace azekura::cli {

/// A snapshot, and the set it is for.
struct SetGeneration {
  std::string set;
  vault::SourceGeneration generation;
};

struct SourceStatus {
  SourceConfig config;
  std::optional<SetGeneration> last;     ///< the newest complete one on a medium
  std::optional<SetGeneration> waiting;  ///< the newest that waits in the spool, if it is newer
  bool is_overdue = false;               ///< `last` is older than the source's RPO
};

struct SetStatus {
  SetConfig config;
  std::uint32_t last_session = 0;  ///< committed; 0: none
  vault::SpoolUsage spool;
  bool is_present = false;                      ///< a medium of it is connected to this host
  std::vector<vault::MediumRecord> media = {};  ///< enrolled for it
};

/// What somebody has to do something about.
struct Alarm {
  std::string fact;
  std::string remedy;
  std::string code = {};  ///< of the refusal it is about (vault/refusal.h); else empty
};

struct SiteStatus {
  Timestamp taken;
  std::vector<SourceStatus> sources;
  std::vector<SetStatus> sets;
  vault::SpoolUsage spool;  ///< of all sets
  std::optional<std::uint64_t> spool_limit;
  std::vector<Alarm> alarms;
};

/// What the host knows of its sources, sets and spool at `now`. Only looks: a run may be at work,
/// and this must not cost it a night. Errors: those of the site file; SystemError.
SiteStatus status_of(const vault::Site& site, const Timestamp& now);

}  // namespace azekura::cli
