#include "cli/capture_run.h"
#include "cli/commands.h"
#include "core/file_io.h"
#include "core/text.h"

#include <nlohmann/json.hpp>

#include <memory>

namespace azekura::cli {

namespace {

void report_set(const vault::Site& site, const SetConfig& set, Output& output) {
  const bool present = exists(set.folder + "/label");
  Json object{{"event", "set"}, {"name", set.name}, {"present", present}, {"offline", false}};
  put_name(object, "folder", set.folder);
  std::string state = text("set {:<16} ", set.name);
  // Only looks: a run may hold the set, and status must not cost it a night.
  const vault::SetSecrets secrets = site.set_secrets(set.name);
  const std::optional<vault::ChainHead> head =
      vault::Catalogue::peek(site.catalogue_path(set.name), secrets.id, secrets.keys);
  const std::size_t waiting = vault::Spool::waiting(site.spool_path(set.name));
  object["last_session"] = head ? head->number : 0;
  object["waiting_sessions"] = waiting;
  state += !head || head->number == 0 ? text("nothing committed yet")
                                      : text("last session {}", head->number);
  state += text(", {} waiting in the spool", waiting);
  state += in_language(present ? ", medium present: NOT OFFLINE" : ", medium not here");
  output.object(object);
  output.line(state);
  output.line(text("    folder {}", printable(set.folder)));
}

int report_status(const Invocation& invocation, Output& output) {
  const vault::Site site = vault::Site::open(invocation.site_path());
  const SiteConfig config = site.config();
  const std::string fingerprint = vault::authority_fingerprint(site.writer().authority);
  Json site_object{{"event", "site"},
                   {"site", site.id().hex()},
                   {"authority", fingerprint},
                   {"kit_on_this_host", site.kit_on_this_host().has_value()}};
  put_name(site_object, "path", site.path());
  output.object(site_object);
  output.line(text("site {} ({})", printable(site.path()), site.id().hex()));
  output.line(text("authority {}", fingerprint));
  for (const SourceConfig& listed : config.sources) {
    const Source& source = listed.source;
    Json object{{"event", "source"},
                {"name", source.name},
                {"kind", source.kind == SourceKind::tree ? "tree" : "stream"}};
    put_name(object, "origin", source.origin);
    output.object(object);
    output.line(text("source {:<13} {}", source.name, printable(source.origin)));
  }
  for (const SetConfig& set : config.sets) {
    report_set(site, set, output);
  }
  warn_of_kit(site, output);
  return 0;
}

/// Deletes the set's catalogue and makes it anew from the medium, with the catalogue key.
int rebuild(const std::string& name, const Invocation& invocation, Output& output) {
  const vault::Site site = vault::Site::open(invocation.site_path());
  const SiteConfig config = site.config();
  const SetConfig& config_set = config.set(name);
  vault::FolderMedium medium{config_set.folder, vault::Access::append};
  {
    // Nobody else is using it; and a medium that is behind what the host knows teaches it nothing.
    vault::MediaSet held{site, name, output, config_set.parity};
    static_cast<void>(vault::SetWriter{held, medium, output}.attach());
  }
  remove_tree(site.catalogue_path(name));
  vault::MediaSet set{site, name, output, config_set.parity};
  static_cast<void>(vault::SetWriter{set, medium, output}.attach());
  const std::uint32_t head = set.catalogue().head().number;
  const std::size_t packs = set.catalogue().packs().size();
  output.only_reports();
  output.object({{"event", "catalogue"}, {"set", name}, {"last_session", head}, {"packs", packs}});
  output.line(text("the catalogue of '{}' knows {} packs, up to session {}", name, packs, head));
  return 0;
}

}  // namespace

void add_status(CLI::App& app, Invocation& invocation) {
  CLI::App* command =
      add_command(app, invocation, "status", "What is configured, done and waiting");
  command->callback([&invocation] {
    invocation.command = [&invocation] { return report_status(invocation, invocation.output); };
  });
}

void add_catalogue(CLI::App& app, Invocation& invocation) {
  CLI::App* catalogue = app.add_subcommand("catalogue", "What the host knows of its sets");
  catalogue->require_subcommand(1);
  CLI::App* command =
      add_command(*catalogue, invocation, "rebuild", "Make a set's catalogue anew from its medium");
  auto name = std::make_shared<std::string>();
  command->add_option("SET", *name, "Media set")->required();
  command->callback([&invocation, name] {
    invocation.command = [&invocation, name] {
      return rebuild(*name, invocation, invocation.output);
    };
  });
}

}  // namespace azekura::cli
