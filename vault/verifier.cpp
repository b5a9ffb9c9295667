#include "vault/verifier.h"

#include "core/interrupt.h"
#include "core/limits.h"
#include "core/ordered_stage.h"
#include "vault/healable_file.h"

#include <algorithm>
#include <charconv>

namespace azekura::vault {

namespace {

constexpr std::size_t kJobsPerThread = 2;

std::uint32_t count_unsealed(const FolderMedium& medium,
                             const std::map<std::uint32_t, VouchedPack>& packs) {
  std::uint32_t unsealed = 0;
  for (const std::string& folder : medium.list("packs")) {
    for (const std::string& name : medium.list("packs/" + folder)) {
      std::uint32_t number = 0;
      const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number, 16);
      const bool is_vouched = error == std::errc{} && end == name.data() + name.size() &&
                              packs.contains(number) &&
                              pack_path(number) == fmt::format("packs/{}/{}", folder, name);
      unsealed += is_vouched ? 0 : 1;
    }
  }
  return unsealed;
}

/// Reads every file of the list and checks it; what is wrong goes to `findings`.
class FileVerifier {
 public:
  FileVerifier(const FolderMedium& medium, Healer& healer, Observer& observer)
      : medium_{medium}, healer_{healer}, observer_{observer} {}

  void verify(const std::vector<HealableFile>& files, unsigned threads, VerifyReport& report) {
    struct Job {
      const HealableFile* file = nullptr;
      std::optional<Finding> finding;
    };
    OrderedStage<Job> stage{threads, kJobsPerThread * threads,
                            [&](Job& job) {
                              throw_if_interrupted();
                              job.finding = problem_of(*job.file, job.file->name);
                            },
                            [&](Job&& job) {
                              report.bytes += job.file->bytes;
                              observer_.advanced(job.file->bytes);
                              if (job.finding) {
                                job.finding->remedy = remedy_of(*job.file);
                                job.finding->file = job.file->name;
                                report.findings.push_back(std::move(*job.finding));
                              }
                            }};
    for (const HealableFile& file : files) {
      stage.push({&file, std::nullopt});
    }
    stage.drain();
  }

 private:
  [[nodiscard]] std::optional<Finding> problem_of(const HealableFile& file,
                                                  const std::string& name) const {
    try {
      file.expect_whole([&](const auto& take) { medium_.stream(name, take); });
      return std::nullopt;
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::interrupted || error.kind() == ErrorKind::internal) {
        throw;
      }
      if (error.kind() == ErrorKind::medium) {
        static_cast<void>(medium_.list("."));  // throws if the whole medium is gone
      }
      // What the device refuses to give back is damage too.
      return Finding{
          error.kind() == ErrorKind::authenticity ? ErrorKind::authenticity : ErrorKind::damage,
          error.what()};
    }
  }

  /// Proven by doing it.
  [[nodiscard]] Remedy remedy_of(const HealableFile& file) const {
    if (!problem_of(file, healed_path(file.name))) {
      return Remedy::healed;
    }
    try {
      file.expect_whole([&](const auto& take) {
        file.stream_healed(healer_, [&](ByteView bytes) {
          throw_if_interrupted();
          take(bytes);
        });
      });
      return Remedy::parity;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::damage && error.kind() != ErrorKind::authenticity) {
        throw;
      }
      return Remedy::none;
    }
  }

  const FolderMedium& medium_;
  Healer& healer_;
  Observer& observer_;
};

}  // namespace

VerifyReport verify_medium(const FolderMedium& medium, std::optional<PublicSigningKey> authority,
                           unsigned threads, Observer& observer) {
  Vault vault{medium, authority};
  VerifyReport report;
  const std::vector<SealedSession> sessions = vault.sessions();
  report.findings = vault.findings();
  if (vault.authority()) {
    report.authority = authority_fingerprint(*vault.authority());
  }
  report.sessions = static_cast<std::uint32_t>(sessions.size());
  Healer healer{medium, sessions, report.findings};
  report.packs = static_cast<std::uint32_t>(healer.packs().size());
  report.unsealed_packs = count_unsealed(medium, healer.packs());

  const std::vector<HealableFile> files = healable_files(sessions, healer);
  std::uint64_t total = 0;
  for (const HealableFile& file : files) {
    total += file.bytes;
  }
  observer.phase("verifying", total);
  FileVerifier{medium, healer, observer}.verify(files, threads, report);
  return report;
}

