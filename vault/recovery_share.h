#pragma once

#include "core/ids.h"
#include "vault/secret.h"
#include "vault/shamir.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace azekura::vault {

using ShareSetId = FixedId<struct ShareSetIdKind, 8>;             ///< random, one a split
using ShareCommitment = FixedId<struct ShareCommitmentKind, 16>;  ///< which secret was split

/// One share of a recovery key: a point and what says where it belongs.
struct RecoveryShare {
  SiteId site;
  ShareSetId set;
  unsigned threshold;
  unsigned count;
  ShareCommitment commitment;
  ShamirPoint point;
};

inline constexpr std::size_t kRecoverySecretBytes = 64;
inline constexpr unsigned kSharesMax = 16;
inline constexpr std::string_view kShareHeading = "azekura recovery share, version 1";

/// What to do when there are too few.
inline constexpr std::string_view kMoreSharesHint =
    "fetch more shares of this kit, and give all of them together";

/// Like "share 2 of 5, any 3 of which restore".
std::string share_name(const RecoveryShare& share);

/// What a site's recovery secret and authority seed, 64 bytes together, are split into.
/// Requires: 2 <= threshold <= count <= kSharesMax.
std::vector<RecoveryShare> split_recovery_secret(const SiteId& site, const Secret& secret,
                                                 unsigned threshold, unsigned count);

/// The secret that `shares` are shares of.
/// Errors: UsageError if they are too few, repeated, or of different splits.
Secret combine_recovery_shares(const std::vector<RecoveryShare>& shares);

/// The text form, docs/format.md section 12. The caller wipes it.
///
///     azekura recovery share, version 1
///     site       0123...              32 hex digits
///     share set  0123456789abcdef     the same on all shares of one split
///     share      2 of 5, any 3 restore
///     commitment 0123...              32 hex digits
///     data       XXXXX-XXXXX-...      x, threshold, count and the point, Crockford base32
std::string to_share_text(const RecoveryShare& share);
/// Errors: UsageError, naming the line and what is wrong with it, never the data.
RecoveryShare parse_share(std::string_view text);
/// nullopt if the file `path` is no share. Errors: those of parse_share; SystemError.
std::optional<RecoveryShare> load_share(const std::string& path);

}  // namespace azekura::vault
