#include "cli/commands.h"
#include "cli/connection_object.h"
#include "cli/custody_words.h"
#include "cli/medium_report.h"
#include "cli/restore_program.h"
#include "core/calendar.h"
#include "core/clock.h"
#include "core/error.h"
#include "core/interrupt.h"
#include "core/text.h"
#include "vault/enrolment.h"

#include <nlohmann/json.hpp>

#include <iostream>
#include <memory>
#include <optional>
#include <string>

namespace azekura::cli {

namespace {

struct EnrolOptions {
  std::string device;
  std::string set;
  std::string file_system = "ext4";
};

/// Shows what would be lost, and goes on only if the medium's name is typed.
void ask_to_erase(const vault::BlockDevice& device, const std::string& name, bool was_begun,
                  Output& output) {
  output.warn(text("this erases all that is on {}:", printable(device.path)));
  output.warn(fmt::format("  {}, {}", device.description, human_bytes(device.bytes)));
  const std::vector<std::string> content = vault::content_of(device);
  for (const std::string& one : content) {
    output.warn(text("  {}", one));
  }
  if (content.empty()) {
    output.warn("  nothing that is known is on it");
  }
  if (was_begun) {
    output.warn(
        "  it has the partitions of a medium, and neither a label nor a session that can be read: "
        "its enrolment was cut short, or it is damaged");
  }
  output.warn(text("to make it the medium '{}', type {} and press Enter:", name, name));
  std::string typed;
  std::getline(std::cin, typed);
  throw_if_interrupted();
  if (typed.empty() && std::cin.eof()) {
    UsageError error{"the input ended before '{}' was typed: nothing was changed", name};
    error.set_hint("run it where somebody can type the name");
    throw error;
  }
  if (typed != name) {
    UsageError error{"'{}' was typed, not '{}': nothing was changed", printable(typed), name};
    error.set_hint("look again whether this is the disk you mean");
    throw error;
  }
}

int enrol_one(const EnrolOptions& options, const Invocation& invocation, Output& output) {
  const vault::Site site = vault::Site::open(invocation.site_path());
  const SiteConfig config = site.config();
  const SetConfig& set = config.set(options.set);
  if (!set.folder.empty()) {
    UsageError error{"the medium of the set '{}' is the folder \"{}\"", set.name,
                     printable(set.folder)};
    error.set_hint("add a set for the disk with 'azekura set add NAME'");
    throw error;
  }
  vault::MediumRegister media{site.path()};
  const vault::BlockDevice device = vault::inspect_device(options.device);
  const vault::FileSystem kind =
      options.file_system == "xfs" ? vault::FileSystem::xfs : vault::FileSystem::ext4;
  const vault::Enrolment plan = vault::plan_enrolment(site, media, set.name, device, kind);
  const bool erases = plan != vault::Enrolment::recover;
  if (erases) {
    ask_to_erase(device, set.name, plan == vault::Enrolment::anew, output);
  }
  const vault::MediumRecord record =
      erases ? vault::enrol(site, media, set.name, device, kind, restore_program_path())
             : vault::recover(media, set.name, device);
  output.only_reports();
  output.object(medium_object(record));
  output.line(text("medium '{}' is enrolled: {}, {}", record.name, record.description,
                   human_bytes(record.bytes)));
  output.line(erases
                  ? text("Pull it, put its label on it ('azekura medium label {} --pdf FILE') and "
                         "put it away.",
                         record.name)
                  : text("Nothing was written to it: the register did not have it."));
  return 0;
}

void add_enrol(CLI::App& medium, Invocation& invocation) {
  CLI::App* command =
      add_command(medium, invocation, "enrol", "Erase a disk and make it a set's medium");
  auto options = std::make_shared<EnrolOptions>();
  command->add_option("DEVICE", options->device, "The whole disk, like /dev/sdb")->required();
  command->add_option("--set", options->set, "The set whose medium it becomes")
      ->required()
      ->type_name("SET");
  command->add_option("--file-system", options->file_system, "ext4 or xfs")
      ->check(CLI::Validator{CLI::IsMember({"ext4", "xfs"})}.description(""))
      ->type_name("KIND");
  command->callback([&invocation, options] {
    invocation.command = [&invocation, options] {
      return enrol_one(*options, invocation, invocation.output);
    };
  });
}

int list_all(const Invocation& invocation, Output& output) {
  const vault::Site site = vault::Site::open(invocation.site_path());
  std::optional<DamageError> unreadable;
  const std::vector<vault::MediumRecord> records = vault::MediumRegister{site.path()}.readable(
      [&](const DamageError& error) { unreadable = error; });
  for (const vault::MediumRecord& record : records) {
    output.object(medium_object(record));
    output.line(medium_line(record));
  }
  if (unreadable) {
    throw DamageError{*unreadable};
  }
  return 0;
}

void add_list_media(CLI::App& medium, Invocation& invocation) {
  CLI::App* command = add_command(medium, invocation, "list", "All media, and where they are");
  command->callback([&invocation] {
    invocation.command = [&invocation] { return list_all(invocation, invocation.output); };
  });
}

int show_one(const std::string& name, const Invocation& invocation, Output& output) {
  const vault::Site site = vault::Site::open(invocation.site_path());
  const vault::MediumRecord record = vault::MediumRegister{site.path()}.named(name);
  output.object(medium_object(record));
  for (const std::string& line : medium_page(record)) {
    output.line(line);
  }
  for (const vault::CustodyMove& move : record.moves) {
    output.object(move_object(record, move));
  }
  for (const vault::Refusal& refusal : record.refusals) {
    output.object(refusal_object(record, refusal));
  }
  for (const vault::Connection& one : record.connections) {
    output.object(connection_object("name", record.name, one));
  }
  return 0;
}

void add_show(CLI::App& medium, Invocation& invocation) {
  CLI::App* command =
      add_command(medium, invocation, "show", "A medium, who had it, and when it was connected");
  auto name = std::make_shared<std::string>();
  command->add_option("NAME", *name, "Its name")->required();
  command->callback([&invocation, name] {
    invocation.command = [&invocation, name] {
      return show_one(*name, invocation, invocation.output);
    };
  });
}

struct MoveOptions {
  std::string name;
  vault::CustodyMove move;
};

/// `words`: given for `option`. Errors: UsageError, unless they can stand in the register.
std::string checked_words(const std::string& words, std::string_view option) {
  const std::optional<std::string> checked = custody_words(words);
  if (!checked) {
    throw UsageError{"what {} says has control characters in it: '{}'", option, printable(words)};
  }
  return *checked;
}

std::string needed_words(const std::string& words, std::string_view option) {
  std::string checked = checked_words(words, option);
  if (checked.empty()) {
    UsageError error{"{} is empty: nothing was noted", option};
    error.set_hint("say where the medium is with --to, and who has it or brought it with --by");
    throw error;
  }
  return checked;
}

int note_move(const MoveOptions& options, const Invocation& invocation, Output& output) {
  const vault::Site site = vault::Site::open(invocation.site_path());
  vault::CustodyMove move = options.move;
  move.place = needed_words(move.place, "--to");
  move.person = needed_words(move.person, "--by");
  move.seal = checked_words(move.seal, "--seal");
  move.when = wall_clock_now();
  vault::MediumRegister media{site.path()};
  media.update(options.name, [&](vault::MediumRecord& record) { record.moves.push_back(move); });
  const vault::MediumRecord record = media.named(options.name);
  output.object(move_object(record, record.moves.back()));
  output.line(medium_line(record));
  return 0;
}

/// Like "2026-12-24".
std::string check_day(const std::string& given) {
  return parse_date(given) ? "" : text("a day is written like 2026-12-24");
}

void add_move(CLI::App& medium, Invocation& invocation) {
  CLI::App* command = add_command(medium, invocation, "move", "Note who takes a medium where");
  auto options = std::make_shared<MoveOptions>();
  command->add_option("NAME", options->name, "Its name")->required();
  command->add_option("--to", options->move.place, "Where it is now")
      ->required()
      ->type_name("PLACE");
  command->add_option("--by", options->move.person, "Who has it, or brought it there")
      ->required()
      ->type_name("PERSON");
  command->add_option("--due", options->move.due, "The day it must be back")
      ->check(check_day)
      ->type_name("YYYY-MM-DD");
  command->add_option("--seal", options->move.seal, "The number on its container's seal")
      ->type_name("NUMBER");
  command->callback([&invocation, options] {
    invocation.command = [&invocation, options] {
      return note_move(*options, invocation, invocation.output);
    };
  });
}

}  // namespace

void add_medium(CLI::App& app, Invocation& invocation) {
  CLI::App* medium =
      app.add_subcommand("medium", "The media: enrol, list, and know where each one is");
  medium->require_subcommand(1);
  add_enrol(*medium, invocation);
  add_list_media(*medium, invocation);
  add_show(*medium, invocation);
  add_move(*medium, invocation);
  add_label(*medium, invocation);
  add_inventory(*medium, invocation);
}

}  // namespace azekura::cli