struct DeepVerifier::PackJob {
  std::uint32_t number = 0;
  std::shared_ptr<PackReader> pack;
  std::vector<Gap> gaps;
  std::vector<Finding> findings;
};

DeepVerifier::DeepVerifier(VaultReader& reader, unsigned threads, Observer& observer)
    : reader_{reader}, threads_{threads}, observer_{observer} {}

void DeepVerifier::open_blocks(PackJob& job) const {
  const PackReader& pack = *job.pack;
  ChunkTable recorded;
  try {
    recorded = pack.chunk_table(
        reader_.slot(reader_.packs().at(job.number).session.number).set_keys.catalogue);
  } catch (const Error& error) {
    job.findings.push_back({ErrorKind::damage, error.what()});
  }
  for (std::uint32_t i = 0; i < pack.table().blocks.size(); ++i) {
    throw_if_interrupted();
    const BlockInfo& block = pack.table().blocks[i];
    try {
      const std::vector<ChunkId> ids = reader_.chunk_ids(pack, i, pack.open_block(i));
      for (std::uint32_t c = 0; c < ids.size() && !recorded.empty(); ++c) {
        const std::size_t row = std::size_t{block.first_chunk} + c;
        if (row >= recorded.size() || recorded[row].id != ids[c] ||
            recorded[row].length != pack.table().chunk_lengths[row]) {
          throw DamageError{"block {} of pack {:08x} is not what its chunk table says", i,
                            job.number};
        }
      }
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::interrupted || error.kind() == ErrorKind::internal) {
        throw;
      }
      job.gaps.push_back(
          {block.plain_offset, std::uint64_t{block.plain_offset} + block.plain_bytes});
      job.findings.push_back({ErrorKind::damage, error.what()});
    }
  }
}

std::vector<Finding> DeepVerifier::verify_packs() {
  std::vector<Finding> findings;
  std::uint64_t total = 0;
  for (const auto& [number, pack] : reader_.packs()) {
    total += pack.info.file_bytes;
  }
  observer_.phase("opening", total);
  OrderedStage<PackJob> stage{threads_, kJobsPerThread * threads_,
                              [&](PackJob& job) {
                                if (job.pack != nullptr) {
                                  open_blocks(job);
                                }
                              },
                              [&](PackJob&& job) {
                                std::move(job.findings.begin(), job.findings.end(),
                                          std::back_inserter(findings));
                                if (!job.gaps.empty()) {
                                  gaps_[job.number] = std::move(job.gaps);
                                }
                                observer_.advanced(reader_.packs().at(job.number).info.file_bytes);
                              }};
  for (const auto& [number, known] : reader_.packs()) {
    PackJob job;
    job.number = number;
    try {
      job.pack = reader_.pack(number);
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::medium) {
        throw;
      }
      job.gaps.push_back({0, limits::kPackPlainMax});
      job.findings.push_back({ErrorKind::damage, error.what()});
    }
    stage.push(std::move(job));
  }
  stage.drain();
  return findings;
}

/// What cannot be had of an extent, by the blocks that did not open.
std::optional<std::string> DeepVerifier::check_blocks(const Extent& extent) const {
  const std::uint32_t pack = extent.position.pack;
  if (!reader_.packs().contains(pack)) {
    return fmt::format("no seal vouches for pack {:08x}", pack);
  }
  const auto gaps = gaps_.find(pack);
  const std::uint64_t end = extent.position.byte + extent.length;
  const auto overlaps = [&](const Gap& gap) {
    return gap.begin < end && gap.end > extent.position.byte;
  };
  if (gaps != gaps_.end() && std::any_of(gaps->second.begin(), gaps->second.end(), overlaps)) {
    return fmt::format("pack {:08x} is damaged there", pack);
  }
  return std::nullopt;
}

std::optional<std::string> DeepVerifier::check_content(const Content& content) {
  try {
    const std::vector<Extent> extents = resolve_extents(reader_, content);
    for (const Extent& extent : extents) {
      if (extent.kind == ExtentKind::data) {
        if (std::optional<std::string> problem = check_blocks(extent)) {
          return problem;
        }
      }
    }
    return reader_.mismatch(content, extents);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::damage && error.kind() != ErrorKind::authenticity) {
      throw;
    }
    return error.what();
  }
}

}  // namespace azekura::vault
