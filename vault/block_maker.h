#pragma once

#include "core/lost_bytes.h"
#include "core/observer.h"
#include "vault/vault_reader.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace azekura::vault {

/// Where plain bytes of a block came from: a part of a file that something else has.
struct ChunkOrigin {
  std::string holder;  ///< such as "medium 00112233...": it names nothing of the source
  std::string place;   ///< the folder it is in now
  std::string source;
  std::string path;          ///< raw
  std::uint64_t offset = 0;  ///< in that file
  std::uint64_t bytes = 0;
};

/// Finds bytes of chunks somewhere else than on the medium that has lost them.
class ChunkFinder {
 public:
  ChunkFinder() = default;
  ChunkFinder(const ChunkFinder&) = delete;
  ChunkFinder& operator=(const ChunkFinder&) = delete;
  virtual ~ChunkFinder() = default;

  /// What is lost: find() is called for chunks of these bytes, until the next call of this.
  virtual void seek(const LostBytes& lost) = 0;
  /// Calls `is_right` with bytes that may be the chunk of this length there, until it says yes.
  /// Returns where those came from; nullopt if there are none.
  virtual std::optional<ChunkOrigin> find(Position begin, std::uint32_t length,
                                          const std::function<bool(ByteView)>& is_right) = 0;
};

/// A block that was made again: bytes of its pack's file.
struct MadeBlock {
  std::uint32_t pack = 0;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  std::vector<ChunkOrigin> origins;  ///< of its plain bytes, in order
};

/// The blocks of a pack that do not open, rising. Errors: DamageError or AuthenticityError if the
/// pack itself does not; MediumError.
std::vector<std::uint32_t> lost_blocks(VaultReader& reader, std::uint32_t pack);
/// Adds the plain bytes of these blocks. Errors: as above.
void add_lost_bytes(VaultReader& reader, std::uint32_t pack, LostBytes& lost);

/// Makes lost blocks again from the plain bytes of their chunks: what is stored of a block follows
/// from them, the keys and the program that compressed it. Nothing that is made is believed here:
/// it goes to the reader's healer, where it counts if it has its leaf hash.
class BlockMaker {
 public:
  /// Lifetime: all outlive it.
  BlockMaker(VaultReader& reader, ChunkFinder& finder, Observer& observer)
      : reader_{reader}, finder_{finder}, observer_{observer} {}

  /// Looks for the chunks of all that is lost of these packs, as far as they open.
  void seek(std::span<const std::uint32_t> packs);
  /// Makes what it can of a pack's lost blocks. Requires: seek() had it.
  /// Errors: DamageError or AuthenticityError if the pack or its chunk table does not open;
  /// MediumError.
  std::vector<MadeBlock> make(std::uint32_t pack);

 private:
  /// The chunks of a block and where they came from; nullopt if one cannot be found.
  [[nodiscard]] std::optional<Buffer> find_plain(std::span<const ChunkRow> chunks, Hmac& hasher,
                                                 std::uint32_t pack,
                                                 std::vector<ChunkOrigin>& origins);

  VaultReader& reader_;
  ChunkFinder& finder_;
  Observer& observer_;
};

}  // namespace azekura::vault
