#pragma once

#include "core/observer.h"
#include "vault/vault.h"
#include "vault/vault_reader.h"

#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace azekura::vault {

/// What a verification looked at and found.
struct VerifyReport {
  std::string authority;  ///< fingerprint everything was checked against; empty if none is known
  std::uint32_t sessions = 0;
  std::uint32_t packs = 0;
  std::uint32_t unsealed_packs = 0;  ///< present, and no seal vouches for them: an unfinished write
  std::uint64_t bytes = 0;           ///< of packs read
  std::vector<Finding> findings;
};

/// Reads every byte of a medium from its device and checks every signature and hash, without any
/// key. Errors: MediumError if the medium is gone or none of ours; InterruptedError.
VerifyReport verify_medium(const FolderMedium& medium, std::optional<PublicSigningKey> authority,
                           unsigned threads, Observer& observer);

/// Opens everything with the recovery key: every block is decrypted, expanded and hashed again,
/// and contents are checked against the ids found.
class DeepVerifier {
 public:
  /// Lifetime: all outlive it.
  DeepVerifier(VaultReader& reader, unsigned threads, Observer& observer);

  /// Every block of every pack that counts; returns what is wrong.
  std::vector<Finding> verify_packs();

  /// What is wrong with a content: nullopt if all its chunks are intact and its digests match.
  /// Requires: verify_packs() ran.
  [[nodiscard]] std::optional<std::string> check_content(const Content& content);

 private:
  struct PackJob;
  /// A stretch of a pack's plain content that cannot be had.
  struct Gap {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
  };

  void open_blocks(PackJob& job) const;
  [[nodiscard]] std::optional<std::string> check_blocks(const Extent& extent) const;

  VaultReader& reader_;
  unsigned threads_;
  Observer& observer_;
  std::map<std::uint32_t, std::vector<Gap>> gaps_;
};

}  // namespace azekura::vault
