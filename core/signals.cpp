#include "core/signals.h"

#include <algorithm>

namespace azekura {

namespace {

constexpr std::uint8_t kHasTree = 1;
constexpr std::uint8_t kHasChanges = 2;
constexpr std::uint8_t kPartial = 4;
constexpr std::uint8_t kRenamesBounded = 8;
constexpr std::uint8_t kExtensionsBounded = 16;
constexpr std::uint8_t kAllFlags = 31;

char lower(char letter) noexcept {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

std::uint8_t flags_of(const Signals& signals) {
  if (!signals.tree) {
    return 0;
  }
  unsigned flags = kHasTree;
  flags |= signals.tree->is_bounded ? kExtensionsBounded : 0U;
  if (const std::optional<ChangeSignals>& changes = signals.tree->changes) {
    flags |= kHasChanges;
    flags |= changes->is_partial ? kPartial : 0U;
    flags |= changes->is_bounded ? kRenamesBounded : 0U;
  }
  return static_cast<std::uint8_t>(flags);
}

void encode_extensions(ByteWriter& out, const std::vector<ExtensionCount>& extensions) {
  out.u8(static_cast<std::uint8_t>(extensions.size()));
  for (const ExtensionCount& one : extensions) {
    out.short_bytes(as_bytes(one.extension)).u64(one.files);
  }
}

bool is_extension(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char letter) {
    return letter != '.' && letter != '/' && letter != '\0' && letter == lower(letter);
  });
}

/// Of `files` files.
std::vector<ExtensionCount> decode_extensions(ByteReader& in, std::uint64_t files) {
  const std::uint8_t count = in.u8();
  if (count > kExtensionsMax) {
    in.fail("too many extensions");
  }
  std::vector<ExtensionCount> extensions;
  for (std::uint8_t i = 0; i < count; ++i) {
    ExtensionCount one;
    one.extension = in.short_text(kExtensionBytesMax);
    one.files = in.u64();
    const bool is_repeated =
        std::any_of(extensions.begin(), extensions.end(),
                    [&](const ExtensionCount& other) { return other.extension == one.extension; });
    if (!is_extension(one.extension) || is_repeated ||
        (i > 0 && !comes_before(extensions.back(), one))) {
      in.fail("an extension that is none, or is not in its place");
    }
    if (one.files == 0 || one.files > files) {
      in.fail("extensions of more files than there are, or of none");
    }
    files -= one.files;
    extensions.push_back(std::move(one));
  }
  return extensions;
}

ChangeSignals decode_changes(ByteReader& in, const TreeSignals& tree) {
  ChangeSignals changes;
  changes.files = in.u64();
  changes.bytes = in.u64();
  changes.gone = in.u64();
  changes.renamed = in.u64();
  if (changes.files > tree.files || changes.bytes > tree.bytes || changes.renamed > changes.gone ||
      changes.renamed > changes.files) {
    in.fail("more changed than there is");
  }
  changes.extensions = decode_extensions(in, changes.files);
  return changes;
}

}  // namespace

std::string extension_of(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || dot == 0) {
    return {};
  }
  std::string extension{name.substr(dot + 1, kExtensionBytesMax)};
  std::transform(extension.begin(), extension.end(), extension.begin(), lower);
  return extension;
}

bool comes_before(const ExtensionCount& left, const ExtensionCount& right) noexcept {
  return left.files != right.files ? left.files > right.files : left.extension < right.extension;
}

void encode_signals(ByteWriter& out, const Signals& signals) {
  out.u8(flags_of(signals));
  const ChunkSignals& chunks = signals.chunks;
  out.u64(chunks.chunks).u64(chunks.bytes).u64(chunks.new_chunks).u64(chunks.new_bytes);
  out.u64(chunks.stored_bytes);
  if (!signals.tree) {
    return;
  }
  out.u64(signals.tree->files).u64(signals.tree->bytes);
  encode_extensions(out, signals.tree->extensions);
  if (const std::optional<ChangeSignals>& changes = signals.tree->changes) {
    out.u64(changes->files).u64(changes->bytes).u64(changes->gone).u64(changes->renamed);
    encode_extensions(out, changes->extensions);
  }
}

Signals decode_signals(ByteReader& in) {
  const std::uint8_t flags = in.u8();
  const auto has = [flags](std::uint8_t flag) { return (flags & flag) != 0; };
  if (flags > kAllFlags || (!has(kHasTree) && flags != 0) ||
      (!has(kHasChanges) && (has(kPartial) || has(kRenamesBounded)))) {
    in.fail("signals of an impossible kind");
  }
  Signals signals;
  ChunkSignals& chunks = signals.chunks;
  chunks.chunks = in.u64();
  chunks.bytes = in.u64();
  chunks.new_chunks = in.u64();
  chunks.new_bytes = in.u64();
  chunks.stored_bytes = in.u64();
  if (chunks.new_chunks > chunks.chunks || chunks.new_bytes > chunks.bytes) {
    in.fail("more chunks new than cut");
  }
  if (!has(kHasTree)) {
    return signals;
  }
  TreeSignals& tree = signals.tree.emplace();
  tree.is_bounded = has(kExtensionsBounded);
  tree.files = in.u64();
  tree.bytes = in.u64();
  tree.extensions = decode_extensions(in, tree.files);
  if (has(kHasChanges)) {
    ChangeSignals changes = decode_changes(in, tree);
    changes.is_partial = has(kPartial);
    changes.is_bounded = has(kRenamesBounded);
    tree.changes = std::move(changes);
  }
  return signals;
}

}  // namespace azekura
