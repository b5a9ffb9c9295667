#pragma once

#include "chunker/object_status.h"
#include "core/entry.h"

#include <compare>
#include <map>

namespace azekura::chunker {

/// Recognises the names of one file within one walk, and numbers such files by first visit.
///
/// Memory: a node for each file whose names have not all been seen.
class HardLinkTable {
 public:
  struct Visit {
    HardLink link;
    bool is_first = true;  ///< this name carries the content
  };

  /// Notes one name of an object with several. Requires: status.links > 1.
  Visit visit(const ObjectStatus& status);
  /// The name noted last for this object could not carry the content: the next one will.
  void forget(const FileState& state);

 private:
  /// Inode numbers are used again, even within a walk; birth times tell.
  struct Key {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    Timestamp born;

    auto operator<=>(const Key&) const = default;
  };
  struct Seen {
    std::uint64_t id = 0;
    std::uint32_t names = 0;
  };
  static Key key_of(const FileState& state) {
    return {.device = state.device, .inode = state.inode, .born = state.born};
  }

  std::map<Key, Seen> seen_;
  std::uint64_t next_id_ = 1;
};

}  // namespace azekura::chunker
