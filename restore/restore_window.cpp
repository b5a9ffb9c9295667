#include "restore/restore_window.h"

#include "core/interrupt.h"

#include <utility>

namespace azekura::restore {

namespace {

constexpr std::size_t kFilesMax = 200'000;
constexpr std::size_t kOpenFilesMax = 128;

}  // namespace

RestoreWindow::RestoreWindow(ExtentSource& source, PathGuard& guard, MetadataApplier& metadata,
                             Reporter& reporter)
    : source_{source}, guard_{guard}, metadata_{metadata}, reporter_{reporter} {}

void RestoreWindow::add(FileTask task, std::span<const Extent> extents) {
  const auto number = static_cast<std::uint32_t>(files_.size());
  const std::uint32_t count = plan_.add(number, extents, task.size);
  FileWriter writer{guard_, task.directory};
  PendingFile& file = files_.emplace_back(
      PendingFile{std::move(task), std::move(writer), {}, 0, count, {}, {}, {}});
  std::uint64_t offset = 0;
  for (const Extent& extent : extents) {
    if (extent.kind == ExtentKind::zero) {
      file.zeros.push_back({offset, extent.length});
    }
    file.gap_bytes += extent.kind == ExtentKind::data ? 0 : extent.length;
    offset += extent.length;
  }
  if (count == 0) {
    attempt(number, [&] { finish(file); });
    if (!file.loss) {
      files_.pop_back();
    }
  }
}

bool RestoreWindow::is_full() const noexcept {
  return plan_.is_full() || files_.size() >= kFilesMax;
}

void RestoreWindow::run() {
  fetch_all();
  settle();
  plan_.clear();
  files_.clear();
}

void RestoreWindow::fetch_all() {
  plan_.sort();
  std::vector<WantedExtent> wanted;
  for (batch_ = plan_.next_batch(); !batch_.empty(); batch_ = plan_.next_batch()) {
    wanted.clear();
    for (const PlannedExtent& extent : batch_) {
      wanted.push_back(extent.wanted);
    }
    delivered_.assign(batch_.size(), 0);
    source_.fetch(wanted, *this);
  }
}

void RestoreWindow::settle() {
  for (PendingFile& file : files_) {
    if (file.unproven > 0 && !file.loss) {
      lose(file, "its bytes were not delivered");
    }
    if (file.loss) {
      reporter_.lost(guard_.path(file.task.directory, file.task.name), *file.loss,
                     std::move(file.lost_ranges));
    }
  }
}

template <typename Step>
void RestoreWindow::attempt(std::uint32_t file, Step&& step) {
  try {
    std::forward<Step>(step)();
  } catch (const Error& error) {
    if (!concerns_one_item(error)) {
      throw;
    }
    lose(files_[file], error.one_line());
  }
}

void RestoreWindow::lose(PendingFile& file, std::string reason) {
  if (!file.loss) {
    file.loss = std::move(reason);
  }
  forget_use(file);
  file.writer.discard();
}

void RestoreWindow::finish(PendingFile& file) {
  const FileTask& task = file.task;
  for (const ByteRange& range : file.zeros) {
    file.writer.write_zeros(range.offset, range.length);
  }
  file.writer.place(task.size, task.name, [&](int fd) {
    metadata_.apply(fd, task.attributes, guard_.path(task.directory, task.name));
  });
  forget_use(file);
  if (task.attributes.flags != 0) {
    flagged_.push_back({task.directory, task.name, task.attributes.flags});
  }
  reporter_.made_file(task.size);
  reporter_.advanced(file.gap_bytes);
}

void RestoreWindow::note_use(std::uint32_t number) {
  PendingFile& file = files_[number];
  if (file.use) {
    uses_.splice(uses_.begin(), uses_, *file.use);
    return;
  }
  if (uses_.size() == kOpenFilesMax) {
    close_least_used();
  }
  uses_.push_front(number);
  file.use = uses_.begin();
}

void RestoreWindow::close_least_used() {
  const std::uint32_t number = uses_.back();
  forget_use(files_[number]);
  attempt(number, [&] { files_[number].writer.suspend(); });
}

void RestoreWindow::forget_use(PendingFile& file) {
  if (file.use) {
    uses_.erase(*file.use);
    file.use.reset();
  }
}

void RestoreWindow::bytes(std::size_t index, std::uint64_t offset, ByteView bytes) {
  throw_if_interrupted();
  const PlannedExtent& extent = batch_[index];
  AZK_CHECK(offset == delivered_[index] && bytes.size() <= extent.wanted.length - offset);
  delivered_[index] += static_cast<std::uint32_t>(bytes.size());
  PendingFile& file = files_[extent.file];
  if (file.loss) {
    return;
  }
  attempt(extent.file, [&] {
    note_use(extent.file);
    file.writer.write(extent.offset + offset, bytes);
  });
  reporter_.advanced(bytes.size());
}

void RestoreWindow::proven(std::size_t index) {
  const PlannedExtent& extent = batch_[index];
  AZK_CHECK(delivered_[index] == extent.wanted.length);
  PendingFile& file = files_[extent.file];
  --file.unproven;
  if (file.unproven == 0 && !file.loss) {
    attempt(extent.file, [&] {
      note_use(extent.file);
      finish(file);
    });
  }
}

void RestoreWindow::failed(std::size_t index, const Error& error) {
  const PlannedExtent& extent = batch_[index];
  PendingFile& file = files_[extent.file];
  file.lost_ranges.push_back({extent.offset, extent.wanted.length});
  lose(file, error.one_line());
}

}  // namespace azekura::restore
