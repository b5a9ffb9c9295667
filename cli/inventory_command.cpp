#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/medium_report.h"
#include "core/error.h"
#include "core/text.h"
#include "vault/site.h"

#include <nlohmann/json.hpp>

#include <unistd.h>

#include <iostream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace azekura::cli {

namespace {

/// What a scanner reads from a label's QR code: "AZEKURA MEDIUM 1 NAME ID SITE"; what a person
/// types: the name.
struct ScannedLabel {
  std::string name;
  std::string medium;  ///< empty if it was typed
};

ScannedLabel parse_scanned(const std::string& line) {
  std::istringstream in{line};
  std::vector<std::string> words;
  for (std::string word; in >> word;) {
    words.push_back(word);
  }
  if (words.size() == 6 && words[0] == "AZEKURA" && words[1] == "MEDIUM" && words[2] == "1") {
    return {words[3], words[4]};
  }
  return {words.size() == 1 ? words[0] : line, ""};
}

const vault::MediumRecord* find_scanned(const std::vector<vault::MediumRecord>& records,
                                        const ScannedLabel& scanned) {
  for (const vault::MediumRecord& record : records) {
    if (scanned.medium.empty() ? record.name == scanned.name : record.id.hex() == scanned.medium) {
      return &record;
    }
  }
  return nullptr;
}

int take_inventory(const Invocation& invocation, Output& output) {
  const vault::Site site = vault::Site::open(invocation.site_path());
  const std::vector<vault::MediumRecord> records = vault::MediumRegister{site.path()}.all();
  if (::isatty(STDIN_FILENO) == 1) {
    output.notice("scan or type the label of each medium; an empty line ends it");
  }
  std::set<std::string> seen;
  std::size_t unknown = 0;
  for (std::string line; std::getline(std::cin, line) && !line.empty();) {
    const ScannedLabel scanned = parse_scanned(line);
    if (const vault::MediumRecord* record = find_scanned(records, scanned)) {
      seen.insert(record->name);
      continue;
    }
    ++unknown;
    output.object({{"event", "unknown"}, {"label", printable(line)}});
    output.line(text("{:<20} is no medium of this site", printable(scanned.name)));
  }
  std::size_t missing = 0;
  for (const vault::MediumRecord& record : records) {
    const bool is_here = seen.contains(record.name);
    missing += is_here ? 0 : 1;
    output.object({{"event", is_here ? "found" : "missing"}, {"name", record.name}});
    output.line(is_here ? text("{:<20} found", record.name)
                        : text("{:<20} MISSING; last known: {}", record.name, whereabouts(record)));
  }
  output.line(text("{} of {} media found, {} missing, {} unknown", seen.size(), records.size(),
                   missing, unknown));
  return missing + unknown == 0 ? kDone : exit_code_of(ErrorKind::medium);
}

}  // namespace

void add_inventory(CLI::App& medium, Invocation& invocation) {
  CLI::App* command = add_command(medium, invocation, "inventory",
                                  "Compare labels with the register; empty line: end");
  command->callback([&invocation] {
    invocation.command = [&invocation] { return take_inventory(invocation, invocation.output); };
  });
}

}  // namespace azekura::cli
