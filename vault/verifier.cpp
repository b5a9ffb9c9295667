#include "vault/verifier.h"

#include "core/clock.h"
#include "core/error.h"
#include "core/interrupt.h"
#include "core/limits.h"
#include "core/ordered_stage.h"
#include "vault/file_verifier.h"
#include "vault/verify_history.h"

#include <algorithm>
#include <charconv>

namespace azekura::vault {

namespace {

constexpr std::size_t kJobsPerThread = 2;
/// How long a medium may go unchecked: the interval for disks and powered flash.
constexpr std::int64_t kOverdueSeconds = std::int64_t{kOverdueDays} * 24 * 60 * 60;

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

/// nullptr if none is wanted or none can be kept: what is checked is worth more than the record.
std::unique_ptr<VerifyHistory> open_history(const Vault& vault,
                                            const std::vector<SealedSession>& sessions,
                                            const std::string& folder, Observer& observer) {
  if (folder.empty() || (!vault.label() && sessions.empty())) {
    return nullptr;
  }
  try {
    return std::make_unique<VerifyHistory>(
        folder, vault.label() ? vault.label()->medium : sessions.front().seal.medium);
  } catch (const BusyError&) {
    throw;
  } catch (const Error& error) {
    observer.notice(text("no history of this verification is kept: {}", error.one_line()));
    return nullptr;
  }
}

/// The files in the order they are to be checked: what was found whole longest ago goes first, what
/// never was before that. A resumed run has those no more that it found whole before.
std::vector<const HealableFile*> order_of(const std::vector<HealableFile>& files,
                                          const VerifyHistory* history, bool is_resumed) {
  std::vector<std::pair<std::uint64_t, const HealableFile*>> ordered;
  for (const HealableFile& file : files) {
    if (history == nullptr) {
      ordered.emplace_back(0, &file);
    } else if (!is_resumed || !history->is_done(file)) {
      const std::optional<VerifyHistory::Check> check = history->last_whole(file);
      ordered.emplace_back(check ? check->line : 0, &file);
    }
  }
  std::stable_sort(ordered.begin(), ordered.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<const HealableFile*> order;
  std::transform(ordered.begin(), ordered.end(), std::back_inserter(order),
                 [](const auto& one) { return one.second; });
  return order;
}

/// What of the files was not found whole for too long, or never.
void judge_age(const std::vector<HealableFile>& files, const VerifyHistory& history,
               VerifyReport& report) {
  const std::int64_t now = wall_clock_now().seconds;
  for (const HealableFile& file : files) {
    const std::optional<VerifyHistory::Check> check = history.last_whole(file);
    if (!check) {
      ++report.never;
    } else if (now - check->when.seconds > kOverdueSeconds) {
      report.oldest = report.overdue == 0 ? check->when : std::min(report.oldest, check->when);
      ++report.overdue;
    }
  }
}

std::optional<Countersignature> newest_countersignature(const FolderMedium& medium,
                                                        const std::vector<SealedSession>& sessions,
                                                        const PublicSigningKey& authority,
                                                        Observer& observer) {
  std::vector<std::string> problems;
  const std::vector<Countersignature> counting =
      countersignatures_on(medium, sessions, authority, problems);
  for (const std::string& problem : problems) {
    observer.notice(problem);
  }
  return counting.empty() ? std::nullopt : std::optional{counting.back()};
}

std::uint64_t sum_of_bytes(const std::vector<const HealableFile*>& files) {
  std::uint64_t sum = 0;
  for (const HealableFile* const file : files) {
    sum += file->bytes;
  }
  return sum;
}

}  // namespace

VerifyReport verify_medium(const FolderMedium& medium, const VerifySettings& settings,
                           Observer& observer) {
  const double begun = steady_seconds();
  Vault vault{medium, settings.authority};
  VerifyReport report;
  const std::vector<SealedSession> sessions = vault.sessions();
  report.findings = vault.findings();
  if (vault.authority()) {
    report.authority = authority_fingerprint(*vault.authority());
  }
  if (vault.authority()) {
    report.countersigned = newest_countersignature(medium, sessions, *vault.authority(), observer);
  }
  report.sessions = static_cast<std::uint32_t>(sessions.size());
  Healer healer{medium, sessions, report.findings};
  report.packs = static_cast<std::uint32_t>(healer.packs().size());
  report.unsealed_packs = count_unsealed(medium, healer.packs());

  const std::vector<HealableFile> files = healable_files(sessions, healer);
  const std::unique_ptr<VerifyHistory> history =
      open_history(vault, sessions, settings.history, observer);
  const std::vector<const HealableFile*> order =
      order_of(files, history.get(), settings.is_resumed);
  report.files = files.size();
  report.files_before = files.size() - order.size();
  if (history) {
    report.history = history->path();
    history->begin(medium.device(), settings.is_resumed);
  }
  observer.phase("verifying", sum_of_bytes(order));
  {
    FileVerifier verifier{medium, healer, settings.threads, observer,
                          [&](const HealableFile& file, std::optional<Finding> finding) {
                            if (history) {
                              history->add(file, finding);
                            }
                            ++report.files_now;
                            report.bytes += file.bytes;
                            if (finding) {
                              report.findings.push_back(std::move(*finding));
                            }
                          }};
    for (const HealableFile* const file : order) {
      if (settings.seconds && steady_seconds() - begun >= *settings.seconds) {
        break;
      }
      verifier.push(*file);
    }
    verifier.drain();
  }
  if (history) {
    history->end(report.files_left());
    judge_age(files, *history, report);
  }
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
    return text("no seal vouches for pack {:08x}", pack);
  }
  const auto gaps = gaps_.find(pack);
  const std::uint64_t end = extent.position.byte + extent.length;
  const auto overlaps = [&](const Gap& gap) {
    return gap.begin < end && gap.end > extent.position.byte;
  };
  if (gaps != gaps_.end() && std::any_of(gaps->second.begin(), gaps->second.end(), overlaps)) {
    return text("pack {:08x} is damaged there", pack);
  }
  return std::nullopt;
}

std::optional<DeepVerifier::Problem> DeepVerifier::check_blocks(
    std::span<const Extent> extents) const {
  std::optional<Problem> problem;
  for (const Extent& extent : extents) {
    if (extent.kind != ExtentKind::data) {
      continue;
    }
    if (std::optional<std::string> fact = check_blocks(extent)) {
      problem = problem ? std::move(problem) : Problem{std::move(*fact)};
      problem->packs.insert(extent.position.pack);
    }
  }
  return problem;
}

std::optional<DeepVerifier::Problem> DeepVerifier::check_content(const Content& content) {
  try {
    // Its own extents may be those of a list, which is needed first.
    if (std::optional<Problem> problem = check_blocks(content.extents)) {
      return problem;
    }
    const std::vector<Extent> extents = resolve_extents(reader_, content);
    if (std::optional<Problem> problem = check_blocks(extents)) {
      return problem;
    }
    if (std::optional<std::string> fact = reader_.mismatch(content, extents)) {
      return Problem{std::move(*fact)};
    }
    return std::nullopt;
  } catch (const Error& error) {
    if (!error.is_about_stored_bytes()) {
      throw;
    }
    return Problem{error.what()};
  }
}

}  // namespace azekura::vault
