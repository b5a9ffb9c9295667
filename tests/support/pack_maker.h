#pragma once

#include "tests/support/random_bytes.h"
#include "vault/pack_reader.h"
#include "vault/pack_writer.h"

#include <string>
#include <vector>

namespace azekura::tests {

/// Makes packs of one session whose keys and ids come from a seed.
class PackMaker {
 public:
  explicit PackMaker(std::uint64_t seed = 1, std::uint32_t session_number = 1);

  [[nodiscard]] const vault::SessionIdentity& session() const noexcept { return session_; }
  [[nodiscard]] const vault::SetKeys& set_keys() const noexcept { return set_keys_; }
  [[nodiscard]] vault::OpenedSlot slot() const;

  /// A block of chunks of these lengths with random bytes; `zeros` makes them compressible.
  [[nodiscard]] vault::PreparedBlock block(std::uint64_t seed,
                                           const std::vector<std::uint32_t>& lengths,
                                           bool zeros = false) const;
  [[nodiscard]] vault::PackWriter writer(const std::string& path, std::uint32_t number) const;
  /// Writes a pack of these blocks to `path`.
  vault::PackInfo write(const std::string& path, std::uint32_t number,
                        const std::vector<vault::PreparedBlock>& blocks,
                        Buffer* sealed_chunk_table = nullptr) const;
  [[nodiscard]] vault::PackReader open(const std::string& path, const vault::PackInfo& info) const;

 private:
  vault::SessionIdentity session_;
  vault::Secret session_key_;
  vault::SetKeys set_keys_;
};

/// PackCheck over a whole file.
void check_pack(ByteView bytes, const vault::PackInfo& info, const vault::SessionIdentity& session);

}  // namespace azekura::tests
