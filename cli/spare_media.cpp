#include "cli/spare_media.h"

#include "chunker/file_cutters.h"
#include "cli/chunk_guess.h"
#include "cli/entry_text.h"
#include "cli/exit_code.h"
#include "cli/findings.h"
#include "core/interrupt.h"
#include "core/messages.h"
#include "core/text.h"
#include "core/tree_codec.h"
#include "restore/content_reader.h"
#include "restore/report.h"
#include "restore/tree_view.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace azekura::cli {

namespace {

const vault::OpenedSlot& slot_of(const vault::VaultReader& reader,
                                 const vault::StoredSnapshot& stored) {
  return reader.slot(stored.session);
}

}  // namespace

SpareMedia::SpareMedia(vault::VaultReader& reader, const vault::StoredSnapshot& stored,
                       OtherMedia& others)
    : reader_{reader},
      stored_{stored},
      others_{others},
      hasher_{slot_of(reader, stored).set_keys.chunk_hasher(slot_of(reader, stored).identity.set)} {
}

void SpareMedia::fetch(const std::string& path, std::uint64_t offset, const WantedExtent& wanted,
                       ExtentReceiver& receiver) {
  // A source that is a file, or what a command printed, has its bytes under no name.
  const bool is_root = stored_.snapshot.root.kind != EntryKind::directory;
  const std::string in_source = is_root ? std::string{} : path;
  std::uint64_t done = 0;
  for (const WantedExtent& chunk : chunks_of(in_source, offset, wanted)) {
    throw_if_interrupted();
    const std::optional<Buffer> bytes = find(in_source, offset + done, chunk);
    if (!bytes) {
      break;
    }
    receiver.bytes(0, done, *bytes);
    receiver.block_done();
    done += bytes->size();
  }
  if (done == wanted.length) {
    receiver.proven(0);
  } else {
    receiver.failed(0, DamageError{"no medium has bytes {}+{} of it", offset, wanted.length});
  }
}

std::vector<WantedExtent> SpareMedia::chunks_of(const std::string& path, std::uint64_t offset,
                                                const WantedExtent& extent) {
  std::vector<WantedExtent> chunks;
  try {
    chunks = reader_.chunks_of(extent);
  } catch (const Error& error) {
    if (!restore::concerns_one_item(error)) {
      throw;
    }
  }
  return chunks.empty() ? cut_elsewhere(path, offset, extent) : chunks;
}

std::vector<WantedExtent> SpareMedia::cut_elsewhere(const std::string& path, std::uint64_t offset,
                                                    const WantedExtent& extent) {
  const vault::OpenedSlot& slot = slot_of(reader_, stored_);
  const CutterKey key = slot.set_keys.cutter_key(slot.identity.set);
  const chunker::Cutter stream{key, chunker::kStreamTarget};
  chunker::FileCutters files{key};
  std::vector<WantedExtent> chunks;
  others_.visit_versions(
      stored_.snapshot.source.name, path, [&](const OtherMedia::Version& version) {
        const RangeReader read = [&](std::uint64_t from, std::uint32_t length) {
          return restore::read_range(version.reader, version.extents, from, length);
        };
        if (stored_.snapshot.source.kind == SourceKind::stream) {
          chunks = cut_again(extent, offset, read, stream, hasher_);
          return !chunks.empty();
        }
        const std::uint64_t size = covered_bytes(version.extents);
        const std::optional<Buffer> head =
            read(0, static_cast<std::uint32_t>(std::min<std::uint64_t>(size, chunker::kHeadBytes)));
        if (head) {
          chunks = cut_again(extent, offset, read, files.ends_for(size, *head), hasher_);
        }
        return !chunks.empty();
      });
  return chunks;
}

/// A chunk of the file, from the other media or, for it may be whole there, from this one.
std::optional<Buffer> SpareMedia::find(const std::string& path, std::uint64_t offset,
                                       const WantedExtent& chunk) {
  const auto is_right = [&](ByteView bytes) {
    return chunk_digest(bytes, hasher_) == chunk.digest;
  };
  if (auto found =
          others_.find(stored_.snapshot.source.name, path, offset, chunk.length, is_right)) {
    given_[path][found->folder] += chunk.length;
    return std::move(found->bytes);
  }
  const Extent own{ExtentKind::data, chunk.length, chunk.position, chunk.digest};
  return restore::read_range(reader_, {&own, 1}, 0, chunk.length);
}

std::uint64_t SpareMedia::report(Output& output) const {
  const std::string snapshot = stored_.name();
  for (const auto& [path, media] : given_) {
    for (const auto& [folder, bytes] : media) {
      Json object{{"event", "elsewhere"}, {"snapshot", snapshot}, {"bytes", bytes}};
      put_name(object, "path", path);
      put_name(object, "medium", folder);
      output.object(object);
      output.notice(text("{}:{}: {} bytes of it are from medium \"{}\"", snapshot, printable(path),
                         bytes, printable(folder)));
    }
  }
  return given_.size();
}

OtherMedia open_others(OpenMedium& open, const MediumOptions& options) {
  OtherMedia others{open.medium.folder()};
  for (vault::NamedMedium& other : std::exchange(open.others, {})) {
    others.add(std::move(other), options.recovery_key());
  }
  return others;
}

int write_file_to_stdout(const OpenMedium& open, const vault::StoredSnapshot& stored,
                         const std::string& path, OtherMedia& others,
                         const restore::SpillFile& spill, Output& output) {
  const Entry& root = stored.snapshot.root;
  const std::optional<Entry> entry = restore::find_entry(*open.reader, root, path);
  if (!entry || entry->kind != EntryKind::file) {
    throw UsageError{"there is no file \"{}\" in {}", printable(path), stored.name()};
  }
  std::optional<SpareMedia> spare;
  if (!others.empty()) {
    spare.emplace(*open.reader, stored, others);
  }
  const int code =
      write_entry_to_stdout(*open.reader, root, *entry, spill,
                            {spare ? &*spare : nullptr, restore::plain_path(path)}, output);
  return report_healing(open.reader->healer(),
                        report_others(others, spare ? spare->report(output) : 0, code, output),
                        output);
}

int report_others(const OtherMedia& others, std::uint64_t files, int code, Output& output) {
  warn_of_damaged(others, output);
  if (files == 0) {
    return code;
  }
  output.warn(
      text("{} files have bytes from other media, which the medium of --from has lost. Run "
           "'azekura repair --from MEDIUM --key FILE --with MEDIUM', and replace the medium soon",
           files));
  return code == kDone ? kRepaired : code;
}

}  // namespace azekura::cli
