#include "restore/snapshot_diff.h"

#include "core/tree_codec.h"
#include "restore/tree_view.h"
#include "tests/unit/restore/restore_fixture.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>

namespace azekura::restore {

namespace {

using tests::MemoryExtents;
using tests::RandomNumbers;
using tests::RestoreFixture;

/// A file system as a test writes it down: each path with what it is, directories too.
struct Node {
  Entry entry;        ///< without content
  std::string text;   ///< files
  unsigned file = 0;  ///< nodes with one number, not 0, are names of one file
};
struct PathOrder {
  bool operator()(const std::string& left, const std::string& right) const {
    return split_path(left) < split_path(right);
  }
};
using Model = std::map<std::string, Node, PathOrder>;

std::string name_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

bool is_below(const std::string& path, const std::string& folder) {
  return folder.empty() || path == folder || path.starts_with(folder + '/');
}

bool is_open_directory(const Node& node) {
  return node.entry.kind == EntryKind::directory && node.entry.flaw == EntryFlaw::none;
}

/// Stores models as a backup would: equal bytes once, files with several names at their first.
class Store {
 public:
  Entry root(const Model& model) {
    ids_.clear();
    return stored(model, model.begin());
  }

  MemoryExtents vault;

 private:
  Entry stored(const Model& model, Model::const_iterator node) {
    const auto& [path, what] = *node;
    Entry entry = what.entry;
    entry.name = name_of(path);
    if (what.file != 0) {
      const auto [id, is_first] = ids_.try_emplace(what.file, ids_.size() + 1);
      entry.hard_link = HardLink{id->second, 2};
      if (!is_first) {
        return entry;
      }
    }
    if (entry.kind == EntryKind::file) {
      entry.content = kept(as_bytes(what.text));
    } else if (is_open_directory(what)) {
      std::vector<Entry> entries;
      for (auto child = std::next(node); child != model.end() && is_below(child->first, path);
           ++child) {
        if (path.empty() ? child->first.find('/') == std::string::npos
                         : child->first.rfind('/') == path.size()) {
          entries.push_back(stored(model, child));
        }
      }
      entry.content = kept(encode_directory(entries));
    }
    return entry;
  }

  Content kept(ByteView bytes) {
    const std::string key{as_text(bytes)};
    const auto known = contents_.find(key);
    return known != contents_.end() ? known->second
                                    : contents_.emplace(key, vault.store(bytes)).first->second;
  }

  std::map<unsigned, std::uint64_t> ids_;
  std::map<std::string, Content> contents_;
};

/// What a diff says of a path: '+', '-', or the fields that differ.
using Answers = std::map<std::string, std::pair<char, std::set<EntryField>>>;

std::string first_name(const Model& model, const std::string& path) {
  const unsigned file = model.at(path).file;
  if (file == 0) {
    return path;
  }
  return std::ranges::find_if(model, [&](const auto& one) { return one.second.file == file; })
      ->first;
}

std::set<EntryField> differing_fields(const Model& before, const Model& after,
                                      const std::string& path) {
  const Node& a = before.at(path);
  const Node& b = after.at(path);
  std::set<EntryField> fields;
  const auto note = [&](EntryField field, bool differs) {
    if (differs) {
      fields.insert(field);
    }
  };
  note(EntryField::kind, a.entry.kind != b.entry.kind);
  note(EntryField::content,
       a.entry.kind == EntryKind::file && b.entry.kind == EntryKind::file && a.text != b.text);
  note(EntryField::mode, a.entry.mode != b.entry.mode);
  note(EntryField::uid, a.entry.uid != b.entry.uid);
  note(EntryField::gid, a.entry.gid != b.entry.gid);
  note(EntryField::user, a.entry.user != b.entry.user);
  note(EntryField::group, a.entry.group != b.entry.group);
  note(EntryField::modified, a.entry.modified != b.entry.modified);
  note(EntryField::born, a.entry.born != b.entry.born);
  note(EntryField::xattrs, a.entry.xattrs != b.entry.xattrs);
  note(EntryField::flags, a.entry.attribute_flags != b.entry.attribute_flags);
  note(EntryField::target, a.entry.link_target != b.entry.link_target);
  note(EntryField::device, a.entry.device != b.entry.device);
  note(EntryField::hard_link, first_name(before, path) != first_name(after, path));
  note(EntryField::flaw, a.entry.flaw != b.entry.flaw);
  return fields;
}

/// Compares every path with every path.
Answers plainly_compared(const Model& before, const Model& after, const std::string& from) {
  Answers answers;
  for (const auto& [path, node] : before) {
    if (is_below(path, from) && !after.contains(path)) {
      answers[path] = {'-', {}};
    } else if (is_below(path, from)) {
      const std::set<EntryField> fields = differing_fields(before, after, path);
      if (!fields.empty()) {
        answers[path] = {'*', fields};
      }
    }
  }
  for (const auto& [path, node] : after) {
    if (is_below(path, from) && !before.contains(path)) {
      answers[path] = {'+', {}};
    }
  }
  return answers;
}

Answers diffed(Store& store, const Entry& before, const Entry& after, const std::string& from) {
  Answers answers;
  std::string last;
  diff_trees(store.vault, before, after, from, [&](const Difference& difference) {
    const std::string path{difference.path};
    CHECK((answers.empty() || PathOrder{}(last, path)));
    last = path;
    const char sign = difference.before == nullptr ? '+' : difference.after == nullptr ? '-' : '*';
    CHECK(std::ranges::is_sorted(difference.fields));
    CHECK(difference.fields.empty() == (sign != '*'));
    answers[path] = {sign, {difference.fields.begin(), difference.fields.end()}};
  });
  return answers;
}

/// Makes and changes models.
class Author {
 public:
  explicit Author(std::uint64_t seed) : numbers_{seed} {}

