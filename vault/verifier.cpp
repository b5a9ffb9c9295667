#include "vault/verifier.h"

#include "core/interrupt.h"
#include "core/limits.h"
#include "core/ordered_stage.h"
#include "vault/pack_check.h"

#include <algorithm>
#include <charconv>

namespace azekura::vault {

namespace {

constexpr std::size_t kJobsPerThread = 2;

struct MediumPack {
  PackInfo info;
  SessionIdentity session;
};

/// Every pack a session that counts vouches for, and whose it is.
std::map<std::uint32_t, MediumPack> vouched_packs(const std::vector<SealedSession>& sessions,
                                                  std::vector<Finding>& findings) {
  std::map<std::uint32_t, SessionIdentity> identities;
  for (const SealedSession& session : sessions) {
    for (const KeySlot& slot : session.header.slots) {
      identities.try_emplace(slot.number, SessionIdentity{session.seal.identity.site, slot.set,
                                                          slot.session, slot.number});
    }
    identities[session.number()] = session.seal.identity;
  }
  std::map<std::uint32_t, MediumPack> packs;
  for (const SealedSession& session : sessions) {
    for (const PackInfo& pack : session.manifest.packs) {
      const auto known = packs.find(pack.number);
      if (known != packs.end() && known->second.info != pack) {
        findings.push_back(
            {ErrorKind::authenticity,
             fmt::format("session {} vouches for another pack {:08x} than session "
                         "{}",
                         session.number(), pack.number, known->second.info.session)});
        continue;
      }
      packs.try_emplace(pack.number, MediumPack{pack, identities[pack.session]});
    }
  }
  return packs;
}

std::uint32_t count_unsealed(const FolderMedium& medium,
                             const std::map<std::uint32_t, MediumPack>& packs) {
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
  const std::map<std::uint32_t, MediumPack> packs = vouched_packs(sessions, report.findings);
  report.packs = static_cast<std::uint32_t>(packs.size());
  report.unsealed_packs = count_unsealed(medium, packs);

  std::uint64_t total = 0;
  for (const auto& [number, pack] : packs) {
    total += pack.info.file_bytes;
  }
  observer.phase("verifying", total);
  struct Job {
    MediumPack pack;
    std::optional<Finding> finding;
  };
  OrderedStage<Job> stage{
      threads, kJobsPerThread * threads,
      [&](Job& job) {
        throw_if_interrupted();
        try {
          PackCheck check{job.pack.info, job.pack.session};
          medium.stream(pack_path(job.pack.info.number),
                        [&](ByteView bytes) { check.update(bytes); });
          check.finish();
        } catch (const Error& error) {
          if (error.kind() == ErrorKind::interrupted || error.kind() == ErrorKind::internal) {
            throw;
          }
          if (error.kind() == ErrorKind::medium) {
            static_cast<void>(medium.list("."));  // throws if the whole medium is gone
          }
          // What the device refuses to give back is damage too.
          job.finding = Finding{
              error.kind() == ErrorKind::authenticity ? ErrorKind::authenticity : ErrorKind::damage,
              error.what()};
        }
      },
      [&](Job&& job) {
        report.bytes += job.pack.info.file_bytes;
        observer.advanced(job.pack.info.file_bytes);
        if (job.finding) {
          report.findings.push_back(std::move(*job.finding));
        }
      }};
  for (const auto& [number, pack] : packs) {
    stage.push({pack, std::nullopt});
  }
  stage.drain();
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
    recorded =
        pack.chunk_table(reader_.slot(reader_.packs().at(job.number).session).set_keys.catalogue);
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
