#pragma once

#include "core/observer.h"
#include "vault/countersignature.h"
#include "vault/vault.h"
#include "vault/vault_reader.h"

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

namespace azekura::vault {

/// Files that were not found whole for so long are overdue.
inline constexpr int kOverdueDays = 90;

struct VerifySettings {
  std::optional<PublicSigningKey> authority;  ///< as for Vault
  unsigned threads = 1;
  std::string history = {};            ///< folder of histories; empty: none is kept
  std::optional<double> seconds = {};  ///< no file is begun after so long
  bool is_resumed = false;             ///< only what the run before had not found whole
};

/// What a verification looked at and found.
struct VerifyReport {
  std::string authority;  ///< fingerprint everything was checked against; empty if none is known
  std::uint32_t sessions = 0;
  std::uint32_t packs = 0;
  std::uint32_t unsealed_packs = 0;  ///< present, and no seal vouches for them: an unfinished write
  std::uint64_t files = 0;           ///< packs and parity files that are to be checked
  std::uint64_t files_now = 0;       ///< of them, checked in this run
  std::uint64_t files_before = 0;    ///< found whole by the run that this one resumes
  std::uint64_t bytes = 0;           ///< of the files checked in this run
  std::string history;               ///< the file; empty if none is kept
  std::uint64_t never = 0;           ///< files that it has never seen whole
  std::uint64_t overdue = 0;         ///< files last seen whole more than kOverdueDays ago
  Timestamp oldest;                  ///< when one was that is overdue longest
  /// What a verifier said last of this medium.
  std::optional<Countersignature> countersigned;
  std::vector<Finding> findings;

  [[nodiscard]] std::uint64_t files_left() const noexcept {
    return files - files_before - files_now;
  }
};

/// Reads every byte of a medium from its device and checks every signature and hash, without any
/// key; what was found whole longest ago goes first.
/// Errors: MediumError if the medium is gone or none of ours; BusyError if another run has its
/// history; InterruptedError.
VerifyReport verify_medium(const FolderMedium& medium, const VerifySettings& settings,
                           Observer& observer);

/// Opens everything with the recovery key: every block is decrypted, expanded and hashed again,
/// and contents are checked against the ids found.
class DeepVerifier {
 public:
  /// Lifetime: all outlive it.
  DeepVerifier(VaultReader& reader, unsigned threads, Observer& observer);

  /// Every block of every pack that counts; returns what is wrong.
  std::vector<Finding> verify_packs();

  /// What is wrong with a content, and with which packs.
  struct Problem {
    std::string fact;
    std::set<std::uint32_t> packs = {};  ///< that it needs and that are damaged where it does
  };
  /// nullopt if all its chunks are intact and its digests match. Requires: verify_packs() ran.
  [[nodiscard]] std::optional<Problem> check_content(const Content& content);

 private:
  struct PackJob;
  /// A stretch of a pack's plain content that cannot be had.
  struct Gap {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
  };

  void open_blocks(PackJob& job) const;
  [[nodiscard]] std::optional<std::string> check_blocks(const Extent& extent) const;
  [[nodiscard]] std::optional<Problem> check_blocks(std::span<const Extent> extents) const;

  VaultReader& reader_;
  unsigned threads_;
  Observer& observer_;
  std::map<std::uint32_t, std::vector<Gap>> gaps_;
};

}  // namespace azekura::vault
