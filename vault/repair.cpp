#include "vault/repair.h"

#include "core/clock.h"
#include "core/error.h"
#include "core/ids.h"
#include "core/interrupt.h"
#include "core/limits.h"
#include "core/text.h"
#include "vault/healable_file.h"
#include "vault/secret.h"

#include <algorithm>
#include <array>

namespace azekura::vault {

namespace {

/// The bytes that a damaged copy of a session's header, manifest or seal must have.
std::optional<Buffer> bytes_of_copy(const Vault& vault, const std::vector<SealedSession>& sessions,
                                    const std::string& name) {
  for (const SealedSession& session : sessions) {
    const std::array<std::pair<std::string_view, Digest>, 3> objects{
        {{"header", session.seal.header},
         {"manifest", session.seal.manifest},
         {"seal", session.seal_digest}}};
    for (const auto& [object, digest] : objects) {
      for (const std::string_view folder : kSessionFolders) {
        if (session_path(folder, session.number(), object) == name) {
          return vault.whole_copy(session.number(), object, digest);
        }
      }
    }
  }
  return std::nullopt;
}

/// Lines of the log: what of the file came from where.
std::string provenance(const HealedFile& file) {
  const std::string when = utc_time_text(wall_clock_now());
  std::string lines =
      fmt::format("{} {}: {}\n", when, healed_path(file.name), printable(file.fact));
  if (file.remedy == Remedy::copy) {
    return lines + fmt::format("{} all {} bytes from another copy\n", when, file.bytes);
  }
  for (const Healer::MadeLeaf& made : file.made) {
    const std::uint64_t begin = made.leaf * limits::kLeafBytes;
    lines += fmt::format("{} bytes {} to {} of pack {:08x} made from parity\n", when, begin,
                         begin + limits::kLeafBytes, made.pack);
  }
  return lines +
         fmt::format("{} all other bytes from the file itself or its pack's others\n", when);
}

void write_healed(FolderMedium& medium, const HealableFile& file, Healer& healer) {
  const std::unique_ptr<FileCheck> check = file.check();
  medium.append(
      healed_path(file.name), file.bytes,
      [&](const auto& write) {
        file.stream_healed(healer, [&](ByteView bytes) {
          throw_if_interrupted();
          write(bytes);
        });
      },
      [&](ByteView bytes) {
        if (bytes.empty()) {
          check->finish();
        }
        check->update(bytes);
      });
}

void write_log(FolderMedium& medium, const std::vector<HealedFile>& healed) {
  std::string text;
  for (const HealedFile& file : healed) {
    text += provenance(file);
  }
  std::array<std::byte, 8> name{};
  fill_random(name);
  medium.append("healed/log/" + to_hex(name) + ".txt", as_bytes(text));
}

}  // namespace

RepairReport repair_medium(FolderMedium& medium, std::optional<PublicSigningKey> authority,
                           unsigned threads, Observer& observer) {
  RepairReport report;
  report.found = verify_medium(medium, authority, threads, observer);
  std::vector<Finding>& findings = report.found.findings;
  const bool has_work = std::any_of(findings.begin(), findings.end(), [](const Finding& finding) {
    return finding.remedy == Remedy::copy || finding.remedy == Remedy::parity;
  });
  if (!has_work) {
    return report;
  }
  Vault vault{medium, authority};
  const std::vector<SealedSession> sessions = vault.sessions();
  std::vector<Finding> known;
  Healer healer{medium, sessions, known};
  const std::vector<HealableFile> files = healable_files(sessions, healer);
  medium.clear_unfinished();
  observer.phase("repairing", 0);
  for (Finding& finding : findings) {
    HealedFile healed{finding.file, finding.fact, finding.remedy};
    if (finding.remedy == Remedy::copy) {
      const std::optional<Buffer> bytes = bytes_of_copy(vault, sessions, finding.file);
      if (!bytes) {
        continue;
      }
      medium.append(healed_path(finding.file), *bytes);
      healed.bytes = bytes->size();
    } else if (finding.remedy == Remedy::parity) {
      const auto file = std::find_if(files.begin(), files.end(), [&](const HealableFile& one) {
        return one.name == finding.file;
      });
      AZK_CHECK(file != files.end());
      write_healed(medium, *file, healer);
      healed.bytes = file->bytes;
      healed.made = healer.take_made();
    } else {
      continue;
    }
    finding.remedy = Remedy::healed;
    report.healed.push_back(std::move(healed));
  }
  write_log(medium, report.healed);
  medium.commit();
  return report;
}

}  // namespace azekura::vault
