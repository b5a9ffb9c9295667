#include "restore/resume_journal.h"

#include "core/byte_writer.h"
#include "core/error.h"
#include "core/file_io.h"
#include "core/text.h"
#include "restore/path_guard.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace azekura::restore {

namespace {

/// Bytes of files between two flushes: what a loss of power may cost.
constexpr std::uint64_t kCheckpointBytes = 4 * kGiB;
/// A file costs this at least, so that many small ones reach a checkpoint too.
constexpr std::uint64_t kFileCostMin = 64 * kKiB;
/// Bound on what is read of a journal: 16 million records, 256 MiB; files beyond it are made again.
constexpr std::uint64_t kRecordsMax = 16 * kMiB;
constexpr std::size_t kRecordsAtOnce = 4096;

enum class TagKind : std::uint8_t { name = 1, boot, checkpoint, file, directory };

/// This boot of the machine: what it has written is in its page cache, flushed or not. Where it is
/// not told, a random one, so that only what was flushed counts for a later run.
Buffer boot_id() {
  if (std::optional<Buffer> told = read_file_if_any("/proc/sys/kernel/random/boot_id", 100)) {
    return *std::move(told);
  }
  Buffer random(16);
  if (::getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size())) {
    throw SystemError{errno, "draw a random number"};
  }
  return random;
}

ByteWriter tagged(TagKind kind) {
  ByteWriter out;
  out.u8(static_cast<std::uint8_t>(kind));
  return out;
}

ByteWriter file_state(const std::string& path, const struct stat& info) {
  ByteWriter out = tagged(TagKind::file);
  out.u64(info.st_ino).u64(static_cast<std::uint64_t>(info.st_size));
  for (const timespec& time : {info.st_mtim, info.st_ctim}) {
    out.u64(static_cast<std::uint64_t>(time.tv_sec)).u32(static_cast<std::uint32_t>(time.tv_nsec));
  }
  out.bytes(as_bytes(path));
  return out;
}

/// A directory's times change with what is in it; when it was made does not.
ByteWriter directory_state(const std::string& path, int directory) {
  struct statx info {};
  if (::statx(directory, "", AT_EMPTY_PATH, STATX_INO | STATX_BTIME, &info) != 0) {
    throw SystemError{errno, "look at \"{}\"", printable(path)};
  }
  ByteWriter out = tagged(TagKind::directory);
  out.u64(info.stx_ino).u64(static_cast<std::uint64_t>(info.stx_btime.tv_sec));
  out.u32(info.stx_btime.tv_nsec).bytes(as_bytes(path));
  return out;
}

}  // namespace

ResumeJournal::ResumeJournal(const std::string& target, Tagger tagger, Resuming resuming)
    : target_{target}, tagger_{std::move(tagger)}, directory_{open_target(target)} {
  name_ = ".azekura-resume-" + to_hex(tag_of(tagged(TagKind::name).view()));
  const std::vector<std::string> names =
      list_directory(open_file_at(directory_.get(), ".", O_RDONLY | O_DIRECTORY), target);
  if (names.empty()) {
    begin();
    return;
  }
  const bool has_journal = std::binary_search(names.begin(), names.end(), name_);
  if (resuming == Resuming::yes && has_journal) {
    load();
    return;
  }
  UsageError error{"\"{}\" is not empty", printable(target)};
  if (has_journal) {
    error.set_hint("an earlier run of this restore was interrupted here: go on with --resume");
  } else if (resuming == Resuming::yes) {
    error.set_hint(
        "no interrupted run of this very restore is in it; choose an empty folder, or repeat the "
        "command that was interrupted and add --resume");
  } else {
    error.set_hint("choose a folder that does not exist yet, or an empty one");
  }
  throw error;
}

ResumeJournal::Tag ResumeJournal::tag_of(ByteView bytes) const {
  const Digest digest = tagger_(bytes);
  Tag tag{};
  std::copy_n(digest.bytes().begin(), tag.size(), tag.begin());
  return tag;
}

ResumeJournal::Tag ResumeJournal::boot_tag() const {
  return tag_of(tagged(TagKind::boot).bytes(boot_id()).view());
}

