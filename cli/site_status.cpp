#include "cli/site_status.h"

#include "cli/refusal_words.h"
#include "core/calendar.h"
#include "core/clock.h"
#include "core/error.h"
#include "core/file_io.h"
#include "core/text.h"
#include "vault/catalogue.h"
#include "vault/removal.h"
#include "vault/rotation.h"
#include "vault/spool.h"

#include <algorithm>
#include <chrono>

namespace azekura::cli {

namespace {

/// What two clocks, or one before and after it was set, may differ by.
constexpr std::int64_t kClockSeconds = 3600;
/// From the noon that begins a night to nine in the morning, when its medium has been written.
constexpr std::chrono::hours kUntilANightIsOver{21};

std::int64_t as_seconds(std::chrono::seconds seconds) { return seconds.count(); }

bool is_newer(const SetGeneration& one, const std::optional<SetGeneration>& than) {
  return !than || one.generation.started > than->generation.started;
}

class StatusTaker {
 public:
  StatusTaker(const vault::Site& site, const Timestamp& now) : site_{site}, now_{now} {}

  SiteStatus take() {
    status_.taken = now_;
    const SiteConfig config = site_.config();
    media_ = vault::MediumRegister{site_.path()}.readable(
        [&](const DamageError& error) { alarm(error.what(), error.hint()); });
    for (const SetConfig& set : config.sets) {
      add_set(set);
      check_media(status_.sets.back(), config.media);
    }
    for (const SourceConfig& source : config.sources) {
      add_source(source);
    }
    check_last_night(config);
    status_.spool_limit = config.spool_limit;
    if (status_.spool_limit && status_.spool.bytes > *status_.spool_limit) {
      alarm(text("{} wait in the spool, more than its limit of {}",
                 human_bytes(status_.spool.bytes), human_bytes(*status_.spool_limit)),
            "bring the media they are for, or raise 'limit_gib' in site.toml");
    }
    if (const std::optional<std::string> kit = site_.kit_on_this_host()) {
      alarm(text("the recovery kit lies on this host, in \"{}\"", printable(*kit)),
            "print it, take it away, delete it here");
    }
    return std::move(status_);
  }

 private:
  void add_set(const SetConfig& config);
  void add_generations(const std::string& set);
  void check_media(SetStatus& set, const MediaConfig& limits);
  void check_connection(const vault::MediumRecord& medium, const MediaConfig& limits);
  void check_refusal(const vault::MediumRecord& medium);
  [[nodiscard]] bool is_refused(const std::string& set) const;
  void add_source(const SourceConfig& config);
  void check_age(SourceStatus& source);
  void check_last_night(const SiteConfig& config);
  void alarm(std::string fact, std::string_view remedy) {
    status_.alarms.push_back({std::move(fact), std::string{in_language(remedy)}});
  }

