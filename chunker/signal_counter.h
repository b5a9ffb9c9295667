#pragma once

#include "chunker/extension_counter.h"
#include "chunker/scan_record.h"
#include "core/entry.h"
#include "core/signals.h"

#include <cstddef>
#include <optional>
#include <vector>

namespace azekura::chunker {

/// What a source had under a name when its directory was seen before.
struct Before {
  enum class Kind {
    unknown,
    nothing,  ///< no file with content
    content,
  };
  Kind kind = Kind::unknown;
  DigestPrefix content;  ///< only if it had one
};

/// Counts the signals of a tree, entry by entry. Memory: bounded, whatever the tree.
class SignalCounter {
 public:
  /// Contents that are compared for renames, of those that are new and of those that are gone:
  /// 16 MiB each.
  static constexpr std::size_t kContentsMax = std::size_t{1} << 20U;

  /// An entry of the snapshot.
  void add(const Entry& entry, const Before& before);
  /// A name that is gone, with the content it had, if it had one.
  void add_gone(const std::optional<DigestPrefix>& content);
  /// Of a part of the tree it is not known what it was before.
  void part_is_unknown() noexcept { changes_.is_partial = true; }

  /// `is_compared`: what was before is known at all. The last call.
  [[nodiscard]] TreeSignals take(bool is_compared);

 private:
  void note(std::vector<DigestPrefix>& contents, const DigestPrefix& content);

  TreeSignals tree_;
  ChangeSignals changes_;
  ExtensionCounter extensions_;
  ExtensionCounter changed_extensions_;
  std::vector<DigestPrefix> new_;
  std::vector<DigestPrefix> gone_;
};

}  // namespace azekura::chunker
