#include "cli/commands.h"
#include "cli/entry_text.h"
#include "cli/exit_code.h"
#include "cli/findings.h"
#include "cli/medium_access.h"
#include "core/text.h"
#include "restore/snapshot_diff.h"

#include <nlohmann/json.hpp>

#include <array>
#include <memory>

namespace azekura::cli {

namespace {

struct DiffOptions {
  MediumOptions medium;
  std::string before;
  std::string after;
  std::string path;
};

/// In the order of restore::EntryField.
constexpr std::array<std::string_view, 15> kFieldNames{
    "kind", "content", "mode",  "uid",    "gid",    "user",      "group", "modified",
    "born", "xattrs",  "flags", "target", "device", "hard_link", "flaw"};

std::string_view field_name(restore::EntryField field) {
  return kFieldNames[static_cast<std::size_t>(field)];
}

/// What is said about all differences, in the end.
struct Counts {
  std::uint64_t added = 0;
  std::uint64_t removed = 0;
  std::uint64_t changed = 0;
};

std::string_view count(const restore::Difference& difference, Counts& counts) {
  if (difference.before == nullptr) {
    ++counts.added;
    return "added";
  }
  if (difference.after == nullptr) {
    ++counts.removed;
    return "removed";
  }
  ++counts.changed;
  return "changed";
}

Json difference_object(std::string_view change, const restore::Difference& difference) {
  Json object{{"event", "difference"}, {"change", change}};
  put_name(object, "path", difference.path);
  if (!difference.fields.empty()) {
    Json& fields = object["fields"] = Json::array();
    for (const restore::EntryField field : difference.fields) {
      fields.push_back(field_name(field));
    }
  }
  if (difference.before != nullptr) {
    put_entry(object["before"], *difference.before);
  }
  if (difference.after != nullptr) {
    put_entry(object["after"], *difference.after);
  }
  return object;
}

std::string difference_line(std::string_view change, const restore::Difference& difference) {
  std::string fields;
  for (const restore::EntryField field : difference.fields) {
    fields += fields.empty() ? "" : ", ";
    fields += field == restore::EntryField::kind
                  ? text("{} became {}", in_language(kind_name(difference.before->kind)),
                         in_language(kind_name(difference.after->kind)))
                  : std::string{in_language(field_name(field))};
  }
  return fmt::format("{:<8}  {}{}", in_language(change),
                     difference.path.empty() ? "." : printable(difference.path),
                     fields.empty() ? "" : "  [" + fields + "]");
}

void expect_one_set(const vault::VaultReader& reader, const vault::StoredSnapshot& before,
                    const vault::StoredSnapshot& after) {
  if (reader.slot(before.session).identity.set != reader.slot(after.session).identity.set) {
    UsageError error{"{} and {} are of different media sets: a new host took over between them",
                     before.name(), after.name()};
    error.set_hint("restore both and compare the files: digests of two sets are never equal");
    throw error;
  }
}

int diff(const DiffOptions& options, Output& output) {
  const OpenMedium open = open_medium(options.medium, output);
  const vault::StoredSnapshot& before = choose_snapshot(*open.reader, options.before);
  const vault::StoredSnapshot& after = choose_snapshot(*open.reader, options.after);
  expect_one_set(*open.reader, before, after);
  Counts counts;
  restore::diff_trees(*open.reader, before.snapshot.root, after.snapshot.root, options.path,
                      [&](const restore::Difference& difference) {
                        const std::string_view change = count(difference, counts);
                        output.object(difference_object(change, difference));
                        output.line(difference_line(change, difference));
                      });
  output.object({{"event", "compared"},
                 {"before", before.name()},
                 {"after", after.name()},
                 {"added", counts.added},
                 {"removed", counts.removed},
                 {"changed", counts.changed}});
  output.line(text("{} added, {} removed, {} changed from {} to {}", counts.added, counts.removed,
                   counts.changed, before.name(), after.name()));
  return report_healing(open.reader->healer(), kDone, output);
}

}  // namespace

void add_diff(CLI::App& app, Invocation& invocation) {
  CLI::App* command = add_command(app, invocation, "diff", "What is not the same in two snapshots");
  auto options = std::make_shared<DiffOptions>();
  options->medium.add_to(*command, true);
  command->add_option("BEFORE", options->before, "A snapshot, like 41/ehr")->required();
  command->add_option("AFTER", options->after, "A snapshot, like latest/ehr")->required();
  command->add_option("PATH", options->path, "Only this and what is below it");
  command->callback([&invocation, options] {
    invocation.command = [&invocation, options] { return diff(*options, invocation.output); };
  });
}

}  // namespace azekura::cli
