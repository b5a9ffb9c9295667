#include "tests/support/random_entries.h"

#include "core/limits.h"

namespace azekura::tests {

namespace {

std::string random_text(RandomNumbers& numbers, std::size_t max) {
  std::string text;
  for (std::size_t size = 1 + numbers.next() % max; text.size() < size;) {
    text += static_cast<char>(1 + numbers.next() % 255);
  }
  return text;
}

Timestamp random_time(RandomNumbers& numbers) {
  return {static_cast<std::int64_t>(numbers.next()),
          static_cast<std::uint32_t>(numbers.next() % 1'000'000'000)};
}

void add_fields(RandomNumbers& numbers, Entry& entry) {
  const std::uint64_t fields = numbers.next();
  if ((fields & 1U) != 0 && entry.kind != EntryKind::directory) {
    entry.hard_link = HardLink{numbers.next(), static_cast<std::uint32_t>(numbers.next())};
  }
  if ((fields & 2U) != 0) {
    entry.user = random_text(numbers, limits::kNameMax);
  }
  if ((fields & 4U) != 0) {
    entry.group = random_text(numbers, limits::kNameMax);
  }
  if ((fields & 8U) != 0) {
    entry.born = random_time(numbers);
  }
  if ((fields & 16U) != 0) {
    entry.attribute_flags = static_cast<std::uint32_t>(numbers.next() | 1U);
  }
  if ((fields & 32U) != 0) {
    entry.flaw = numbers.next() % 2 == 0 ? EntryFlaw::unreadable : EntryFlaw::changed_while_read;
  }
  if ((fields & 64U) != 0) {
    for (std::uint64_t i = 0, count = 1 + numbers.next() % 5; i < count; ++i) {
      entry.xattrs.emplace_back("user." + std::to_string(i),
                                random_bytes(numbers.next(), numbers.next() % 300));
    }
  }
}

}  // namespace

Digest random_digest(RandomNumbers& numbers) {
  return Digest::from_bytes(random_bytes(numbers.next(), Digest::kBytes));
}

Content random_content(RandomNumbers& numbers) {
  Content content;
  content.digest = random_digest(numbers);
  content.level = numbers.next() % 4 == 0 ? 1 : 0;
  for (std::uint64_t i = 0, count = numbers.next() % 9; i < count; ++i) {
    Extent extent;
    extent.kind =
        content.level == 1 ? ExtentKind::data : static_cast<ExtentKind>(1 + numbers.next() % 3);
    extent.length = 1 + numbers.next() % (100 * kMiB);
    if (extent.kind == ExtentKind::data) {
      extent.position.pack = static_cast<std::uint32_t>(numbers.next());
      extent.position.byte =
          static_cast<std::uint32_t>(numbers.next() % (limits::kPackPlainMax - extent.length));
      extent.digest = random_digest(numbers);
    }
    content.size += extent.length;
    content.extents.push_back(extent);
  }
  if (content.level == 1) {
    content.size = numbers.next() % limits::kFileBytesMax;
  }
  return content;
}

Entry random_entry(RandomNumbers& numbers, std::string name) {
  Entry entry;
  entry.name = std::move(name);
  entry.kind = static_cast<EntryKind>(1 + numbers.next() % 7);
  entry.mode = static_cast<std::uint32_t>(numbers.next() % 010000);
  entry.uid = static_cast<std::uint32_t>(numbers.next());
  entry.gid = static_cast<std::uint32_t>(numbers.next());
  entry.modified = random_time(numbers);
  add_fields(numbers, entry);
  if (entry.kind == EntryKind::symlink) {
    entry.link_target = random_text(numbers, limits::kSymlinkMax);
  }
  if (entry.kind == EntryKind::block_device || entry.kind == EntryKind::character_device) {
    entry.device = DeviceNumber{static_cast<std::uint32_t>(numbers.next()),
                                static_cast<std::uint32_t>(numbers.next())};
  }
  const bool may_lack_content = entry.flaw == EntryFlaw::unreadable || entry.hard_link.has_value();
  if (entry.kind == EntryKind::file || entry.kind == EntryKind::directory) {
    if (!may_lack_content || numbers.next() % 2 == 0) {
      entry.content = random_content(numbers);
    }
  }
  return entry;
}

}  // namespace azekura::tests