  const vault::Site& site_;
  Timestamp now_;
  SiteStatus status_;
  std::vector<vault::MediumRecord> media_;
  std::vector<SetGeneration> generations_;  ///< on media, or in the spool
};

void StatusTaker::add_set(const SetConfig& config) {
  SetStatus set{.config = config, .spool = {}};
  set.is_present = !config.folder.empty() && exists(config.folder + "/label");
  set.spool = vault::spool_usage(site_.spool_path(config.name));
  try {
    const vault::SetSecrets secrets = site_.set_secrets(config.name);
    const std::optional<vault::ChainHead> head =
        vault::Catalogue::peek(site_.catalogue_path(config.name), secrets.id, secrets.keys);
    set.last_session = head ? head->number : 0;
  } catch (const Error& error) {
    alarm(error.what(), error.hint());
  }
  add_generations(config.name);
  status_.spool += set.spool;
  status_.sets.push_back(std::move(set));
}

void StatusTaker::add_generations(const std::string& set) {
  const std::vector<std::uint32_t> waiting = vault::Spool{site_.spool_path(set)}.complete_numbers();
  const vault::GenerationRecord record{site_, set};
  for (const vault::SourceGeneration& one : record.generations()) {
    // What was dropped from the spool is nowhere.
    if (one.committed || std::find(waiting.begin(), waiting.end(), one.number) != waiting.end()) {
      generations_.push_back({set, one});
    }
  }
}

void StatusTaker::check_media(SetStatus& set, const MediaConfig& limits) {
  for (const vault::MediumRecord& medium : media_) {
    if (medium.set != set.config.name) {
      continue;
    }
    set.media.push_back(medium);
    if (medium.is_connected()) {
      set.is_present = true;
      check_connection(medium, limits);
    }
    check_refusal(medium);
    const std::optional<Date> due =
        medium.moves.empty() ? std::nullopt : parse_date(medium.moves.back().due);
    if (due && std::chrono::sys_days{*due} < std::chrono::sys_days{night_of(now_)}) {
      const vault::CustodyMove& move = medium.moves.back();
      alarm(text("the medium '{}' was due back on {}; {} has it, {}", medium.name, move.due,
                 printable(move.person), printable(move.place)),
            "ask for it, and note where it is with 'azekura medium move'");
    }
  }
  if (set.media.empty() && set.config.folder.empty()) {
    alarm(text("the set '{}' has no medium", set.config.name),
          text("enrol one: 'azekura medium enrol DEVICE --set {}'", set.config.name));
  }
}

void StatusTaker::check_connection(const vault::MediumRecord& medium, const MediaConfig& limits) {
  const vault::Connection& last = medium.connections.back();
  const double connected = static_cast<double>(now_.seconds - last.attached.seconds);
  const bool is_over =
      last.end == vault::ConnectionEnd::unknown
          ? connected > static_cast<double>(as_seconds(limits.connected))
          : connected - last.work_seconds > static_cast<double>(as_seconds(limits.overhang));
  if (is_over) {
    alarm(text("the medium '{}' is connected since {}: it is not offline", medium.name,
               local_time_text(last.attached)),
          "pull it and put it away");
  }
}

/// One that was not brought, too: nobody has dealt with it before the medium is written.
void StatusTaker::check_refusal(const vault::MediumRecord& medium) {
  for (const vault::Refusal& refusal : medium.standing_refusals()) {
    alarm(text("the medium '{}' could not be written on {}: {}", medium.name,
               local_time_text(refusal.when), refusal_text(refusal)),
          words_of_refusal(refusal.code).remedy);
    status_.alarms.back().code = refusal.code;
  }
}

bool StatusTaker::is_refused(const std::string& set) const {
  return std::any_of(media_.begin(), media_.end(), [&](const vault::MediumRecord& medium) {
    return medium.set == set && !medium.standing_refusals().empty();
  });
}

void StatusTaker::add_source(const SourceConfig& config) {
  SourceStatus source;
  source.config = config;
  const std::string& name = config.source.name;
  std::optional<SetGeneration> newest;
  for (const SetGeneration& one : generations_) {
    if (one.generation.source != name) {
      continue;
    }
    if (one.generation.complete && one.generation.committed && is_newer(one, source.last)) {
      source.last = one;
    }
    if (!one.generation.committed && is_newer(one, source.waiting)) {
      source.waiting = one;
    }
    if (is_newer(one, newest)) {
      newest = one;
    }
  }
  if (source.waiting && source.last && !is_newer(*source.waiting, source.last)) {
    source.waiting.reset();
  }
  if (newest && !newest->generation.complete) {
    alarm(text("the newest snapshot of the source '{}' is incomplete: {}/{} of the set '{}'", name,
               newest->generation.number, name, newest->set),
          "see what the run said; 'azekura find --flawed' lists what is missing, with the key");
  }
  check_age(source);
  status_.sources.push_back(std::move(source));
}

void StatusTaker::check_age(SourceStatus& source) {
  const std::string& name = source.config.source.name;
  const std::string remedy =
      source.waiting
          ? text("a newer one waits for the medium of the set '{}': bring it", source.waiting->set)
          : "back it up now; see whether the nightly run ran, and what it said";
  if (!source.last) {
    source.is_overdue = true;
    alarm(text("no medium has a complete generation of the source '{}'", name), remedy);
    return;
  }
  const std::int64_t age = now_.seconds - source.last->generation.started.seconds;
  source.is_overdue = age > as_seconds(source.config.rpo);
  if (source.is_overdue) {
    alarm(text("the newest generation of the source '{}' on a medium is {} hours old, its "
               "rpo_hours is {}",
               name, age / 3600, source.config.rpo.count()),
          remedy);
  } else if (age < -kClockSeconds) {
    alarm(text("the newest generation of the source '{}' is of {}, which is yet to come", name,
               local_time_text(source.last->generation.started)),
          "set this host's clock; until then its age says nothing");
  }
}

/// A night that never ran, and a medium that nobody brought, whatever the sources' hours are.
void StatusTaker::check_last_night(const SiteConfig& config) {
  if (config.pools.empty()) {
    return;
  }
  const Date last = night_of({now_.seconds - as_seconds(kUntilANightIsOver), 0});
  const auto night_of_one = [](const SetGeneration& one) {
    return std::chrono::sys_days{night_of(one.generation.started)};
  };
  const auto any = [&](const auto& has) {
    return std::any_of(generations_.begin(), generations_.end(), has);
  };
  const std::chrono::sys_days day{last};
  if (!any([&](const SetGeneration& one) { return night_of_one(one) < day; })) {
    return;  // a site that was begun since
  }
  if (!any([&](const SetGeneration& one) { return night_of_one(one) >= day; })) {
    alarm(text("nothing was captured in the night of {}", date_text(last)),
          "see what 'azekura nightly' or its services said, and run it now");
    return;
  }
  const vault::Night night = vault::night(config, last);
  if (night.medium_of_set && !is_refused(*night.medium_of_set) &&
      any([&](const SetGeneration& one) {
        return one.set == *night.medium_of_set && !one.generation.committed &&
               night_of_one(one) <= day;
      })) {
    alarm(text("the medium '{}' was not brought for the night of {}", *night.medium_of_set,
               date_text(last)),
          "bring it now: 'azekura rotate' leads you");
  }
}

}  // namespace

SiteStatus status_of(const vault::Site& site, const Timestamp& now) {
  return StatusTaker{site, now}.take();
}

}  // namespace azekura::cli
