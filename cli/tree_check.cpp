#include "cli/tree_check.h"

#include "core/interrupt.h"
#include "core/tree_codec.h"
#include "vault/hash.h"

namespace azekura::cli {

namespace {

/// Items named as lost, of all snapshots. A hostile one repeats a directory for ever.
constexpr std::uint64_t kNamedMax = 100'000;

Digest digest_of(const Content& content) {
  ByteWriter encoded;
  encode_content(encoded, content);
  return vault::sha256(encoded.view());
}

/// The first name of a file has its content, further ones have none (docs/format.md, section 10).
/// `met`: ids of the files whose first name came by. nullptr if all is well.
const char* link_problem(const Entry& entry, std::set<std::uint64_t>& met) {
  if (entry.kind != EntryKind::file || !entry.hard_link) {
    return nullptr;
  }
  const bool is_first = met.insert(entry.hard_link->id).second;
  if (is_first && !entry.content && entry.flaw == EntryFlaw::none) {
    return "the first name of a file has no content";
  }
  return !is_first && entry.content ? "a further name of a file has content of its own" : nullptr;
}

}  // namespace

void TreeCheck::check(const vault::StoredSnapshot& stored) {
  // Once something is lost, every snapshot is walked whole, to name it in each.
  if (walk(stored, lost_ == 0 ? Shared::skipped : Shared::entered) == Walked::links_in_doubt) {
    walk(stored, Shared::entered);
  }
}

TreeCheck::Walked TreeCheck::walk(const vault::StoredSnapshot& stored, Shared shared) {
  std::set<std::uint64_t> links;  // ids met
  WalkedDirectories directories;
  bool has_skipped = false;
  restore::TreeWalk tree{reader_, stored.snapshot.root};
  while (advance(stored, tree)) {
    const Entry& entry = tree.entry();
    directories.leave(tree.depth(), lost_);
    if (const char* const problem = link_problem(entry, links)) {
      if (has_skipped && !entry.content) {
        return Walked::links_in_doubt;
      }
      report(stored, tree.path(), {problem});
    }
    if (!entry.content) {
      continue;
    }
    const Digest encoded = digest_of(*entry.content);
    const bool is_known = was_intact(stored, tree, encoded);
    if (entry.kind != EntryKind::directory) {
      if (entry.hard_link) {
        directories.note_first_name();
      }
    } else if (const DirectoryFindings* const again = directories.find(encoded)) {
      meet_again(stored, tree, *again);
    } else if (is_known && shared == Shared::skipped) {
      has_skipped = true;
      tree.skip();
    } else {
      directories.enter(encoded, tree.depth(), lost_);
    }
  }
  return Walked::enough;
}

bool TreeCheck::advance(const vault::StoredSnapshot& stored, restore::TreeWalk& tree) {
  while (true) {
    throw_if_interrupted();
    try {
      return tree.next();
    } catch (const Error& error) {
      if (!error.is_about_stored_bytes()) {
        throw;
      }
      report(stored, tree.path(), {error.what()});
    }
  }
}

void TreeCheck::meet_again(const vault::StoredSnapshot& stored, restore::TreeWalk& tree,
                           const DirectoryFindings& before) {
  if (before.has_first_names) {
    report(stored, tree.path(), {"it has the first names of files that have theirs elsewhere"});
    tree.skip();
  } else if (!before.has_lost || lost_ >= kNamedMax) {
    tree.skip();
  }
}

bool TreeCheck::was_intact(const vault::StoredSnapshot& stored, const restore::TreeWalk& tree,
                           const Digest& encoded) {
  const Content& content = *tree.entry().content;
  if (intact_.contains(encoded)) {
    return true;
  }
  if (const auto loss = check_(content)) {
    report(stored, tree.path(), *loss, &tree.entry());
    for (const std::uint32_t pack : loss->packs) {
      ++lost_with_[pack][stored.name()];
    }
  } else {
    intact_.insert(encoded);
  }
  return false;
}

void TreeCheck::report(const vault::StoredSnapshot& stored, const std::string& path,
                       const ContentLoss& loss, const Entry* entry) {
  ++lost_;
  tell_({stored, path, loss, entry});
}

}  // namespace azekura::cli
