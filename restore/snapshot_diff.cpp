#include "restore/snapshot_diff.h"

#include "core/interrupt.h"
#include "core/text.h"
#include "restore/tree_view.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>

namespace azekura::restore {

namespace {

/// In tree order, where a directory comes before what is in it and names are sorted as bytes.
bool is_before(const std::string& left, const std::string& right) {
  const auto rank = [](char byte) { return byte == '/' ? '\0' : byte; };  // no name has a NUL
  return std::ranges::lexicographical_compare(left, right, [&](char a, char b) {
    return static_cast<unsigned char>(rank(a)) < static_cast<unsigned char>(rank(b));
  });
}

bool are_equal_directories(const Entry& before, const Entry& after) {
  return before.kind == EntryKind::directory && after.kind == EntryKind::directory &&
         before.content && after.content && before.content->digest == after.content->digest;
}

/// What tells the content of a file from another; nullopt if there is none.
struct ContentKey {
  std::uint64_t size;
  Digest digest;

  bool operator==(const ContentKey&) const = default;
};

std::optional<ContentKey> content_key(const Entry& entry) {
  return entry.content ? std::optional{ContentKey{entry.content->size, entry.content->digest}}
                       : std::nullopt;
}

/// A walk through one of the two trees.
class Side {
 public:
  Side(ExtentSource& source, const Entry* root, const std::string& path) {
    if (root != nullptr) {
      walk_.emplace(source, *root, path);
      next();
    }
  }

  void next() {
    throw_if_interrupted();
    if (!has_entry_ || walk_->entry().kind != EntryKind::directory) {
      has_entry_ = walk_->next();
      return;
    }
    while_doing([&] { has_entry_ = walk_->next(); }, "listing \"{}\"", printable(walk_->path()));
  }
  void skip() { walk_->skip(); }

  [[nodiscard]] bool has_entry() const noexcept { return has_entry_; }
  [[nodiscard]] const std::string& path() const { return walk_->path(); }
  [[nodiscard]] const Entry& entry() const { return walk_->entry(); }

 private:
  std::optional<TreeWalk> walk_;
  bool has_entry_ = false;
};

/// Which names of a tree are one file.
class LinkTable {
 public:
  LinkTable(ExtentSource& source, const Entry& root) {
    for (Side walk{source, &root, {}}; walk.has_entry(); walk.next()) {
      const Entry& entry = walk.entry();
      if (!entry.hard_link) {
        continue;
      }
      Names& names = files_.try_emplace(entry.hard_link->id, Names{walk.path(), {}}).first->second;
      if (!names.content) {
        names.content = content_key(entry);
      }
    }
  }

  /// Of this name's file: its first name.
  [[nodiscard]] const std::string& first_name(const std::string& path, const Entry& entry) const {
    return entry.hard_link ? files_.at(entry.hard_link->id).first : path;
  }
  [[nodiscard]] std::optional<ContentKey> content(const Entry& entry) const {
    return entry.hard_link ? files_.at(entry.hard_link->id).content : content_key(entry);
  }

  bool operator==(const LinkTable&) const = default;

 private:
  struct Names {
    std::string first;
    std::optional<ContentKey> content;

    bool operator==(const Names&) const = default;
  };

  std::map<std::uint64_t, Names> files_;
};

class TreeDiff {
 public:
  TreeDiff(ExtentSource& source, const Entry& before, const Entry& after,
           const std::function<void(const Difference&)>& report)
      : source_{source}, before_root_{before}, after_root_{after}, report_{report} {}