  Model make() {
    Model model;
    model[""] = Node{folder_, {}, 0};
    for (int i = 0; i < 60; ++i) {
      add(model);
    }
    return model;
  }

  void change(Model& model) {
    for (std::uint64_t i = 0, changes = 1 + numbers_.next() % 6; i < changes; ++i) {
      const std::string path = any(model, [](const auto&) { return true; });
      switch (numbers_.next() % 8) {
        case 0:
          add(model);
          break;
        case 1:
          remove(model, path);
          break;
        case 2:
          change_text(model, path);
          break;
        case 3:
          move(model, path);
          break;
        case 4:
          change_kind(model, path);
          break;
        case 5:
          link(model);
          break;
        default:
          change_metadata(model, path);
          break;
      }
    }
  }

  std::string any(const Model& model, const std::function<bool(const Node&)>& is_wanted) {
    std::vector<std::string> paths;
    for (const auto& [path, node] : model) {
      if (is_wanted(node)) {
        paths.push_back(path);
      }
    }
    return paths.empty() ? "" : paths[numbers_.next() % paths.size()];
  }

 private:
  /// Names that sort around '/', and raw ones.
  std::string new_path(const Model& model) {
    static const std::vector<std::string> kNames{"a",        "a!",        "a0", "b",
                                                 "\xff\xfe", "new\nline", "~"};
    std::string path = any(model, is_open_directory);
    path += (path.empty() ? "" : "/") + kNames[numbers_.next() % kNames.size()];
    return path;
  }

  void add(Model& model) {
    const std::string path = new_path(model);
    if (model.contains(path)) {
      return;
    }
    Node node{file_, std::to_string(numbers_.next() % 9), 0};
    const std::uint64_t kind = numbers_.next() % 6;
    if (kind < 2) {
      node.entry = folder_;
    } else if (kind == 2) {
      node.entry = tests::symlink_entry("", "target");
    }
    model[path] = node;
  }

  static void remove(Model& model, const std::string& path) {
    if (!path.empty()) {
      std::erase_if(model, [&](const auto& one) { return is_below(one.first, path); });
    }
  }

  void change_text(Model& model, const std::string& path) {
    const unsigned file = model.at(path).file;
    const std::string text = std::to_string(numbers_.next() % 9);
    for (auto& [other, node] : model) {
      if (other == path || (file != 0 && node.file == file)) {
        node.text = text;
      }
    }
  }

  void move(Model& model, const std::string& path) {
    const std::string to = new_path(model);
    if (path.empty() || model.contains(to) || is_below(to, path)) {
      return;
    }
    Model moved;
    for (const auto& [old_path, node] : model) {
      if (is_below(old_path, path)) {
        moved[to + old_path.substr(path.size())] = node;
      }
    }
    remove(model, path);
    model.merge(moved);
  }

  void change_kind(Model& model, const std::string& path) {
    if (path.empty()) {
      return;
    }
    const Node node = model.at(path);
    remove(model, path);
    model[path] = node.entry.kind == EntryKind::file ? Node{folder_, {}, 0} : Node{file_, "new", 0};
  }

  /// Two files become one, or a name stops being the file of others.
  void link(Model& model) {
    const auto is_file = [](const Node& node) { return node.entry.kind == EntryKind::file; };
    const std::string one = any(model, is_file);
    const std::string other = any(model, is_file);
    if (one.empty() || one == other) {
      return;
    }
    Node& node = model.at(one);
    if (node.file == 0) {
      node.file = ++files_;
    }
    model.at(other) = numbers_.next() % 3 == 0 ? Node{file_, node.text, 0} : node;
  }

  void change_metadata(Model& model, const std::string& path) {
    Entry& entry = model.at(path).entry;
    const auto number = static_cast<std::uint32_t>(numbers_.next() % 3);
    switch (numbers_.next() % 9) {
      case 0:
        entry.mode = 0700 + number;
        break;
      case 1:
        entry.uid = number;
        break;
      case 2:
        entry.gid = number;
        break;
      case 3:
        entry.user = "u" + std::to_string(number);
        break;
      case 4:
        entry.group = "g" + std::to_string(number);
        break;
      case 5:
        entry.modified.nanoseconds = number;
        break;
      case 6:
        entry.born = Timestamp{number, 0};
        break;
      case 7:
        entry.xattrs = {{"user.x", Buffer(number)}};
        break;
      default:
        entry.attribute_flags = number;
        break;
    }
  }