ResumeJournal::Tag ResumeJournal::checkpoint_tag(std::uint64_t number) const {
  return tag_of(tagged(TagKind::checkpoint).u64(number).view());
}

void ResumeJournal::begin() {
  file_ = open_file_at(directory_.get(), name_, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW);
  if (::flock(file_.get(), LOCK_EX | LOCK_NB) != 0) {
    throw SystemError{errno, "lock the journal in \"{}\"", printable(target_)};
  }
  append(boot_tag());
}

void ResumeJournal::load() {
  file_ = open_file_at(directory_.get(), name_, O_RDWR | O_NOFOLLOW | O_NONBLOCK);
  struct stat info {};
  if (::fstat(file_.get(), &info) != 0 || !S_ISREG(info.st_mode) || info.st_nlink != 1) {
    throw SystemError{EEXIST, "use the journal in \"{}\", which is no plain file",
                      printable(target_)};
  }
  if (::flock(file_.get(), LOCK_EX | LOCK_NB) != 0) {
    BusyError error{"another run restores into \"{}\"", printable(target_)};
    error.set_hint("wait until it has ended");
    throw error;
  }
  is_resumed_ = true;
  Buffer bytes(kRecordsAtOnce * kTagBytes);
  const Tag boot = boot_tag();
  bool is_this_boot = false;
  std::uint64_t durable = 0;  // records that were flushed
  std::uint64_t read = 0;
  std::size_t count = 0;
  do {
    count = read_some_at(file_.get(), bytes, read * kTagBytes, name_) / kTagBytes;
    for (std::size_t i = 0; i < count; ++i, ++read) {
      Tag tag{};
      std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(i * kTagBytes), tag.size(),
                  tag.begin());
      if (read == 0) {
        is_this_boot = tag == boot;
      } else if (!is_this_boot && tag == checkpoint_tag(read)) {
        durable = read + 1;
      }
      known_.push_back(tag);
    }
  } while (count > 0 && read < kRecordsMax);
  records_ = is_this_boot ? read : std::max<std::uint64_t>(durable, 1);
  known_.resize(std::min<std::size_t>(known_.size(), records_));
  // What does not count is gone before the journal says that all of it is of this boot.
  if (::ftruncate(file_.get(), static_cast<off_t>(records_ * kTagBytes)) != 0) {
    throw SystemError{errno, "cut the journal in \"{}\"", printable(target_)};
  }
  write_all_at(file_.get(), boot, 0, name_);
  std::sort(known_.begin(), known_.end());
}

bool ResumeJournal::has_file(const std::string& path, const struct stat& info) const {
  return is_resumed_ &&
         std::binary_search(known_.begin(), known_.end(), tag_of(file_state(path, info).view()));
}

bool ResumeJournal::has_directory(const std::string& path, int directory) const {
  return is_resumed_ && std::binary_search(known_.begin(), known_.end(),
                                           tag_of(directory_state(path, directory).view()));
}

void ResumeJournal::add_file(const std::string& path, const struct stat& info) {
  append(tag_of(file_state(path, info).view()));
  unflushed_ += std::max(static_cast<std::uint64_t>(info.st_blocks) * 512, kFileCostMin);
  if (unflushed_ >= kCheckpointBytes) {
    checkpoint();
  }
}

void ResumeJournal::add_directory(const std::string& path, int directory) {
  append(tag_of(directory_state(path, directory).view()));
}

void ResumeJournal::append(const Tag& tag) {
  write_all_at(file_.get(), tag, records_ * kTagBytes, name_);
  ++records_;
}

void ResumeJournal::checkpoint() {
  if (::syncfs(directory_.get()) != 0) {
    throw SystemError{errno, "flush \"{}\" to its device", printable(target_)};
  }
  append(checkpoint_tag(records_));
  sync_file(file_.get(), name_);
  unflushed_ = 0;
}

void ResumeJournal::remove() {
  if (::unlinkat(directory_.get(), name_.c_str(), 0) != 0 && errno != ENOENT) {
    throw SystemError{errno, "remove the journal in \"{}\"", printable(target_)};
  }
}

}  // namespace azekura::restore
