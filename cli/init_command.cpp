#include "cli/commands.h"
#include "cli/medium_access.h"
#include "cli/restore_program.h"
#include "core/file_io.h"
#include "core/site_edit.h"
#include "core/text.h"
#include "vault/recovery_kit.h"
#include "vault/set_writer.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <memory>
#include <utility>

namespace azekura::cli {

namespace {

struct InitOptions {
  std::string site;
  std::string kit;
  std::string shares;
  std::string from;
};

std::optional<vault::ShareScheme> parse_shares(const std::string& text) {
  if (text.empty()) {
    return std::nullopt;
  }
  vault::ShareScheme scheme{};
  const char* const end = text.data() + text.size();
  const auto [slash, error] = std::from_chars(text.data(), end, scheme.threshold);
  if (error == std::errc{} && slash != end && *slash == '/') {
    const auto [last, second_error] = std::from_chars(slash + 1, end, scheme.count);
    if (second_error == std::errc{} && last == end && scheme.threshold >= 2 &&
        scheme.threshold <= scheme.count && scheme.count <= 16) {
      return scheme;
    }
  }
  throw UsageError{"'{}' is not K/N, such as 3/5: K people of N together, 2 <= K <= N <= 16",
                   printable(text)};
}

/// The kit must not lie where the site lies: whoever takes the host would have both.
void refuse_kit_inside_site(const std::string& site, const std::string& kit) {
  if (is_at_or_below(kit, site)) {
    UsageError error{"the kit's folder \"{}\" lies inside the site", printable(kit)};
    error.set_hint("write the kit to a removable medium, or anywhere outside the site");
    throw error;
  }
}

/// Nor may either travel with a medium: whoever finds that would have both, too.
void refuse_on_medium(std::string_view what, const std::string& path) {
  for (std::string folder = path; !folder.empty(); folder.resize(folder.rfind('/'))) {
    if (exists(folder + "/label") && exists(folder + "/azekura-restore")) {
      UsageError error{"the {}'s folder \"{}\" lies on a medium", in_language(what),
                       printable(path)};
      error.set_hint("choose a folder anywhere else: site, kit and media are kept apart");
      throw error;
    }
  }
}

constexpr std::string_view kSiteFolderHint = "choose a folder that does not exist yet for the site";

/// A folder that is empty or absent. What is in it later is removed again, unless it is kept.
class FreshFolder {
 public:
  /// Errors: UsageError if something is in it.
  FreshFolder(std::string path, std::string_view hint) : path_{std::move(path)} {
    if (!list_directory(path_).empty()) {
      UsageError error{"\"{}\" is not empty", printable(path_)};
      error.set_hint(hint);
      throw error;
    }
  }
  FreshFolder(const FreshFolder&) = delete;
  FreshFolder& operator=(const FreshFolder&) = delete;
  ~FreshFolder() {
    if (!is_kept_) {
      try_to_empty(path_);
    }
  }

  void keep() noexcept { is_kept_ = true; }

