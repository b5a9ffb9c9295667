#include "cli/commands.h"
#include "core/file_io.h"
#include "core/text.h"
#include "vault/site.h"

#include <nlohmann/json.hpp>

#include <memory>

namespace azekura::cli {

namespace {

struct SourceOptions {
  std::string name;
  std::string path;
  std::string command;
};

int add_one(const SourceOptions& options, const Invocation& invocation, Output& output) {
  vault::Site site = vault::Site::open(invocation.site_path());
  Source source;
  source.name = options.name;
  if (!options.path.empty()) {
    source.kind = SourceKind::tree;
    source.origin = absolute_path(options.path);
    if (!exists(source.origin)) {
      throw UsageError{"\"{}\" does not exist", printable(options.path)};
    }
  } else {
    source.kind = SourceKind::stream;
    source.origin = options.command;
  }
  site.append_to_site_file(source_table(source));
  output.object({{"event", "source"},
                 {"name", source.name},
                 {"kind", source.kind == SourceKind::tree ? "tree" : "stream"}});
  output.line(
      fmt::format("source '{}' added to {}/site.toml", source.name, printable(site.path())));
  return 0;
}

}  // namespace

void add_source(CLI::App& app, Invocation& invocation) {
  CLI::App* source = app.add_subcommand("source", "What is backed up");
  source->require_subcommand(1);
  CLI::App* add = add_command(*source, invocation, "add", "Add a tree or a command's output");
  auto options = std::make_shared<SourceOptions>();
  add->add_option("NAME", options->name, "a-z, 0-9, '-', '_', '.'")->required();
  CLI::Option* path = add->add_option("PATH", options->path, "A folder and all below it");
  CLI::Option* command =
      add->add_option("--command", options->command, "Back up what this command prints")
          ->type_name("CMD")
          ->excludes(path);
  add->callback([&invocation, options, path, command] {
    if (path->count() + command->count() != 1) {
      throw CLI::ValidationError("source add", "give either PATH or --command CMD");
    }
    invocation.command = [&invocation, options] {
      return add_one(*options, invocation, invocation.output);
    };
  });
}

}  // namespace azekura::cli
