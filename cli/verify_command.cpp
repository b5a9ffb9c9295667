#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/medium_access.h"
#include "core/text.h"
#include "core/tree_codec.h"
#include "restore/tree_view.h"
#include "vault/hash.h"
#include "vault/verifier.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <memory>
#include <set>

namespace azekura::cli {

namespace {

struct VerifyOptions {
  MediumOptions medium;
  bool deep = false;
};

/// The gravest finding decides: authenticity before damage.
int exit_code_of_findings(const std::vector<vault::Finding>& findings) {
  const bool forged = std::any_of(findings.begin(), findings.end(), [](const auto& finding) {
    return finding.kind == ErrorKind::authenticity;
  });
  return forged             ? exit_code_of(ErrorKind::authenticity)
         : findings.empty() ? kDone
                            : exit_code_of(ErrorKind::damage);
}

void report_finding(const vault::Finding& finding, Output& output) {
  output.object({{"event", "finding"},
                 {"kind", finding.kind == ErrorKind::authenticity ? "authenticity" : "damage"},
                 {"fact", finding.fact}});
  output.line(fmt::format("{}: {}",
                          finding.kind == ErrorKind::authenticity ? "NOT AUTHENTIC" : "DAMAGE",
                          printable(finding.fact)));
}

/// Checks every content of a snapshot's tree; names what cannot be had whole.
class TreeCheck {
 public:
  TreeCheck(vault::DeepVerifier& verifier, vault::VaultReader& reader, Output& output)
      : verifier_{verifier}, reader_{reader}, output_{output} {}

  void check(const vault::StoredSnapshot& stored) {
    links_.clear();
    has_skipped_ = false;
    restore::TreeWalk walk{reader_, stored.snapshot.root};
    while (true) {
      try {
        if (!walk.next()) {
          return;
        }
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::damage && error.kind() != ErrorKind::authenticity) {
          throw;
        }
        report(stored, walk.path(), error.what());
        continue;
      }
      const Entry& entry = walk.entry();
      check_link(stored, walk.path(), entry);
      if (!entry.content) {
        continue;
      }
      // Unchanged contents of many snapshots are one: checked once while all is intact. Once
      // something is lost, every snapshot is walked whole to name it in each.
      ByteWriter encoded;
      encode_content(encoded, *entry.content);
      const bool is_new = intact_.insert(vault::sha256(encoded.view())).second;
      if (!is_new && lost_ == 0) {
        if (entry.kind == EntryKind::directory) {
          has_skipped_ = true;
          walk.skip();
        }
        continue;
      }
      if (const std::optional<std::string> problem = verifier_.check_content(*entry.content)) {
        report(stored, walk.path(), *problem);
      }
    }
  }

  [[nodiscard]] std::uint64_t lost() const noexcept { return lost_; }

 private:
  /// The first name of a file has its content, further ones have none. docs/format.md, section 10.
  void check_link(const vault::StoredSnapshot& stored, const std::string& path,
                  const Entry& entry) {
    if (entry.kind != EntryKind::file || !entry.hard_link) {
      return;
    }
    const bool is_first = links_.insert(entry.hard_link->id).second;
    if (is_first && !entry.content && entry.flaw == EntryFlaw::none && !has_skipped_) {
      report(stored, path, "the first name of a file has no content");
    } else if (!is_first && entry.content) {
      report(stored, path, "a further name of a file has content of its own");
    }
  }

  void report(const vault::StoredSnapshot& stored, const std::string& path,
              std::string_view problem) {
    ++lost_;
    Json object{{"event", "lost"}, {"snapshot", stored.name()}, {"reason", problem}};
    put_name(object, "path", path);
    output_.object(object);
    output_.line(fmt::format("LOST {}:{}: {}", stored.name(), printable(path), printable(problem)));
  }

  vault::DeepVerifier& verifier_;
  vault::VaultReader& reader_;
  Output& output_;
  std::set<Digest> intact_;        ///< of encoded contents
  std::set<std::uint64_t> links_;  ///< ids met in this snapshot
  bool has_skipped_ = false;       ///< a first name may lie in what was checked before
  std::uint64_t lost_ = 0;
};

std::vector<vault::Finding> verify_deep(const VerifyOptions& options, std::uint64_t& lost,
                                        Output& output) {
  const vault::RecoveryKey key = options.medium.recovery_key();
  const vault::FolderMedium medium{options.medium.from, vault::Access::read};
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
  std::optional<vault::PublicSigningKey> authority;
  if (!options.medium.keys.empty()) {
    authority = options.medium.recovery_key().authority().public_key();
  }
  vault::VerifyReport report;
  {
    const vault::FolderMedium medium{options.medium.from, vault::Access::read};
    report = vault::verify_medium(medium, authority, Invocation::threads(), output);
  }
  std::uint64_t lost = 0;
  if (options.deep) {
    for (vault::Finding& finding : verify_deep(options, lost, output)) {
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
  output.object({{"event", "verified"},
                 {"authority", report.authority},
                 {"sessions", report.sessions},
                 {"packs", report.packs},
                 {"bytes", report.bytes},
                 {"unsealed_packs", report.unsealed_packs},
                 {"deep", options.deep},
                 {"findings", report.findings.size()},
                 {"lost", lost}});
  output.line(
      fmt::format("authority  {}", report.authority.empty() ? "unknown" : report.authority));
  output.line(fmt::format("sessions   {}", report.sessions));
  output.line(fmt::format("packs      {}, {}", report.packs, human_bytes(report.bytes)));
  if (report.unsealed_packs > 0) {
    output.line(
        fmt::format("unsealed   {} packs of a write that did not finish", report.unsealed_packs));
  }
  const int code = lost > 0 && report.findings.empty() ? exit_code_of(ErrorKind::damage)
                                                       : exit_code_of_findings(report.findings);
  output.line(code == kDone ? "every byte and every signature is as it was written"
                            : "the medium is NOT as it was written");
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