 private:
  std::string path_;
  bool is_kept_ = false;
};

void say_made(Output& output, const vault::Site& site, const InitOptions& options) {
  const std::string fingerprint = vault::authority_fingerprint(site.writer().authority);
  Json object{{"event", "site"}};
  put_name(object, "path", site.path());
  object["site"] = site.id().hex();
  object["authority"] = fingerprint;
  output.only_reports();
  output.object(object);
  output.line(text("site       {}", printable(site.path())));
  output.line(text("site id    {}", site.id().hex()));
  output.line(text("authority  {}", fingerprint));
  output.line(text("kit        {}", printable(options.kit)));
}

int init_new(const InitOptions& options, Output& output) {
  const std::optional<vault::ShareScheme> shares = parse_shares(options.shares);
  const std::string path = absolute_path(options.site);
  const std::string kit = absolute_path(options.kit);
  refuse_kit_inside_site(path, kit);
  refuse_on_medium("kit", kit);
  refuse_on_medium("site", path);
  FreshFolder site_folder{path, kSiteFolderHint};
  FreshFolder kit_folder{kit, "choose an empty folder for the kit"};
  const vault::RecoveryKey key = vault::RecoveryKey::generate(random_site_id());
  vault::write_recovery_kit(kit, key, shares, path, restore_program_digest());
  const vault::Site site = vault::Site::create(path, key, 1, empty_site_file());
  site.remember_kit_location(kit);
  site_folder.keep();
  kit_folder.keep();
  say_made(output, site, options);
  output.line("");
  output.line("Print the kit, lock it away, and take it off this host: whoever has it reads every");
  output.line("backup, and without it no backup can be read by anybody.");
  output.line("Next, what is backed up: azekura -s SITE source add NAME PATH");
  output.line("then a media set: azekura -s SITE set add SET");
  output.line("then its disk, which is erased: azekura -s SITE medium enrol DEVICE --set SET");
  output.line("To try it out without a disk: azekura -s SITE set add SET --folder DIR");
  return 0;
}

/// recovery.key, or the share files, of a kit folder.
std::vector<std::string> key_files_in(const std::string& kit) {
  if (exists(kit + "/recovery.key")) {
    return {kit + "/recovery.key"};
  }
  std::vector<std::string> shares;
  for (const std::string& name : list_directory(kit)) {
    if (name.starts_with("share-") && name.ends_with(".txt")) {
      shares.push_back(kit + "/" + name);
    }
  }
  if (shares.empty()) {
    UsageError error{"\"{}\" has neither recovery.key nor share files", printable(kit)};
    error.set_hint("name the folder that holds the kit of the lost site");
    throw error;
  }
  return shares;
}

std::uint32_t newest_epoch(const vault::VaultReader& reader) {
  std::uint32_t epoch = 0;
  for (const vault::SealedSession& session : reader.sessions()) {
    epoch = std::max(epoch, session.header.writer.certificate.epoch);
  }
  return epoch;
}

/// The site file of the medium; the set on this medium is found where it is now. Errors:
/// UsageError if that is a disk and the set a folder.
std::string adapted_site_file(const vault::Generation& generation, const std::string& medium,
                              bool is_disk) {
  const SiteConfig config = SiteConfig::parse(generation.site_file);
  if (config.set(generation.set_name).folder.empty()) {
    return generation.site_file;
  }
  if (is_disk) {
    UsageError error{"the set '{}' goes on in a folder, and \"{}\" is a disk", generation.set_name,
                     printable(medium)};
    error.set_hint("mount it, writable, and name its folder");
    throw error;
  }
  return with_folder(generation.site_file, generation.set_name, medium);
}

int init_from_medium(const InitOptions& options, Output& output) {
  const std::string path = absolute_path(options.site);
  const std::string kit = absolute_path(options.kit);
  const std::string folder = absolute_path(options.from);
  refuse_kit_inside_site(path, kit);
  refuse_on_medium("site", path);
  const vault::RecoveryKey key = read_recovery_key(key_files_in(kit));
  std::optional<vault::Generation> generation;
  std::uint32_t epoch = 0;
  bool is_named_disk = false;
  {
    vault::NamedMedium medium{folder, vault::Access::read};
    medium.open();
    const vault::VaultReader reader{medium.folder(), key, Invocation::threads()};
    warn_of_findings(reader, output);
    generation = reader.newest_generation();
    epoch = newest_epoch(reader);
    is_named_disk = medium.is_disk();
  }
  if (!generation) {
    throw DamageError{"no session of medium \"{}\" has a site file to begin from",
                      printable(folder)};
  }
  const std::string site_file = adapted_site_file(*generation, folder, is_named_disk);
  FreshFolder site_folder{path, kSiteFolderHint};
  vault::Site site = vault::Site::create(path, key, epoch + 1, site_file);
  site.remember_kit_location(kit);
  for (const SetConfig& set : site.config().sets) {
    static_cast<void>(site.create_set(set.name));
  }
  const bool is_disk = site.config().set(generation->set_name).folder.empty();
  if (!is_disk) {
    vault::FolderMedium medium{folder, vault::Access::append};
    vault::MediaSet set{site, generation->set_name, output};
    vault::SetWriter{set, medium, output}.attach();
  }
  site_folder.keep();
  say_made(output, site, options);
  output.line("");
  output.line(
      text("{} sources and {} sets came back; this host continues each medium as a "
           "new set, and stores everything anew once.",
           site.config().sources.size(), site.config().sets.size()));
  if (is_disk) {
    output.line("Next: check site.toml, then for each set a disk of the lost host, or a new one:");
    output.line("azekura -s SITE medium enrol DEVICE --set SET");
  } else {
    output.line(
        text("Next: check site.toml, then azekura -s SITE backup --to {}", generation->set_name));
  }
  return 0;
}

}  // namespace

void add_init(CLI::App& app, Invocation& invocation) {
  CLI::App* command = add_command(app, invocation, "init", "Make a site and its recovery kit");
  auto options = std::make_shared<InitOptions>();
  command->add_option("SITE", options->site, "Folder to make")->required();
  command->add_option("--kit", options->kit, "Folder for the recovery kit, outside SITE")
      ->required()
      ->type_name("DIR");
  CLI::Option* shares =
      command->add_option("--shares", options->shares, "Split the key: any K of N give it back")
          ->type_name("K/N");
  command->add_option("--from", options->from, "Begin from a lost host's medium and kit")
      ->type_name("MEDIUM")
      ->excludes(shares);
  command->callback([&invocation, options] {
    invocation.command = [&invocation, options] {
      return options->from.empty() ? init_new(*options, invocation.output)
                                   : init_from_medium(*options, invocation.output);
    };
  });
}

}  // namespace azekura::cli
