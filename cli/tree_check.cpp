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

/// By hard-link id, of files whose first name came by.
using ContentsMet = std::map<std::uint64_t, std::optional<Digest>>;

/// The first name of a file has its content; further ones have it, too, or none (docs/format.md,
/// section 10). nullptr if all is well.
const char* link_problem(const Entry& entry, ContentsMet& met) {
  if (entry.kind != EntryKind::file || !entry.hard_link) {
    return nullptr;
  }
  const std::optional<Digest> content =
      entry.content ? std::optional{entry.content->digest} : std::nullopt;
  const auto [first, is_first] = met.emplace(entry.hard_link->id, content);
  if (is_first && !content && entry.flaw == EntryFlaw::none) {
    return "the first name of a file has no content";
  }
  return content && content != first->second ? "the first name of this file has another content"
                                             : nullptr;
}

}  // namespace

void TreeCheck::check(const vault::StoredSnapshot& stored) {
  // Once something is lost, every snapshot is walked whole, to name it in each.
  if (walk(stored, lost_ == 0 ? Shared::skipped : Shared::entered) == Walked::links_in_doubt) {
    walk(stored, Shared::entered);
  }
}

TreeCheck::Walked TreeCheck::walk(const vault::StoredSnapshot& stored, Shared shared) {
  ContentsMet links;
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
      continue;
    }
    if (const std::optional<bool> has_lost = directories.find(encoded)) {
      if (!*has_lost || lost_ >= kNamedMax) {
        tree.skip();
      }
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
