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
#include <optional>
#include <set>

namespace azekura::vault {

namespace {

/// Bytes of made blocks that wait in memory for others without which their packs are not whole.
constexpr std::uint64_t kWaitingBytesMax = 128 * kMiB;

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

/// What holds the chunks of a block, each once, in words that anybody may read.
std::string holders_of(const MadeBlock& block) {
  std::set<std::string> holders;
  for (const ChunkOrigin& origin : block.origins) {
    holders.insert(origin.holder);
  }
  std::string names;
  for (const std::string& holder : holders) {
    names += (names.empty() ? "" : ", ") + holder;
  }
  return names;
}

/// Lines of the log: what of the file came from where. No name of a source's file is among them:
/// a medium tells those to its key only.
std::string provenance(const HealedFile& file) {
  const std::string when = utc_time_text(wall_clock_now());
  std::string lines =
      fmt::format("{} {}: {}\n", when, healed_path(file.name), printable(file.fact));
  if (file.remedy == Remedy::copy) {
    return lines + text("{} all {} bytes from another copy\n", when, file.bytes);
  }
  for (const Healer::MadeLeaf& made : file.made) {
    const std::uint64_t begin = made.leaf * limits::kLeafBytes;
    lines +=
        text("{} bytes {} to {} of pack {:08x} made from {}\n", when, begin, begin + made.bytes,
             made.pack, in_language(made.is_offered ? "blocks that were sealed again" : "parity"));
  }
  for (const MadeBlock& block : file.blocks) {
    lines += text("{} bytes {} to {} of pack {:08x} sealed again from chunks of {}\n", when,
                  block.offset, block.offset + block.bytes, block.pack, holders_of(block));
  }
  return lines + text("{} all other bytes from the file itself or its pack's others\n", when);
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

bool is_repairable(const Finding& finding) {
  return finding.remedy == Remedy::copy || finding.remedy == Remedy::parity;
}

/// A pack or parity file that nothing on the medium brings back.
bool is_lost_file(const Finding& finding) {
  return finding.remedy == Remedy::none && !finding.file.empty();
}

std::optional<PublicSigningKey> authority_of(const ChunkSources* sources) {
  return sources != nullptr ? std::optional{sources->authority} : std::nullopt;
}

/// Writes healed copies onto a medium.
class Repairer {
 public:
  Repairer(FolderMedium& medium, Observer& observer, const ChunkSources* sources)
      : medium_{medium},
        observer_{observer},
        vault_{medium, authority_of(sources)},
        sessions_{vault_.sessions()},
        own_healer_{medium, sessions_, known_},
        healer_{sources != nullptr ? sources->reader.healer() : own_healer_},
        objects_{session_objects(sessions_)} {
    for (const auto& [number, pack] : healer_.packs()) {
      packs_.emplace(pack_path(number), number);
    }
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

  /// The pack of that file name; nullopt if it is none.
  [[nodiscard]] std::optional<std::uint32_t> pack_of(const std::string& name) const {
    const auto found = packs_.find(name);
    return found == packs_.end() ? std::nullopt : std::optional{found->second};
  }

  /// Heals what is lost with chunks from elsewhere, and with what parity makes of that then.
  void heal_from(const ChunkSources& sources, RepairReport& report) {
    BlockMaker maker{sources.reader, sources.finder, observer_};
    std::uint64_t waiting = 0;
    std::size_t healed = 0;
    do {
      waiting = healer_.offered_bytes();
      healed = report.healed.size();
      heal_round(maker, report);
    } while (report.healed.size() > healed || healer_.offered_bytes() > waiting);
    for (const Finding& finding : report.found.findings) {
      if (is_lost_file(finding)) {
        observer_.notice(text("{} is not healed: {}", finding.file, reasons_[finding.file]));
      }
    }
  }

 private:
  void heal_round(BlockMaker& maker, RepairReport& report) {
    std::vector<std::uint32_t> lost;
    for (const Finding& finding : report.found.findings) {
      const std::optional<std::uint32_t> pack = pack_of(finding.file);
      if (is_lost_file(finding) && pack) {
        lost.push_back(*pack);
      }
    }
    maker.seek(lost);
    for (Finding& finding : report.found.findings) {
      if (!is_lost_file(finding)) {
        continue;
      }
      HealedFile healed{finding.file, finding.fact, Remedy::parity};
      const std::optional<std::uint32_t> pack = pack_of(finding.file);
      if (pack) {
        make_blocks(maker, *pack);
      }
      if (can_be_made(finding.file) && heal_by_parity(healed)) {
        healed.blocks = pack ? blocks_[*pack] : std::vector<MadeBlock>{};
        finding.remedy = Remedy::healed;
        report.healed.push_back(std::move(healed));
      } else if (healer_.offered_bytes() <= kWaitingBytesMax) {
        continue;
      }
      if (pack) {
        blocks_.erase(*pack);
        healer_.withdraw(*pack);
      }
    }
  }

  void make_blocks(BlockMaker& maker, std::uint32_t pack) {
    try {
      std::vector<MadeBlock> made = maker.make(pack);
      std::move(made.begin(), made.end(), std::back_inserter(blocks_[pack]));
    } catch (const Error& error) {
      if (!error.is_about_stored_bytes()) {
        throw;
      }
      reasons_[pack_path(pack)] = error.what();
    }
  }

  /// As verifying found out what parity can make: by doing it.
  bool can_be_made(const std::string& name) {
    const auto file = files_.find(name);
    if (file == files_.end()) {
      return false;
    }
    try {
      file->second.expect_healed(healer_);
      static_cast<void>(healer_.take_made());
      return true;
    } catch (const DamageError& error) {
      static_cast<void>(healer_.take_made());
      reasons_.emplace(name, error.what());
      return false;
    }
  }

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
  Observer& observer_;
  Vault vault_;
  std::vector<SealedSession> sessions_;
  std::vector<Finding> known_;  ///< the verification found them, too
  Healer own_healer_;
  Healer& healer_;
  std::map<std::string, std::uint32_t> packs_;
  std::map<std::string, HealableFile> files_;
  std::map<std::string, SessionObject> objects_;
  std::map<std::uint32_t, std::vector<MadeBlock>> blocks_;  ///< made and waiting, by pack
  std::map<std::string, std::string> reasons_;              ///< why files are not healed
};

}  // namespace

RepairReport repair_medium(FolderMedium& medium, unsigned threads, Observer& observer,
                           const ChunkSources* sources) {
  RepairReport report;
  report.found = verify_medium(medium, {authority_of(sources), threads}, observer);
  std::vector<Finding>& findings = report.found.findings;
  if (std::none_of(findings.begin(), findings.end(), [](const Finding& finding) {
        return is_repairable(finding) || is_lost_file(finding);
      })) {
    return report;
  }
  Repairer repairer{medium, observer, sources};
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
    if (sources != nullptr) {
      repairer.heal_from(*sources, report);
    }
  } catch (const Error&) {
    try {
      finish();
    } catch (const Error&) {  // the error that ended it is the one to be told
    }
    throw;
  }
  finish();
  for (const Finding& finding : findings) {
    const std::optional<std::uint32_t> pack = repairer.pack_of(finding.file);
    if (pack && is_lost_file(finding)) {
      report.lost_packs.push_back(*pack);
    }
  }
  return report;
}

}  // namespace azekura::vault
