#include "vault/recovery_share.h"

#include "core/error.h"
#include "core/text.h"
#include "vault/hash.h"
#include "vault/key_file.h"
#include "vault/key_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace azekura::vault {

namespace {

constexpr std::string_view kCommitmentDomain = "azekura share commitment v1";
/// x, threshold and count before the point.
constexpr std::size_t kPrefixBytes = 3;
constexpr std::size_t kGroupWidth = 6;  // five characters and a '-'
constexpr std::size_t kGroupsPerLine = 8;

/// The secret is 64 random bytes, so that this tells nothing about it.
ShareCommitment commitment_to(const Secret& secret) {
  constexpr std::byte kSeparator{0};
  const Digest digest = Sha256{}
                            .update(as_bytes(kCommitmentDomain))
                            .update({&kSeparator, 1})
                            .update(secret.bytes())
                            .finish();
  return ShareCommitment::from_bytes(digest.bytes().first(ShareCommitment::kBytes));
}

unsigned number_of(const RecoveryShare& share) { return std::to_integer<unsigned>(share.point.x); }

std::string summary_of(const RecoveryShare& share) {
  return fmt::format("{} of {}, any {} restore", number_of(share), share.count, share.threshold);
}

bool is_sound(unsigned number, unsigned threshold, unsigned count) {
  return threshold >= 2 && threshold <= count && count <= kSharesMax && number >= 1 &&
         number <= count;
}

Secret data_of(const RecoveryShare& share) {
  Secret data{kPrefixBytes + kRecoverySecretBytes};
  const MutableBytes bytes = data.mutable_bytes();
  bytes[0] = share.point.x;
  bytes[1] = static_cast<std::byte>(share.threshold);
  bytes[2] = static_cast<std::byte>(share.count);
  std::ranges::copy(share.point.bytes.bytes(), bytes.subspan(kPrefixBytes).begin());
  return data;
}

void check_same_split(const RecoveryShare& first, const RecoveryShare& other) {
  if (other.site != first.site) {
    throw UsageError{"the shares are of different sites: {} and {}", first.site.hex(),
                     other.site.hex()};
  }
  if (other.set != first.set) {
    throw UsageError{"the shares are of different share sets: {} and {}", first.set.hex(),
                     other.set.hex()};
  }
  if (other.threshold != first.threshold || other.count != first.count ||
      other.commitment != first.commitment) {
    throw UsageError{"shares {} and {} of share set {} contradict each other", number_of(first),
                     number_of(other), first.set.hex()};
  }
}

UsageError too_few(UsageError error) {
  error.set_hint(kMoreSharesHint);
  return error;
}

/// The numbers of the shares, each once.
void check_numbers(const std::vector<RecoveryShare>& shares) {
  std::set<unsigned> numbers;
  std::set<unsigned> repeated;
  for (const RecoveryShare& share : shares) {
    if (!numbers.insert(number_of(share)).second) {
      repeated.insert(number_of(share));
    }
  }
  const unsigned threshold = shares.front().threshold;
  const std::size_t missing = threshold - std::min<std::size_t>(threshold, numbers.size());
  if (!repeated.empty()) {
    throw too_few(UsageError{"share {} was given more than once; {} more needed",
                             fmt::join(repeated, ", "), missing});
  }
  if (missing != 0) {
    throw too_few(UsageError{"{} of the {} shares needed were given (number {}); {} more needed",
                             numbers.size(), threshold, fmt::join(numbers, ", "), missing});
  }
}

}  // namespace

std::string share_name(const RecoveryShare& share) {
  return text("share {} of {}, any {} of which restore", number_of(share), share.count,
              share.threshold);
}

