#include "cli/commands.h"
#include "cli/set_medium.h"
#include "core/file_io.h"
#include "vault/set_writer.h"

#include <nlohmann/json.hpp>

#include <memory>

namespace azekura::cli {

namespace {

/// Deletes the set's catalogue and makes it anew from the medium, with the catalogue key.
int rebuild(const std::string& name, const Invocation& invocation, Output& output) {
  const vault::Site site = vault::Site::open(invocation.site_path());
  const SiteConfig config = site.config();
  const SetConfig& config_set = config.set(name);
  SetMedium place{site, config, config_set, output};
  // Nobody else is using it; and a medium that is behind what the host knows teaches it nothing.
  auto set = std::make_unique<vault::MediaSet>(site, name, output, config_set.parity);
  place.attached(0, [&](vault::FolderMedium& medium, vault::WriteTotals&) {
    static_cast<void>(vault::SetWriter{*set, medium, output}.attach());
    set.reset();
    remove_tree(site.catalogue_path(name));
    set = std::make_unique<vault::MediaSet>(site, name, output, config_set.parity);
    static_cast<void>(vault::SetWriter{*set, medium, output}.attach());
    return true;
  });
  const std::uint32_t head = set->catalogue().head().number;
  const std::size_t packs = set->catalogue().packs().size();
  output.only_reports();
  output.object({{"event", "catalogue"}, {"set", name}, {"last_session", head}, {"packs", packs}});
  output.line(text("the catalogue of '{}' knows {} packs, up to session {}", name, packs, head));
  return 0;
}

}  // namespace

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
