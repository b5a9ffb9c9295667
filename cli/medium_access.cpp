#include "cli/medium_access.h"

#include "core/confinement.h"
#include "core/error.h"
#include "core/file_io.h"
#include "core/text.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

namespace azekura::cli {

namespace {

constexpr std::uint64_t kShareBytesMax = 64 * kKiB;

std::string known_names(const vault::VaultReader& reader) {
  constexpr std::size_t kShown = 8;
  const auto& snapshots = reader.snapshots();
  std::string names;
  const std::size_t from = snapshots.size() > kShown ? snapshots.size() - kShown : 0;
  for (std::size_t i = from; i < snapshots.size(); ++i) {
    names += (names.empty() ? "" : ", ") + snapshots[i].name();
  }
  return names.empty() ? text("none") : names;
}

vault::RecoveryKey combine_files(const std::vector<std::string>& paths) {
  if (paths.size() == 1) {
    return vault::RecoveryKey::load(paths.front());
  }
  std::vector<std::string> texts;
  for (const std::string& path : paths) {
    Buffer bytes = read_file(path, kShareBytesMax);
    texts.emplace_back(as_text(bytes));
    vault::wipe(bytes);
  }
  vault::RecoveryKey key = vault::RecoveryKey::combine(texts);
  for (std::string& text : texts) {
    vault::wipe(std::as_writable_bytes(std::span{text.data(), text.size()}));
  }
  return key;
}

/// What is not a key, or not enough of one, ends with exit code 6, not 2.
template <typename Read>
auto as_key(Read&& read) {
  try {
    return read();
  } catch (const UsageError& error) {
    AuthenticityError failure{"{}", error.one_line()};
    failure.set_hint(error.hint());
    failure.set_hint("compare it with the recovery kit; 'azekura key check FILE' tries it");
    throw failure;
  } catch (SystemError& error) {
    error.set_hint("--key takes the kit's file recovery.key, or a share file and again --key");
    throw;
  }
}

/// Whether there are snapshots, and none of them is of `source`.
bool is_unknown_source(const vault::VaultReader& reader, const std::string& source) {
  const std::vector<vault::StoredSnapshot>& all = reader.snapshots();
  return !all.empty() && std::none_of(all.begin(), all.end(), [&](const auto& one) {
    return one.snapshot.source.name == source;
  });
}

/// `source` is empty if none was named.
[[noreturn]] void throw_unknown(const vault::VaultReader& reader, const std::string& name,
                                const std::string& source) {
  // What does not count may be what was asked for.
  for (const ErrorKind kind : {ErrorKind::authenticity, ErrorKind::damage}) {
    for (const vault::Finding& finding : reader.findings()) {
      if (finding.kind == kind) {
        Error error{kind,
                    text("there is no snapshot '{}' to be had: {}", printable(name), finding.fact)};
        error.set_hint("other snapshots of 'azekura list --from MEDIUM --key FILE' still restore");
        throw error;
      }
    }
  }
  if (!source.empty() && is_unknown_source(reader, source)) {
    UsageError error{"there is no source '{}'; the medium has: {}", printable(source),
                     known_sources(reader)};
    error.set_hint("see 'azekura list --from MEDIUM --key FILE'");
    throw error;
  }
  UsageError error{"there is no snapshot '{}'; the newest are: {}", printable(name),
                   known_names(reader)};
  error.set_hint("see 'azekura list --from MEDIUM --key FILE'");
  throw error;
}

}  // namespace

void MediumOptions::add_to(CLI::App& command, bool needs_key) {
  command.add_option("--from", from, "Folder of the medium, or its disk: /dev/sdX")
      ->required()
      ->type_name("MEDIUM");
  if (needs_key) {
    command.add_option("--key", keys, "recovery.key; or a share file, repeated")
        ->required()
        ->allow_extra_args(false)
        ->type_name("FILE");
  }
}

CLI::Option* MediumOptions::add_others_to(CLI::App& command) {
  return command.add_option("--with", others, "Another medium of the site; may be repeated")
      ->allow_extra_args(false)
      ->type_name("MEDIUM");
}

vault::RecoveryKey read_recovery_key(const std::vector<std::string>& paths) {
  if (paths.empty()) {
    UsageError error{"the recovery key is needed"};
    error.set_hint("add --key FILE");
    throw error;
  }
  return as_key([&] { return combine_files(paths); });
}

std::optional<vault::RecoveryShare> read_lone_share(const std::vector<std::string>& paths) {
  if (paths.size() != 1) {
    return std::nullopt;
  }
  return as_key([&] { return vault::load_share(paths.front()); });
}

vault::RecoveryKey MediumOptions::recovery_key() const { return read_recovery_key(keys); }

vault::NamedMedium MediumOptions::open_confined(const std::string& writable_folder) const {
  vault::NamedMedium medium{from, vault::Access::read};
  static_cast<void>(confine(writable_folder));  // what does not hold, `version` says
  medium.open();
  return medium;
}

std::vector<vault::NamedMedium> MediumOptions::named_others() const {
  std::vector<vault::NamedMedium> media;
  media.reserve(others.size());
  for (const std::string& name : others) {
    media.emplace_back(name, vault::Access::read);
  }
  return media;
}

std::string known_sources(const vault::VaultReader& reader) {
  std::set<std::string> names;
  for (const vault::StoredSnapshot& one : reader.snapshots()) {
    names.insert(one.snapshot.source.name);
  }
  std::string list;
  for (const std::string& name : names) {
    list += (list.empty() ? "" : ", ") + name;
  }
  return list.empty() ? text("none") : list;
}

void warn_of_findings(const vault::VaultReader& reader, Output& output) {
  for (const vault::Finding& finding : reader.findings()) {
    output.warn(finding.fact);
  }
}

OpenMedium open_medium(const MediumOptions& options, Output& output,
                       const std::string& writable_folder) {
  const vault::RecoveryKey key = options.recovery_key();
  OpenMedium open{options.named_others(), options.open_confined(writable_folder), nullptr};
  open.reader =
      std::make_unique<vault::VaultReader>(open.medium.folder(), key, Invocation::threads());
  warn_of_findings(*open.reader, output);
  return open;
}

std::vector<const vault::StoredSnapshot*> choose_snapshots(const vault::VaultReader& reader,
                                                           const std::string& name,
                                                           const std::string& source) {
  const std::size_t slash = name.find('/');
  const std::string when = name.substr(0, slash);
  const std::string of_source = slash == std::string::npos ? source : name.substr(slash + 1);
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(when.data(), when.data() + when.size(), number);
  const bool is_latest = when == "latest";
  if (!is_latest && (error != std::errc{} || end != when.data() + when.size())) {
    throw_unknown(reader, name, "");
  }
  if (!source.empty() && of_source != source) {
    throw UsageError{"'{}' is not a snapshot of the source '{}'", printable(name),
                     printable(source)};
  }
  std::map<std::string, const vault::StoredSnapshot*> chosen;
  bool only_incomplete = false;
  for (const vault::StoredSnapshot& one : reader.snapshots()) {
    const std::string& name_of_source = one.snapshot.source.name;
    if ((!of_source.empty() && name_of_source != of_source) ||
        (!is_latest && one.session != number)) {
      continue;
    }
    if (is_latest && !one.snapshot.complete) {
      only_incomplete = true;
      continue;
    }
    chosen[name_of_source] = &one;  // the later one replaces the earlier
  }
  if (chosen.empty() && only_incomplete) {
    UsageError failure{"there is no complete snapshot for '{}', only incomplete ones",
                       printable(name)};
    failure.set_hint("name one of 'azekura list', such as 42/ehr, to get what it has");
    throw failure;
  }
  if (chosen.empty()) {
    throw_unknown(reader, of_source.empty() ? when : when + '/' + of_source, of_source);
  }
  std::vector<const vault::StoredSnapshot*> snapshots;
  std::transform(chosen.begin(), chosen.end(), std::back_inserter(snapshots),
                 [](const auto& one) { return one.second; });
  return snapshots;
}

const vault::StoredSnapshot& choose_snapshot(const vault::VaultReader& reader,
                                             const std::string& name) {
  const auto snapshots = choose_snapshots(reader, name, "");
  if (snapshots.size() > 1) {
    std::string names;
    for (const vault::StoredSnapshot* one : snapshots) {
      names += (names.empty() ? "" : ", ") + one->name();
    }
    throw UsageError{"'{}' means several snapshots; name one of: {}", printable(name), names};
  }
  return *snapshots.front();
}

}  // namespace azekura::cli
