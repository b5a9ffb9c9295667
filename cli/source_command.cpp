#include "cli/commands.h"
#include "core/file_io.h"
#include "core/text.h"
#include "vault/site.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <memory>

namespace azekura::cli {

namespace {

struct SourceOptions {
  std::string name;
  std::string path;
  std::string command;
  std::vector<std::string> exclude;
  bool exclude_caches = false;
  bool is_command = false;
};

void expect_free_name(const SiteConfig& config, const std::string& name) {
  expect_name(name);
  if (std::any_of(config.sources.begin(), config.sources.end(),
                  [&](const SourceConfig& other) { return other.source.name == name; })) {
    UsageError error{"there is already a source '{}'", name};
    error.set_hint("choose another name, or edit that source in site.toml");
    throw error;
  }
}

int add_one(const SourceOptions& options, const Invocation& invocation, Output& output) {
  vault::Site site = vault::Site::open(invocation.site_path());
  expect_free_name(site.config(), options.name);
  SourceConfig listed{
      .source = {}, .exclude = options.exclude, .exclude_caches = options.exclude_caches};
  Source& source = listed.source;
  source.name = options.name;
  if (!options.is_command) {
    source.kind = SourceKind::tree;
    source.origin = absolute_path(options.path);
    if (!exists(source.origin)) {
      throw UsageError{"\"{}\" does not exist", printable(options.path)};
    }
  } else {
    source.kind = SourceKind::stream;
    if (options.command.empty()) {
      throw UsageError{"the command is empty"};
    }
    source.origin = options.command;
  }
  site.append_to_site_file(source_table(listed));
  output.only_reports();
  output.object({{"event", "source"},
                 {"name", source.name},
                 {"kind", source.kind == SourceKind::tree ? "tree" : "stream"}});
  output.line(text("source '{}' added to {}/site.toml", source.name, printable(site.path())));
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
  add->add_option("--exclude", options->exclude, "Left out, as in gitignore(5); may be repeated")
      ->type_name("PATTERN")
      ->allow_extra_args(false)
      ->excludes(command);
  add->add_flag("--exclude-caches", options->exclude_caches,
                "Of folders with a CACHEDIR.TAG keep that tag only")
      ->excludes(command);
  add->callback([&invocation, options, path, command] {
    if (path->count() + command->count() != 1) {
      throw CLI::ValidationError("source add", text("give either PATH or --command CMD"));
    }
    options->is_command = command->count() == 1;
    invocation.command = [&invocation, options] {
      return add_one(*options, invocation, invocation.output);
    };
  });
}

}  // namespace azekura::cli
