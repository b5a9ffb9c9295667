#include "cli/against_source.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/findings.h"
#include "cli/history_folder.h"
#include "cli/medium_access.h"
#include "cli/tree_check.h"
#include "core/clock.h"
#include "core/file_io.h"
#include "core/text.h"
#include "vault/countersignature.h"
#include "vault/verifier.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <memory>

namespace azekura::cli {

namespace {

struct VerifyOptions {
  MediumOptions medium;
  bool deep = false;
  std::string history;
  std::optional<double> seconds;
  bool resume = false;
  std::string countersign;  ///< file of a verifier key
  AgainstOptions against;
};

struct DeepReport {
  std::vector<vault::Finding> findings;
  std::uint64_t lost = 0;        ///< items of snapshots
  vault::Countersignature head;  ///< the newest session, for a verifier to sign
};

/// Which snapshots lost something with which damaged pack.
void report_packs(const TreeCheck::LossesByPack& losses, Output& output) {
  for (const auto& [pack, snapshots] : losses) {
    Json list = Json::array();
    std::string needing;
    for (const auto& [snapshot, items] : snapshots) {
      list.push_back({{"snapshot", snapshot}, {"items", items}});
      needing += needing.empty() ? "" : ", ";
      needing += text("{} ({} items)", snapshot, items);
    }
    output.object({{"event", "needed"},
                   {"pack", fmt::format("{:08x}", pack)},
                   {"snapshots", std::move(list)}});
    output.line(text("pack {:08x} is needed by {}", pack, needing));
  }
}

DeepReport verify_deep(const vault::FolderMedium& medium, const vault::RecoveryKey& key,
                       Output& output) {
  vault::VaultReader reader{medium, key, Invocation::threads()};
  vault::DeepVerifier verifier{reader, Invocation::threads(), output};
  DeepReport report;
  report.findings = reader.findings();
  for (vault::Finding& finding : verifier.verify_packs()) {
    report.findings.push_back(std::move(finding));
  }
  output.phase("checking trees", 0);
  const auto check = [&](const Content& content) -> std::optional<ContentLoss> {
    std::optional<vault::DeepVerifier::Problem> problem = verifier.check_content(content);
    return problem
               ? std::optional{ContentLoss{std::move(problem->fact), {}, std::move(problem->packs)}}
               : std::nullopt;
  };
  TreeCheck trees{reader, check, [&](const LostEntry& one) {
                    Json object{{"event", "lost"},
                                {"snapshot", one.snapshot.name()},
                                {"reason", one.loss.reason}};
                    put_name(object, "path", one.path);
                    output.object(object);
                    output.line(text("LOST {}:{}: {}", one.snapshot.name(), printable(one.path),
                                     printable(in_language(one.loss.reason))));
                  }};
  for (const vault::StoredSnapshot& stored : reader.snapshots()) {
    trees.check(stored);
  }
  report_packs(trees.lost_with(), output);
  report.lost = trees.lost();
  output.line(text("{} snapshots checked to the last byte", reader.snapshots().size()));
  if (!reader.sessions().empty()) {
    const vault::SealedSession& newest = reader.sessions().back();
    report.head.medium = newest.seal.medium;
    report.head.session = newest.number();
    report.head.seal = newest.seal_digest;
  }
  return report;
}

/// The folder of histories; empty, with a warning, if there can be none and none was asked for.
std::string choose_history(const VerifyOptions& options, Output& output) {
  try {
    return history_folder(options.history);
  } catch (const Error& error) {
    if (options.resume || !options.history.empty() || !options.countersign.empty()) {
      throw;
    }
    output.warn(text("no history of this verification is kept: {}", error.one_line()));
    return {};
  }
}

/// The check without a key. Errors: as vault::verify_medium, with what to do next.
vault::VerifyReport verify_sealed(const vault::FolderMedium& medium,
                                  const vault::VerifySettings& settings, Output& output) {
  try {
    return vault::verify_medium(medium, settings, output);
  } catch (Error& error) {
    if (error.hint().empty() && !settings.history.empty()) {
      error.set_hint("the same command with --resume goes on where this ended");
    }
    throw;
  }
}

/// The verifier key, if one is given. Errors: AuthenticityError if it is of another site.
std::optional<vault::VerifierKey> verifier_key(const VerifyOptions& options,
                                               const vault::RecoveryKey* key) {
  if (options.countersign.empty()) {
    return std::nullopt;
  }
  vault::VerifierKey verifier = vault::VerifierKey::load(options.countersign);
  const vault::VerifierCertificate& certificate = verifier.certificate();
  if (certificate.site != key->site() || !certificate.is_signed_by(key->authority().public_key())) {
    AuthenticityError error{"the verifier key \"{}\" is not certified by this recovery key",
                            printable(options.countersign)};
    error.set_hint("make one with 'azekura key verifier FILE --key RECOVERY-KEY'");
    throw error;
  }
  return verifier;
}

/// Signs what was found whole, into a file of the folder.
void countersign(const vault::VerifierKey& verifier, vault::Countersignature head,
                 const std::string& folder, Output& output) {
  head.when = wall_clock_now();
  head.verifier = verifier.certificate();
  const std::string path =
      fmt::format("{}/{}-{:06}.countersignature", folder, head.medium.hex(), head.session);
  replace_file(path, head.encode(verifier.signing_key()));
  Json object{{"event", "countersigned"}, {"session", head.session}};
  put_name(object, "file", path);
  output.object(object);
  output.line(
      text("countersigned up to session {}: \"{}\"; copy it into the folder "
           "countersignatures of the site, whose next write carries it along",
           head.session, printable(path)));
}

void report_coverage(const vault::VerifyReport& report, Output& output) {
  output.line(text("packs      {}", report.packs));
  output.line(text("read       {} of {} files, {}", report.files_now, report.files,
                   human_bytes(report.bytes)));
  if (report.files_before > 0) {
    output.line(text("before     {} files, found whole by the run that this one resumed",
                     report.files_before));
  }
  if (report.files_left() > 0) {
    output.line(text("left       {} files; --resume goes on with them", report.files_left()));
  }
  if (report.never > 0) {
    output.line(text("never      {} files, as far as this history knows", report.never));
  }
  if (report.overdue > 0) {
    output.warn(
        text("{} files are overdue: not found whole for more than {} days, the "
             "oldest since {}",
             report.overdue, vault::kOverdueDays, local_time_text(report.oldest)));
  }
  if (report.countersigned) {
    output.line(text("countersigned up to session {} by {} on {}", report.countersigned->session,
                     report.countersigned->verifier.verifier.hex().substr(0, 16),
                     local_time_text(report.countersigned->when)));
  }
  if (report.unsealed_packs > 0) {
    output.line(text("unsealed   {} packs of a write that did not finish", report.unsealed_packs));
  }
}

/// Adds the findings that are not among the others yet.
void add_new(std::vector<vault::Finding> found, std::vector<vault::Finding>& findings) {
  for (vault::Finding& finding : found) {
    const bool known =
        std::any_of(findings.begin(), findings.end(),
                    [&](const vault::Finding& other) { return other.fact == finding.fact; });
    if (!known) {
      findings.push_back(std::move(finding));
    }
  }
}

/// `deep`: nullptr if it was not one.
void report_verified(const vault::VerifyReport& report, const Tally& tally, const DeepReport* deep,
                     Output& output) {
  Json object{{"event", "verified"},
              {"authority", report.authority},
              {"sessions", report.sessions},
              {"packs", report.packs},
              {"files", report.files},
              {"files_now", report.files_now},
              {"files_before", report.files_before},
              {"files_left", report.files_left()},
              {"bytes", report.bytes},
              {"unsealed_packs", report.unsealed_packs},
              {"deep", deep != nullptr},
              {"findings", report.findings.size()},
              {"healed", tally.healed},
              {"repairable", tally.repairable},
              {"lost", deep == nullptr ? 0 : deep->lost}};
  if (!report.history.empty()) {
    put_name(object, "history", report.history);
    object["never"] = report.never;
    object["overdue"] = report.overdue;
  }
  if (report.countersigned) {
    object["countersigned"] = {{"session", report.countersigned->session},
                               {"verifier", report.countersigned->verifier.verifier.hex()},
                               {"time", report.countersigned->when.seconds}};
  }
  output.object(object);
  output.line(text("authority  {}", report.authority.empty() ? text("unknown") : report.authority));
  output.line(text("sessions   {}", report.sessions));
  report_coverage(report, output);
}

int verify(const VerifyOptions& options, Output& output) {
  std::optional<vault::RecoveryKey> key;
  vault::VerifySettings settings;
  settings.threads = Invocation::threads();
  settings.seconds = options.seconds;
  settings.is_resumed = options.resume;
  settings.history = choose_history(options, output);
  if (!options.medium.keys.empty()) {
    key = options.medium.recovery_key();
    settings.authority = key->authority().public_key();
  }
  const std::optional<vault::VerifierKey> verifier = verifier_key(options, key ? &*key : nullptr);
  const vault::NamedMedium named = options.medium.open_confined(settings.history);
  const vault::FolderMedium& medium = named.folder();
  vault::VerifyReport report = verify_sealed(medium, settings, output);
  if (key && report.sessions == 0) {
    vault::expect_key_of_site(*key, medium);
  }
  DeepReport deep;
  if (options.deep) {
    deep = verify_deep(medium, *key, output);
    add_new(std::move(deep.findings), report.findings);
  }
  for (const vault::Finding& finding : report.findings) {
    report_finding(finding, output);
  }
  const Tally tally = tally_of(report.findings);
  report_verified(report, tally, options.deep ? &deep : nullptr, output);
  const int code = deep.lost > 0 && tally.exit_code() == kDone ? exit_code_of(ErrorKind::damage)
                                                               : tally.exit_code();
  if (verifier && (code == kDone || code == kRepaired) && report.sessions > 0) {
    countersign(*verifier, deep.head, settings.history, output);
  } else if (verifier) {
    output.warn("not countersigned: something of it is lost, or there is nothing");
  }
  report_verdict(tally, code, report.files_left() == 0 ? Coverage::all : Coverage::part, output);
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
  CLI::Option* deep =
      command->add_flag("--deep", options->deep, "Also open and hash everything again")->needs(key);
  const std::map<std::string, double> units{{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
  command->add_option("--for", options->seconds, "Begin no more files after so long, like 2h")
      ->type_name("TIME")
      ->transform(
          CLI::AsNumberWithUnit(units, CLI::AsNumberWithUnit::UNIT_REQUIRED).description(""))
      ->check(CLI::Validator{CLI::NonNegativeNumber}.description(""))
      ->excludes(deep);
  CLI::Option* resume = command->add_flag("--resume", options->resume,
                                          "Only what the run before this did not find whole");
  command->add_option("--countersign", options->countersign, "Verifier key: sign that all is whole")
      ->type_name("FILE")
      ->needs(deep)
      ->excludes(resume);
  command->add_option("--history", options->history, "Folder for what was checked when")
      ->type_name("DIR");
  options->against.add_to(*command);
  command->callback([&invocation, options] {
    invocation.command = [&invocation, options] {
      return options->against.source
                 ? verify_against(options->medium, options->against, invocation.output)
                 : verify(*options, invocation.output);
    };
  });
}

}  // namespace azekura::cli
