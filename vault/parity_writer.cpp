#include "vault/parity_writer.h"

#include "core/error.h"
#include "core/file_io.h"
#include "core/interrupt.h"
#include "core/limits.h"
#include "vault/pack_format.h"
#include "vault/parity_code.h"
#include "vault/parity_file.h"
#include "vault/spool.h"

#include <fcntl.h>

#include <algorithm>

namespace azekura::vault {

namespace {

/// Neighbouring stripes made together: so many leaves lie side by side in each pack.
constexpr std::uint32_t kBatchStripes = 4;

/// Reads part of a finished pack. Errors: DamageError if it ends too early.
void read_spooled(const std::string& path, std::uint64_t offset, MutableBytes into) {
  const UniqueFd file = open_file(path, O_RDONLY | O_NOFOLLOW);
  if (read_some_at(file.get(), into, offset, path) != into.size()) {
    throw DamageError{"\"{}\" ends too early", path};
  }
}

/// Reads leaves of a row from `place` on; zeros where a leaf is short or the row has ended.
void read_leaves(const std::string& folder, const LeafRow& row, std::uint64_t place,
                 MutableBytes into) {
  while (!into.empty() && place < row.leaves()) {
    const LeafRow::Leaf leaf = row.at(place);
    const std::uint64_t offset = leaf.index * limits::kLeafBytes;
    const std::uint64_t in_pack = pack_data_bytes(leaf.pack.file_bytes) - offset;
    const std::size_t part = std::min<std::uint64_t>(in_pack, into.size());
    read_spooled(Spool::pack_path(folder, leaf.pack.number), offset, into.first(part));
    const std::uint64_t leaves = leaf_count(part);
    const std::size_t padded = leaves * limits::kLeafBytes;
    const MutableBytes rest = into.subspan(part, padded - part);
    std::fill(rest.begin(), rest.end(), std::byte{0});
    into = into.subspan(padded);
    place += leaves;
  }
  std::fill(into.begin(), into.end(), std::byte{0});
}

/// Makes the parity of neighbouring stripes: `count` leaves of file 0, then those of file 1, and so
/// on. `members` is kept for its memory.
Buffer make_parity(const std::string& folder, const LeafRow& row, std::uint32_t first,
                   std::uint32_t count, unsigned files, Buffer& members) {
  const auto width = static_cast<unsigned>(row.members());
  const std::size_t bytes = count * limits::kLeafBytes;
  members.resize(width * bytes);
  std::vector<ByteView> inputs;
  for (unsigned member = 0; member < width; ++member) {
    const MutableBytes into = MutableBytes{members}.subspan(member * bytes, bytes);
    read_leaves(folder, row, std::uint64_t{member} * row.stripes() + first, into);
    inputs.emplace_back(into);
  }
  Buffer parity(files * bytes);
  std::vector<MutableBytes> outputs;
  for (unsigned file = 0; file < files; ++file) {
    outputs.push_back(MutableBytes{parity}.subspan(file * bytes, bytes));
  }
  field_sums(parity_factors(files, width), inputs, outputs);
  return parity;
}

/// Calls `take` with the leaf hashes of each pack, row by row.
void read_pack_hashes(const std::string& folder, const ParityLayout& layout,
                      const std::function<void(ByteView)>& take) {
  for (const LeafRow& row : layout.rows) {
    for (const PackInfo& pack : row.packs()) {
      const std::uint64_t data_bytes = pack_data_bytes(pack.file_bytes);
      Buffer hashes(leaf_count(data_bytes) * Digest::kBytes);
      read_spooled(Spool::pack_path(folder, pack.number), data_bytes, hashes);
      take(hashes);
    }
  }
}

/// One parity file in the making.
struct ParityOutput {
  std::string path;
  UniqueFd file;
  LeafHasher leaves;
};

std::vector<ParityOutput> open_outputs(const std::string& folder, unsigned files) {
  make_directory(folder + "/parity");
  std::vector<ParityOutput> outputs;
  for (unsigned file = 0; file < files; ++file) {
    ParityOutput output;
    output.path = Spool::parity_path(folder, file);
    output.file = open_file(output.path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW);
    outputs.push_back(std::move(output));
  }
  return outputs;
}

void write_leaves(const std::string& folder, const ParityLayout& layout,
                  std::vector<ParityOutput>& outputs) {
  const auto files = static_cast<unsigned>(outputs.size());
  Buffer members;
  for (const LeafRow& row : layout.rows) {
    for (std::uint32_t first = 0; first < row.stripes(); first += kBatchStripes) {
      throw_if_interrupted();
      const std::uint32_t count = std::min(kBatchStripes, row.stripes() - first);
      const Buffer parity = make_parity(folder, row, first, count, files, members);
      const std::size_t bytes = count * limits::kLeafBytes;
      for (std::size_t file = 0; file < outputs.size(); ++file) {
        const ByteView made = ByteView{parity}.subspan(file * bytes, bytes);
        write_all(outputs[file].file.get(), made, outputs[file].path);
        outputs[file].leaves.update(made);
      }
    }
  }
}

}  // namespace

std::optional<ParityInfo> write_parity(const std::string& folder, const SessionIdentity& session,
                                       const std::vector<PackInfo>& own_packs,
                                       const std::vector<std::uint32_t>& tree_packs,
                                       const ParityShape& shape) {
  ParityInfo parity;
  parity.rows = choose_rows(shape, own_packs, tree_packs);
  if (parity.rows.empty()) {
    return std::nullopt;
  }
  const ParityLayout layout{parity, own_packs};
  std::vector<ParityOutput> outputs = open_outputs(folder, shape.files);
  write_leaves(folder, layout, outputs);

  Sha256 pack_hashes;
  read_pack_hashes(folder, layout, [&](ByteView hashes) { pack_hashes.update(hashes); });
  const Digest all_pack_hashes = pack_hashes.finish();
  ParityFileInfo info;
  info.session = session;
  info.count = static_cast<std::uint8_t>(outputs.size());
  info.stripes = layout.stripes();
  info.leaves = layout.leaves();
  for (ParityOutput& output : outputs) {
    const auto write = [&](ByteView bytes) { write_all(output.file.get(), bytes, output.path); };
    const Buffer own_hashes = output.leaves.finish();
    const Digest root = info.root(own_hashes, all_pack_hashes);
    write(own_hashes);
    read_pack_hashes(folder, layout, write);
    write(info.tail(root));
    sync_file(output.file.get(), output.path);
    output.file.close();
    parity.roots.push_back(root);
    ++info.index;
  }
  sync_directory(folder + "/parity");
  return parity;
}

}  // namespace azekura::vault