  RandomNumbers numbers_;
  unsigned files_ = 0;
  Entry file_ = tests::file_entry("", {});
  Entry folder_ = tests::directory_entry("", {});
};

Model with_unreadable_folder(Model model, const std::string& path) {
  std::erase_if(model,
                [&](const auto& one) { return is_below(one.first, path) && one.first != path; });
  model.at(path).entry.flaw = EntryFlaw::unreadable;
  return model;
}

std::string describe(const Answers& answers) {
  std::string text;
  for (const auto& [path, answer] : answers) {
    text += fmt::format("{} {}", answer.first, path);
    for (const EntryField field : answer.second) {
      text += fmt::format(" {}", static_cast<int>(field));
    }
    text += '\n';
  }
  return text;
}

}  // namespace

TEST_CASE("Snapshot diff: says of random pairs of trees what comparing every path says") {
  std::size_t differences = 0;
  std::size_t links = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    CAPTURE(seed);
    Author author{seed};
    Store store;
    Model before = author.make();
    author.change(before);
    Model after = before;
    author.change(after);
    if (seed % 5 == 0) {
      after = with_unreadable_folder(after, author.any(after, is_open_directory));
    }
    const Entry old_root = store.root(before);
    const Entry new_root = store.root(after);
    for (const std::string& from :
         {std::string{}, author.any(before, [](const auto&) { return true; }),
          author.any(after, [](const auto&) { return true; })}) {
      CAPTURE(from);
      const Answers wanted = plainly_compared(before, after, from);
      CHECK(describe(diffed(store, old_root, new_root, from)) == describe(wanted));
      differences += wanted.size();
      links += static_cast<std::size_t>(std::ranges::count_if(wanted, [](const auto& one) {
        return one.second.second.contains(EntryField::hard_link);
      }));
    }
  }
  CHECK(differences > 1000);
  CHECK(links > 50);
}

TEST_CASE("Snapshot diff: a further name in an equal directory changes with its file") {
  RestoreFixture f;
  Entry further = f.file("further", "");
  further.content.reset();
  further.hard_link = HardLink{1, 2};
  const Entry folder = f.folder("folder", {further});
  std::vector<Entry> roots;
  for (const char* text : {"old", "new"}) {
    Entry first = f.file("first", text);
    first.hard_link = HardLink{1, 2};
    f.set_tree({first, folder});
    roots.push_back(f.snapshot.root);
  }
  for (const std::string from : {"", "folder", "folder/further"}) {
    CAPTURE(from);
    std::vector<std::string> paths;
    diff_trees(f.vault, roots[0], roots[1], from, [&](const Difference& difference) {
      CHECK(difference.fields == std::vector{EntryField::content});
      paths.emplace_back(difference.path);
    });
    CHECK(paths.back() == "folder/further");
    CHECK(paths.size() == (from.empty() ? 2 : 1));
  }
}

TEST_CASE("Snapshot diff: reads no file and no directory that is equal in both") {
  RestoreFixture f;
  const std::uint32_t files = f.vault.begin_pack();
  const Entry same_file = f.file("x", "text");
  const Entry old_file = f.file("y", "old");
  const Entry new_file = f.file("y", "new");
  const std::uint32_t equal = f.vault.begin_pack();
  const Entry same = f.folder("same", {same_file});
  f.vault.begin_pack();
  f.set_tree({same, old_file});
  const Entry before = f.snapshot.root;
  f.set_tree({same, new_file});
  std::size_t differences = 0;
  diff_trees(f.vault, before, f.snapshot.root, "", [&](const Difference&) { ++differences; });
  CHECK(differences == 1);
  CHECK(f.vault.fetches().size() == 2);
  for (const auto& fetch : f.vault.fetches()) {
    for (const Position& position : fetch) {
      CHECK(position.pack != files);
      CHECK(position.pack != equal);
    }
  }
}

TEST_CASE("Snapshot diff: names a directory that cannot be read, and does not go on") {
  RestoreFixture f;
  f.set_tree({});
  const Entry empty = f.snapshot.root;
  const std::uint32_t bad = f.vault.begin_pack();
  const Entry folder = f.folder("b\nad", {f.file("x", "1")});
  f.vault.begin_pack();
  f.set_tree({folder});
  f.vault.damage(bad);
  try {
    diff_trees(f.vault, empty, f.snapshot.root, "", [](const Difference&) {});
    FAIL("it was read");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::damage);
    CHECK(error.contexts() == std::vector<std::string>{"listing \"b\\nad\""});
  }
}

TEST_CASE("Snapshot diff: refuses a path that neither tree has") {
  RestoreFixture f;
  f.set_tree({f.file("x", "1")});
  CHECK_THROWS_WITH_AS(
      diff_trees(f.vault, f.snapshot.root, f.snapshot.root, "x/y", [](const Difference&) {}),
      "there is no \"x/y\" in either snapshot", UsageError);
}

}  // namespace azekura::restore
