#include "cli/commands.h"
#include "cli/medium_access.h"
#include "core/file_io.h"
#include "core/text.h"
#include "vault/key_text.h"
#include "vault/verifier_key.h"

#include <nlohmann/json.hpp>

#include <memory>

namespace azekura::cli {

namespace {

void report_key(const vault::RecoveryKey& key, Output& output) {
  const std::string fingerprint = vault::authority_fingerprint(key.authority().public_key());
  output.object({{"event", "key"}, {"site", key.site().hex()}, {"authority", fingerprint}});
  output.line(text("site id    {}", key.site().hex()));
  output.line(text("authority  {}", fingerprint));
}

void report_share(const vault::RecoveryShare& share, Output& output) {
  output.object({{"event", "share"},
                 {"site", share.site.hex()},
                 {"share_set", share.set.hex()},
                 {"number", std::to_integer<unsigned>(share.point.x)},
                 {"count", share.count},
                 {"threshold", share.threshold}});
  output.line(text("site id    {}", share.site.hex()));
  output.line(text("share set  {}", share.set.hex()));
  output.line(
      text("{}: it is whole, {} more needed", vault::share_name(share), share.threshold - 1));
}

int check_key(const std::vector<std::string>& files, Output& output) {
  if (const auto share = read_lone_share(files)) {
    report_share(*share, output);
    return 0;
  }
  report_key(read_recovery_key(files), output);
  output.line("the key is whole");
  return 0;
}

/// Errors: UsageError if the file exists.
template <typename Key>
void write_key_file(const std::string& path, const Key& key) {
  if (exists(path)) {
    throw UsageError{"\"{}\" exists already", printable(path)};
  }
  const vault::KeyText text{key.text()};
  replace_file(path, as_bytes(text.text));
}

void add_verifier(CLI::App& key, Invocation& invocation) {
  CLI::App* command =
      add_command(key, invocation, "verifier", "Make a key for a machine that verifies media");
  auto target = std::make_shared<std::string>();
  auto kit = std::make_shared<std::vector<std::string>>();
  command->add_option("FILE", *target, "File to write; it must not exist")->required();
  command->add_option("--key", *kit, "recovery.key; or a share file, repeated")
      ->required()
      ->allow_extra_args(false)
      ->type_name("FILE");
  command->callback([&invocation, target, kit] {
    invocation.command = [&invocation, target, kit] {
      const vault::VerifierKey made = vault::VerifierKey::issue(read_recovery_key(*kit));
      write_key_file(*target, made);
      Output& output = invocation.output;
      output.only_reports();
      output.object({{"event", "verifier"},
                     {"site", made.certificate().site.hex()},
                     {"verifier", made.certificate().verifier.hex()}});
      output.line(text("verifier   {}", made.certificate().verifier.hex()));
      output.line(text("written to {}", printable(*target)));
      return 0;
    };
  });
}

}  // namespace

void add_key(CLI::App& app, Invocation& invocation) {
  CLI::App* key = app.add_subcommand("key", "The recovery key");
  key->require_subcommand(1);

  CLI::App* check =
      add_command(*key, invocation, "check", "Is this a recovery key, and of which site?");
  auto files = std::make_shared<std::vector<std::string>>();
  check->add_option("FILE", *files, "recovery.key, one share file, or enough of them")->required();
  check->callback([&invocation, files] {
    invocation.command = [&invocation, files] { return check_key(*files, invocation.output); };
  });

  add_verifier(*key, invocation);

  CLI::App* combine = add_command(*key, invocation, "combine", "Make recovery.key of share files");
  auto shares = std::make_shared<std::vector<std::string>>();
  auto target = std::make_shared<std::string>();
  combine->add_option("SHARE", *shares, "Enough share files")->required();
  combine->add_option("--output", *target, "File to write; it must not exist")
      ->required()
      ->type_name("FILE");
  combine->callback([&invocation, shares, target] {
    invocation.command = [&invocation, shares, target] {
      const vault::RecoveryKey recovery_key = read_recovery_key(*shares);
      write_key_file(*target, recovery_key);
      invocation.output.only_reports();
      report_key(recovery_key, invocation.output);
      invocation.output.line(text("written to {}", printable(*target)));
      return 0;
    };
  });
}

}  // namespace azekura::cli