std::vector<RecoveryShare> split_recovery_secret(const SiteId& site, const Secret& secret,
                                                 unsigned threshold, unsigned count) {
  AZK_CHECK(secret.size() == kRecoverySecretBytes);
  AZK_CHECK(count <= kSharesMax);
  const auto set = random_id<ShareSetId>();
  const ShareCommitment commitment = commitment_to(secret);
  std::vector<RecoveryShare> shares;
  for (ShamirPoint& point : shamir_split(secret, threshold, count)) {
    shares.push_back({site, set, threshold, count, commitment, std::move(point)});
  }
  return shares;
}

Secret combine_recovery_shares(const std::vector<RecoveryShare>& shares) {
  if (shares.empty()) {
    throw UsageError{"no recovery share was given"};
  }
  const RecoveryShare& first = shares.front();
  for (const RecoveryShare& share : shares) {
    check_same_split(first, share);
  }
  check_numbers(shares);
  std::vector<ShamirPoint> points;
  for (const RecoveryShare& share : shares) {
    if (points.size() < first.threshold) {
      points.push_back({share.point.x, share.point.bytes.clone()});
    }
  }
  Secret secret = shamir_combine(points);
  if (commitment_to(secret) != first.commitment) {
    throw UsageError{"the shares of share set {} do not give its key back: one was altered",
                     first.set.hex()};
  }
  return secret;
}

std::string to_share_text(const RecoveryShare& share) {
  const std::string head =
      fmt::format("{}\nsite       {}\nshare set  {}\nshare      {}\n", kShareHeading,
                  share.site.hex(), share.set.hex(), summary_of(share));
  const std::string commitment = fmt::format("commitment {}\n", share.commitment.hex());
  const KeyText key{to_key_text(data_of(share).bytes())};
  const std::string& data = key.text;
  constexpr std::string_view kFirst = "data       ";
  constexpr std::string_view kFurther = "           ";
  constexpr std::size_t kWidth = kGroupsPerLine * kGroupWidth;
  std::string text;
  // Reserved at once, so that no shorter copy of the share stays behind.
  text.reserve(head.size() + commitment.size() + data.size() +
               (data.size() / kWidth + 1) * (kFirst.size() + 1));
  text.append(head).append(commitment);
  for (std::size_t at = 0; at < data.size(); at += kWidth) {
    text.append(at == 0 ? kFirst : kFurther);
    text.append(data, at, kWidth);
    if (text.back() == '-') {
      text.pop_back();
    }
    text.push_back('\n');
  }
  return text;
}

RecoveryShare parse_share(std::string_view text) {
  const KeyFile file{text, kShareHeading, {"site", "share set", "share", "commitment", "data"}};
  const Secret data = file.read("data", [](std::string_view value) {
    return from_key_text(value, kPrefixBytes + kRecoverySecretBytes);
  });
  const ByteView bytes = data.bytes();
  const auto threshold = std::to_integer<unsigned>(bytes[1]);
  const auto count = std::to_integer<unsigned>(bytes[2]);
  if (!is_sound(std::to_integer<unsigned>(bytes[0]), threshold, count)) {
    throw UsageError{"it says to be share {} of {}, any {} of which restore",
                     std::to_integer<unsigned>(bytes[0]), count, threshold};
  }
  RecoveryShare share{file.read("site", id_from_hex<SiteId>),
                      file.read("share set", id_from_hex<ShareSetId>),
                      threshold,
                      count,
                      file.read("commitment", id_from_hex<ShareCommitment>),
                      {bytes[0], Secret::copy_of(bytes.subspan(kPrefixBytes))}};
  file.read("share", [&](std::string_view value) {
    if (value != summary_of(share)) {
      throw UsageError{"the data is of share {}", summary_of(share)};
    }
  });
  return share;
}

std::optional<RecoveryShare> load_share(const std::string& path) {
  const KeyFileText text{path};
  if (!KeyFile::has_heading(text.view(), kShareHeading)) {
    return std::nullopt;
  }
  return while_doing([&] { return std::optional{parse_share(text.view())}; },
                     "reading the recovery share \"{}\"", printable(path));
}

}  // namespace azekura::vault
