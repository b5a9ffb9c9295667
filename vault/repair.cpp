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
#include <map>

namespace azekura::vault {

namespace {

/// A header, manifest or seal, of which there are copies.
struct SessionObject {
  std::uint32_t session = 0;
  std::string_view object;
  Digest digest;
};

/// All of them by the names of their copies.
std::map<std::string, SessionObject> session_objects(const std::vector<SealedSession>& sessions) {
  std::map<std::string, SessionObject> objects;
  for (const SealedSession& session : sessions) {
    const std::uint32_t number = session.number();
    for (const SessionObject& object : {SessionObject{number, "header", session.seal.header},
                                        SessionObject{number, "manifest", session.seal.manifest},
                                        SessionObject{number, "seal", session.seal_digest}}) {
      for (const std::string_view folder : kSessionFolders) {
        objects.emplace(session_path(folder, number, object.object), object);
      }
    }
  }
  return objects;
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
                         begin + made.bytes, made.pack);
  }
  return lines +
         fmt::format("{} all other bytes from the file itself or its pack's others\n", when);
}

/// Errors: DamageError if the file cannot be made any more.
void write_healed(FolderMedium& medium, const HealableFile& file, Healer& healer) {
  bool is_made = false;
  try {
    file.append_to(medium, healed_path(file.name), [&](const auto& write) {
      file.stream_healed(healer, [&](ByteView bytes) {
        throw_if_interrupted();
        write(bytes);
      });
      is_made = true;
    });
  } catch (const DamageError& error) {
    if (!is_made) {
      throw;
    }
    MediumError failure{"medium \"{}\" does not give back what was written: {}",
                        printable(medium.path()), error.what()};
    failure.set_hint("restore what you need from it, and replace it");
    throw failure;
  }
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

/// Writes healed copies onto a medium.
class Repairer {
 public:
  explicit Repairer(FolderMedium& medium)
      : medium_{medium},
        vault_{medium, std::nullopt},
        sessions_{vault_.sessions()},
        healer_{medium, sessions_, known_},
        objects_{session_objects(sessions_)} {
    for (HealableFile& file : healable_files(sessions_, healer_)) {
      files_.emplace(file.name, std::move(file));
    }
  }

  /// What was written for a finding that has a remedy; nullopt if more was lost since it was found.
  std::optional<HealedFile> heal(const Finding& finding) {
    HealedFile healed{finding.file, finding.fact, finding.remedy};
    const bool is_healed =
        finding.remedy == Remedy::copy ? heal_by_copy(healed) : heal_by_parity(healed);
    return is_healed ? std::optional{std::move(healed)} : std::nullopt;
  }

 private:
  bool heal_by_copy(HealedFile& healed) {
    const auto object = objects_.find(healed.name);
    if (object == objects_.end()) {
      return false;
    }
    const SessionObject& wanted = object->second;
    const std::optional<Buffer> bytes =
        vault_.whole_copy(wanted.session, wanted.object, wanted.digest);
    if (bytes) {
      medium_.append(healed_path(healed.name), *bytes);
      healed.bytes = bytes->size();
    }
    return bytes.has_value();
  }

  bool heal_by_parity(HealedFile& healed) {
    const auto file = files_.find(healed.name);
    if (file == files_.end()) {
      return false;
    }
    try {
      write_healed(medium_, file->second, healer_);
    } catch (const DamageError&) {
      static_cast<void>(healer_.take_made());
      return false;
    }
    healed.bytes = file->second.bytes;
    healed.made = healer_.take_made();
    return true;
  }

  FolderMedium& medium_;
  Vault vault_;
  std::vector<SealedSession> sessions_;
  std::vector<Finding> known_;  ///< the verification found them, too
  Healer healer_;
  std::map<std::string, HealableFile> files_;
  std::map<std::string, SessionObject> objects_;
};

bool is_repairable(const Finding& finding) {
  return finding.remedy == Remedy::copy || finding.remedy == Remedy::parity;
}

}  // namespace

RepairReport repair_medium(FolderMedium& medium, unsigned threads, Observer& observer) {
  RepairReport report;
  report.found = verify_medium(medium, {std::nullopt, threads}, observer);
  std::vector<Finding>& findings = report.found.findings;
  if (std::none_of(findings.begin(), findings.end(), is_repairable)) {
    return report;
  }
  Repairer repairer{medium};
  medium.clear_unfinished();
  observer.phase("repairing", 0);
  const auto finish = [&] {
    if (!report.healed.empty()) {
      write_log(medium, report.healed);
    }
    medium.commit();
  };
  try {
    for (Finding& finding : findings) {
      if (!is_repairable(finding)) {
        continue;
      }
      std::optional<HealedFile> healed = repairer.heal(finding);
      finding.remedy = healed ? Remedy::healed : Remedy::none;
      if (healed) {
        report.healed.push_back(*std::move(healed));
      }
    }
  } catch (const Error&) {
    try {
      finish();
    } catch (const Error&) {  // the error that ended it is the one to be told
    }
    throw;
  }
  finish();
  return report;
}

}  // namespace azekura::vault
