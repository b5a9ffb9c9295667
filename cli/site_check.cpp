#include "cli/site_check.h"

#include "core/clock.h"
#include "core/error.h"
#include "core/file_io.h"
#include "core/site_reader.h"
#include "core/text.h"
#include "vault/medium_register.h"
#include "vault/rotation.h"
#include "vault/spool_usage.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>

namespace azekura::cli {

namespace {

/// More than a year, so that every holiday of one is in it.
constexpr std::size_t kNightsLookedAt = 400;
/// What a shell's word may hold before the shell makes something else of it.
constexpr std::string_view kPlainWord =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+@%:,[";
/// Words at the beginning of a command that are no programs.
constexpr std::array<std::string_view, 28> kShellWords{
    ".",    ":",    "[",      "alias", "case",   "cd",    "command", "echo", "eval", "exec",
    "exit", "for",  "export", "if",    "printf", "pwd",   "read",    "set",  "test", "trap",
    "true", "type", "ulimit", "umask", "unset",  "until", "wait",    "while"};

bool is_program(const std::string& path) { return ::access(path.c_str(), X_OK) == 0; }

bool is_on_path(const std::string& word) {
  const char* const variable = std::getenv("PATH");  // NOLINT(concurrency-mt-unsafe): one thread
  std::string_view rest = variable == nullptr ? "" : variable;
  while (!rest.empty()) {
    const std::size_t end = rest.find(':');
    if (is_program(std::string{rest.substr(0, end)} + "/" + word)) {
      return true;
    }
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  return false;
}

/// The program a command begins with, if it is not there. A command that begins with anything but
/// a plain word is the shell's to judge.
std::optional<std::string> missing_program(const std::string& command) {
  const std::size_t begin = command.find_first_not_of(" \t\n");
  if (begin == std::string::npos) {
    return std::nullopt;
  }
  const std::size_t end = std::min(command.find_first_of(" \t\n;|&", begin), command.size());
  const std::string word = command.substr(begin, end - begin);
  if (word.empty() || word.find_first_not_of(kPlainWord) != std::string::npos ||
      std::find(kShellWords.begin(), kShellWords.end(), word) != kShellWords.end()) {
    return std::nullopt;
  }
  const bool is_path = word.find('/') != std::string::npos;
  const bool is_there = is_path ? is_program(word) : is_on_path(word);
  return is_there ? std::nullopt : std::optional{word};
}

class SiteCheck {
 public:
  explicit SiteCheck(const vault::Site& site) : site_{site} {}

  std::vector<SiteFinding> run() {
    SiteReading reading = read_site_file(site_.site_file());
    findings_ = std::move(reading.findings);
    if (!reading.is_toml) {
      warning(text("nothing else in site.toml was judged: it is not TOML yet"),
              "correct these lines, then run 'azekura check' again");
    }
    for (const SourceConfig& source : reading.config.sources) {
      check_source(source.source);
    }
    media_ = vault::MediumRegister{site_.path()}.readable(
        [&](const DamageError& error) { mistake(error.what(), error.hint()); });
    for (const SetConfig& set : reading.config.sets) {
      check_set(set);
    }
    check_spool(reading.config);
    check_kit();
    const bool is_sound =
        std::none_of(findings_.begin(), findings_.end(),
                     [](const SiteFinding& finding) { return finding.is_mistake; });
    if (is_sound) {
      check_purpose(reading.config);
      check_gaps(reading.config);
    }
    return std::move(findings_);
  }

 private:
  void mistake(std::string fact, std::string_view remedy) {
    findings_.push_back({true, 0, std::move(fact), std::string{in_language(remedy)}});
  }
  void warning(std::string fact, std::string_view remedy) {
    findings_.push_back({false, 0, std::move(fact), std::string{in_language(remedy)}});
  }

  void check_source(const Source& source);
  void check_set(const SetConfig& set);
  void check_spool(const SiteConfig& config);
  void check_kit();
  void check_purpose(const SiteConfig& config);
  void check_gaps(const SiteConfig& config);

  const vault::Site& site_;
  std::vector<vault::MediumRecord> media_;
  std::vector<SiteFinding> findings_;
};

void SiteCheck::check_source(const Source& source) {
  if (source.origin.empty()) {
    return;  // that is told already
  }
  if (source.kind == SourceKind::tree) {
    if (source.origin.front() == '/' && !exists(source.origin)) {
      mistake(text("the path of the source '{}', \"{}\", is not there", source.name,
                   printable(source.origin)),
              "correct its path, or mount what is to be there");
    }
  } else if (const std::optional<std::string> program = missing_program(source.origin)) {
    mistake(text("the command of the source '{}' begins with a program that is not there, "
                 "'{}'",
                 source.name, printable(*program)),
            "install it, or write its whole path");
  }
}

void SiteCheck::check_set(const SetConfig& set) {
  if (set.name.empty()) {
    return;  // that is told already
  }
  try {
    static_cast<void>(site_.set_secrets(set.name));
  } catch (const Error& error) {
    mistake(error.what(), error.hint());
  }
  if (set.folder.empty() && std::none_of(media_.begin(), media_.end(), [&](const auto& medium) {
        return medium.set == set.name;
      })) {
    warning(text("the set '{}' has no medium", set.name),
            text("enrol one: 'azekura medium enrol DEVICE --set {}'", set.name));
  }
  if (!set.folder.empty() && !exists(set.folder)) {
    warning(
        text("the folder of the set '{}', \"{}\", is not there", set.name, printable(set.folder)),
        "make it, or correct it, before its medium is to be mounted there");
  }
}

void SiteCheck::check_spool(const SiteConfig& config) {
  if (!config.spool_limit) {
    return;
  }
  std::uint64_t room = vault::disk_free_bytes(site_.path());
  for (const SetConfig& set : config.sets) {
    room += set.name.empty() ? 0 : vault::spool_usage(site_.spool_path(set.name)).bytes;
  }
  if (room < *config.spool_limit) {
    warning(text("the disk of \"{}\" has room for {} of spool, less than its limit of {}",
                 printable(site_.path()), human_bytes(room), human_bytes(*config.spool_limit)),
            "free or add space there, or lower 'limit_gib'");
  }
}

void SiteCheck::check_kit() {
  if (const std::optional<std::string> kit = site_.kit_on_this_host()) {
    warning(text("the recovery kit still lies on this host, in \"{}\"", printable(*kit)),
            "print it, take it away, delete it here");
  }
}

/// A site whose tables are all right, and that does nothing.
void SiteCheck::check_purpose(const SiteConfig& config) {
  if (config.sources.empty()) {
    warning(text("there is no source: nothing is backed up"),
            "add what is to be backed up: 'azekura source add'");
  }
  const bool has_disks = std::any_of(config.sets.begin(), config.sets.end(),
                                     [](const SetConfig& set) { return set.folder.empty(); });
  if (has_disks && config.pools.empty()) {
    warning(text("there is no pool: no night has a medium, 'azekura nightly' cannot run"),
            "write a [[pool]] into site.toml, and pool = \"NAME\" into its [[set]] tables; the "
            "comments there show the form");
  }
}

/// A promise of hours that the nights cannot keep is an alarm to come.
void SiteCheck::check_gaps(const SiteConfig& config) {
  if (config.pools.empty()) {
    return;
  }
  const std::vector<vault::Night> nights =
      vault::nights(config, night_of(wall_clock_now()), kNightsLookedAt);
  for (const SourceConfig& source : config.sources) {
    const vault::Night* last = nullptr;
    const vault::Night* gap_begin = nullptr;
    const vault::Night* gap_end = nullptr;
    std::chrono::days gap{0};
    for (const vault::Night& night : nights) {
      if (!night.medium_of_set || std::find(night.sources.begin(), night.sources.end(),
                                            source.source.name) == night.sources.end()) {
        continue;
      }
      if (last != nullptr &&
          std::chrono::sys_days{night.date} - std::chrono::sys_days{last->date} > gap) {
        gap = std::chrono::sys_days{night.date} - std::chrono::sys_days{last->date};
        gap_begin = last;
        gap_end = &night;
      }
      last = &night;
    }
    if (gap > source.rpo) {
      warning(text("no medium takes the source '{}' between the nights of {} and {}, {} "
                   "hours; its rpo_hours is {}",
                   source.source.name, date_text(gap_begin->date), date_text(gap_end->date),
                   std::chrono::hours{gap}.count(), source.rpo.count()),
              "bring media more often, or raise its rpo_hours: else 'azekura status' has an alarm "
              "then");
    }
  }
}

}  // namespace

std::vector<SiteFinding> check_site(const vault::Site& site) { return SiteCheck{site}.run(); }

}  // namespace azekura::cli
