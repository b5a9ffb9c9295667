#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/findings.h"
#include "cli/medium_access.h"
#include "cli/tree_check.h"
#include "core/text.h"
#include "vault/verifier.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <memory>

namespace azekura::cli {

namespace {

struct VerifyOptions {
  MediumOptions medium;
  bool deep = false;
};

std::vector<vault::Finding> verify_deep(const vault::FolderMedium& medium,
                                        const vault::RecoveryKey& key, std::uint64_t& lost,
                                        Output& output) {
  vault::VaultReader reader{medium, key, Invocation::threads()};
  vault::DeepVerifier verifier{reader, Invocation::threads(), output};
  std::vector<vault::Finding> findings = reader.findings();
  for (vault::Finding& finding : verifier.verify_packs()) {
    findings.push_back(std::move(finding));
  }
  output.phase("checking trees", 0);
  TreeCheck trees{verifier, reader, output};
  for (const vault::StoredSnapshot& stored : reader.snapshots()) {
    trees.check(stored);
  }
  lost = trees.lost();
  output.line(fmt::format("{} snapshots checked to the last byte", reader.snapshots().size()));
  return findings;
}

int verify(const VerifyOptions& options, Output& output) {
  std::optional<vault::RecoveryKey> key;
  std::optional<vault::PublicSigningKey> authority;
  if (!options.medium.keys.empty()) {
    key = options.medium.recovery_key();
    authority = key->authority().public_key();
  }
  const vault::FolderMedium medium = options.medium.open_confined();
  vault::VerifyReport report =
      vault::verify_medium(medium, authority, Invocation::threads(), output);
  if (key && report.sessions == 0) {
    vault::expect_key_of_site(*key, medium);
  }
  std::uint64_t lost = 0;
  if (options.deep) {
    for (vault::Finding& finding : verify_deep(medium, *key, lost, output)) {
      const bool known =
          std::any_of(report.findings.begin(), report.findings.end(),
                      [&](const vault::Finding& other) { return other.fact == finding.fact; });
      if (!known) {
        report.findings.push_back(std::move(finding));
      }
    }
  }
  for (const vault::Finding& finding : report.findings) {
    report_finding(finding, output);
  }
  const Tally tally = tally_of(report.findings);
  output.object({{"event", "verified"},
                 {"authority", report.authority},
                 {"sessions", report.sessions},
                 {"packs", report.packs},
                 {"bytes", report.bytes},
                 {"unsealed_packs", report.unsealed_packs},
                 {"deep", options.deep},
                 {"findings", report.findings.size()},
                 {"healed", tally.healed},
                 {"repairable", tally.repairable},
                 {"lost", lost}});
  output.line(
      fmt::format("authority  {}", report.authority.empty() ? "unknown" : report.authority));
  output.line(fmt::format("sessions   {}", report.sessions));
  output.line(fmt::format("packs      {}, {}", report.packs, human_bytes(report.bytes)));
  if (report.unsealed_packs > 0) {
    output.line(
        fmt::format("unsealed   {} packs of a write that did not finish", report.unsealed_packs));
  }
  const int code =
      lost > 0 && tally.exit_code() == kDone ? exit_code_of(ErrorKind::damage) : tally.exit_code();
  report_verdict(tally, code, output);
  return code;
}

}  // namespace

void add_verify(CLI::App& app, Invocation& invocation) {
  CLI::App* command =
      add_command(app, invocation, "verify", "Check every byte and signature of a medium");
  auto options = std::make_shared<VerifyOptions>();
  options->medium.add_to(*command, false);
  CLI::Option* key =
      command->add_option("--key", options->medium.keys, "recovery.key, or enough share files")
          ->type_name("FILE");
  command->add_flag("--deep", options->deep, "Also open and hash everything again")->needs(key);
  command->callback([&invocation, options] {
    invocation.command = [&invocation, options] { return verify(*options, invocation.output); };
  });
}

}  // namespace azekura::cli