  void run(const std::string& path) {
    const std::optional<Entry> before_start = find_entry(source_, before_root_, path);
    const std::optional<Entry> after_start = find_entry(source_, after_root_, path);
    if (!before_start && !after_start) {
      throw UsageError{"there is no \"{}\" in either snapshot", printable(path)};
    }
    sees_all_ = path.empty();
    Side before{source_, before_start ? &*before_start : nullptr, path};
    Side after{source_, after_start ? &*after_start : nullptr, path};
    while (before.has_entry() || after.has_entry()) {
      note_links(before);
      note_links(after);
      if (is_alone(before, after)) {
        report_({before.path(), &before.entry(), nullptr, {}});
        before.next();
      } else if (is_alone(after, before)) {
        report_({after.path(), nullptr, &after.entry(), {}});
        after.next();
      } else {
        compare(before, after);
        before.next();
        after.next();
      }
    }
  }

 private:
  struct Links {
    LinkTable before;
    LinkTable after;
    bool are_equal;
  };

  static bool is_alone(const Side& one, const Side& other) {
    return one.has_entry() && (!other.has_entry() || is_before(one.path(), other.path()));
  }

  /// Whatever was passed before the first name with a link had nothing to do with links, or lay in
  /// equal directories together with the first names of its files.
  void note_links(const Side& side) {
    if (!links_ && side.has_entry() && side.entry().hard_link) {
      LinkTable before{source_, before_root_};
      LinkTable after{source_, after_root_};
      const bool are_equal = before == after;
      links_.emplace(Links{std::move(before), std::move(after), are_equal});
    }
  }

  /// True if directories with one digest differ in nothing. A further name of a file has its
  /// content elsewhere.
  [[nodiscard]] bool may_skip() const { return links_ ? links_->are_equal : sees_all_; }

  void compare(Side& before, Side& after) {
    std::vector<EntryField> fields = differing_fields(before, after);
    if (!fields.empty()) {
      report_({before.path(), &before.entry(), &after.entry(), std::move(fields)});
    }
    if (are_equal_directories(before.entry(), after.entry()) && may_skip()) {
      before.skip();
      after.skip();
    }
  }

  [[nodiscard]] std::vector<EntryField> differing_fields(const Side& before,
                                                         const Side& after) const {
    const Entry& a = before.entry();
    const Entry& b = after.entry();
    std::vector<EntryField> fields;
    const auto note = [&](EntryField field, bool differs) {
      if (differs) {
        fields.push_back(field);
      }
    };
    note(EntryField::kind, a.kind != b.kind);
    note(EntryField::content,
         a.kind == EntryKind::file && b.kind == EntryKind::file && !have_equal_content(a, b));
    note(EntryField::mode, a.mode != b.mode);
    note(EntryField::uid, a.uid != b.uid);
    note(EntryField::gid, a.gid != b.gid);
    note(EntryField::user, a.user != b.user);
    note(EntryField::group, a.group != b.group);
    note(EntryField::modified, a.modified != b.modified);
    note(EntryField::born, a.born != b.born);
    note(EntryField::xattrs, a.xattrs != b.xattrs);
    note(EntryField::flags, a.attribute_flags != b.attribute_flags);
    note(EntryField::target, a.link_target != b.link_target);
    note(EntryField::device, a.device != b.device);
    note(EntryField::hard_link, links_ && links_->before.first_name(before.path(), a) !=
                                              links_->after.first_name(after.path(), b));
    note(EntryField::flaw, a.flaw != b.flaw);
    return fields;
  }

  [[nodiscard]] bool have_equal_content(const Entry& a, const Entry& b) const {
    return links_ ? links_->before.content(a) == links_->after.content(b)
                  : content_key(a) == content_key(b);
  }

  ExtentSource& source_;
  const Entry& before_root_;
  const Entry& after_root_;
  const std::function<void(const Difference&)>& report_;
  bool sees_all_ = true;  ///< it began at the roots
  std::optional<Links> links_;
};

}  // namespace

void diff_trees(ExtentSource& source, const Entry& before, const Entry& after,
                std::string_view path, const std::function<void(const Difference&)>& report) {
  TreeDiff{source, before, after, report}.run(plain_path(path));
}

}  // namespace azekura::restore
