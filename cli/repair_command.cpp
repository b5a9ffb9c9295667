#include "cli/commands.h"
#include "cli/elsewhere.h"
#include "cli/exit_code.h"
#include "cli/findings.h"
#include "cli/lost_ranges.h"
#include "cli/medium_access.h"
#include "cli/tree_check.h"
#include "core/confinement.h"
#include "core/limits.h"
#include "core/text.h"
#include "vault/repair.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <memory>

namespace azekura::cli {

namespace {

struct RepairOptions {
  MediumOptions medium;
  std::vector<std::string> sources;
};

/// The medium as its key opens it, and what else is there to repair it from.
struct RepairMeans {
  vault::VaultReader reader;
  Elsewhere elsewhere;
  vault::ChunkSources sources;

  RepairMeans(const vault::FolderMedium& medium, const vault::RecoveryKey& key)
      : reader{medium, key, Invocation::threads()},
        elsewhere{medium, reader},
        sources{reader, elsewhere, key.authority().public_key()} {}
};

/// From then on this process is confined to it.
vault::NamedMedium open_writable(const std::string& name) {
  try {
    vault::NamedMedium medium{name, vault::Access::append};
    static_cast<void>(confine(medium.own_path()));
    medium.open();
    return medium;
  } catch (MediumError& error) {
    error.set_hint(
        "make it writable, or copy all of it and repair the copy; restoring needs no repair");
    throw;
  }
}

std::string_view origin_of(const vault::HealedFile& file) {
  if (file.remedy == vault::Remedy::copy) {
    return "copy";
  }
  const bool is_elsewhere =
      std::any_of(file.made.begin(), file.made.end(),
                  [](const vault::Healer::MadeLeaf& leaf) { return leaf.is_offered; });
  return is_elsewhere ? "elsewhere" : "parity";
}

void report_block(const vault::MadeBlock& block, Output& output) {
  Json origins = Json::array();
  std::string sources;
  for (const vault::ChunkOrigin& one : block.origins) {
    Json origin{{"source", one.source}, {"offset", one.offset}, {"bytes", one.bytes}};
    put_name(origin, "path", one.path);
    put_name(origin, "in", one.place);
    origins.push_back(std::move(origin));
    sources += sources.empty() ? "" : ", ";
    sources += text("{}:{} bytes {}+{} in \"{}\"", one.source, printable(one.path), one.offset,
                    one.bytes, printable(one.place));
  }
  output.object({{"event", "made"},
                 {"pack", fmt::format("{:08x}", block.pack)},
                 {"offset", block.offset},
                 {"bytes", block.bytes},
                 {"from", origins}});
  output.line(text("MADE bytes {}+{} of pack {:08x} from {}", block.offset, block.bytes, block.pack,
                   sources));
}

void report_lost(const LostEntry& lost, const std::vector<OtherMedia::Copy>& copies,
                 Output& output) {
  const std::string snapshot = lost.snapshot.name();
  Json object{{"event", "lost"}, {"snapshot", snapshot}, {"reason", lost.loss.reason}};
  put_name(object, "path", lost.path);
  put_ranges(object, lost.loss.ranges);
  Json also_on = Json::array();
  std::string places;
  for (const OtherMedia::Copy& copy : copies) {
    Json one{{"snapshot", copy.snapshot}};
    put_name(one, "medium", copy.folder);
    also_on.push_back(std::move(one));
    places += text("; also on \"{}\" as {}:{}", printable(copy.folder), copy.snapshot,
                   printable(lost.path));
  }
  object["also_on"] = std::move(also_on);
  output.object(object);
  output.line(text("LOST {}:{}: {}{}{}", snapshot, printable(lost.path),
                   printable(in_language(lost.loss.reason)), ranges_text(lost.loss.ranges),
                   places));
}

LostBytes lost_bytes(vault::VaultReader& reader, const std::vector<std::uint32_t>& packs) {
  LostBytes lost;
  for (const std::uint32_t pack : packs) {
    try {
      vault::add_lost_bytes(reader, pack, lost);
    } catch (const Error& error) {
      if (!restore::concerns_one_item(error)) {
        throw;
      }
      lost.add({pack, 0}, limits::kPackPlainMax);
    }
  }
  return lost;
}

/// Every file of every snapshot that has bytes in what is lost of these packs; returns how many.
std::uint64_t list_lost(const vault::FolderMedium& medium, const vault::RecoveryKey& key,
                        const std::vector<std::uint32_t>& packs, const Elsewhere& elsewhere,
                        Output& output) {
  vault::VaultReader reader{medium, key, Invocation::threads()};  // sees what was healed by now
  const LostBytes lost = lost_bytes(reader, packs);
  const auto check = [&](const Content& content) -> std::optional<ContentLoss> {
    try {
      std::vector<restore::LostRange> ranges = restore::lost_ranges(reader, content, lost);
      return ranges.empty() ? std::nullopt
                            : std::optional{ContentLoss{"the medium has lost", std::move(ranges)}};
    } catch (const Error& error) {
      if (!restore::concerns_one_item(error)) {
        throw;
      }
      return ContentLoss{error.what()};
    }
  };
  output.phase("checking trees", 0);
  TreeCheck trees{reader, check, [&](const LostEntry& one) {
                    const bool is_file = one.entry != nullptr && one.entry->kind == EntryKind::file;
                    report_lost(one,
                                is_file
                                    ? elsewhere.media().whole_copies(
                                          one.snapshot.snapshot.source.name, one.path, *one.entry)
                                    : std::vector<OtherMedia::Copy>{},
                                output);
                  }};
  for (const vault::StoredSnapshot& stored : reader.snapshots()) {
    trees.check(stored);
  }
  return trees.lost();
}

void report(const vault::RepairReport& report, Output& output) {
  for (const vault::HealedFile& file : report.healed) {
    output.object({{"event", "repaired"},
                   {"file", file.name},
                   {"from", origin_of(file)},
                   {"leaves", file.made.size()},
                   {"bytes", file.bytes}});
    for (const vault::MadeBlock& block : file.blocks) {
      report_block(block, output);
    }
  }
  for (const vault::Finding& finding : report.found.findings) {
    report_finding(finding, output);
  }
}

int repair(const RepairOptions& options, Output& output) {
  std::optional<vault::RecoveryKey> key;
  if (!options.medium.keys.empty()) {
    key = options.medium.recovery_key();
  }
  std::vector<vault::NamedMedium> others = options.medium.named_others();
  const vault::NamedMedium named = open_writable(options.medium.from);
  vault::FolderMedium& medium = named.folder();
  std::optional<RepairMeans> means;
  if (key) {
    means.emplace(medium, *key);
    for (vault::NamedMedium& other : others) {
      means->elsewhere.media().add(std::move(other), *key);
    }
    for (const std::string& source : options.sources) {
      means->elsewhere.add_live(source);
    }
  }
  const vault::RepairReport done = vault::repair_medium(medium, Invocation::threads(), output,
                                                        means ? &means->sources : nullptr);
  report(done, output);
  if (means) {
    warn_of_damaged(means->elsewhere.media(), output);
  }
  const Tally tally = tally_of(done.found.findings);
  const std::uint64_t lost_items =
      key && !done.lost_packs.empty()
          ? list_lost(medium, *key, done.lost_packs, means->elsewhere, output)
          : 0;
  Json summary{{"event", "repair"},
               {"repaired", done.healed.size()},
               {"healed", tally.healed},
               {"lost", tally.lost}};
  if (key) {
    summary["lost_items"] = lost_items;
  }
  output.object(summary);
  output.line(text("repaired   {} files; {} cannot be", done.healed.size(), tally.lost));
  const int code = tally.exit_code();
  report_verdict(tally, code, Coverage::all, output);
  if (tally.lost > 0 && !key) {
    output.line("which files of which snapshots that costs: azekura verify --deep --key FILE");
  }
  return code;
}

}  // namespace

void add_repair(CLI::App& app, Invocation& invocation) {
  CLI::App* command =
      add_command(app, invocation, "repair", "Write whole copies of what is damaged on a medium");
  auto options = std::make_shared<RepairOptions>();
  options->medium.add_to(*command, false);
  CLI::Option* key =
      command->add_option("--key", options->medium.keys, "recovery.key; or a share file, repeated")
          ->allow_extra_args(false)
          ->type_name("FILE");
  options->medium.add_others_to(*command)->needs(key);
  command->add_option("--source", options->sources, "A source as it is now; may be repeated")
      ->needs(key)
      ->allow_extra_args(false)
      ->type_name("NAME=PATH");
  command->callback([&invocation, options] {
    invocation.command = [&invocation, options] { return repair(*options, invocation.output); };
  });
}

}  // namespace azekura::cli
