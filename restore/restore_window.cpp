#include "restore/restore_window.h"

#include "core/interrupt.h"

#include <utility>

namespace azekura::restore {

namespace {

constexpr std::size_t kFilesMax = 200'000;
constexpr std::size_t kOpenFilesMax = 128;
}  // namespace

RestoreWindow::RestoreWindow(ExtentSource& source, PathGuard& guard, MetadataApplier& metadata,
                             Reporter& reporter, bool best_effort, FilePlaced placed)
    : source_{source},
      guard_{guard},
      metadata_{metadata},
      reporter_{reporter},
      best_effort_{best_effort},
      placed_{std::move(placed)} {}

void RestoreWindow::add(FileTask task, std::span<const Extent> extents,
                        std::optional<std::string> flaw) {
  if (flaw && !best_effort_) {
    throw DamageError{"{}", *flaw};
  }
  const auto number = static_cast<std::uint32_t>(files_.size());
  const std::uint32_t count = plan_.add(number, extents, task.size);
  FileWriter writer{guard_, task.directory};
  PendingFile& file =
      files_.emplace_back(std::move(task), std::move(writer), count, std::move(flaw));
  std::uint64_t offset = 0;
  for (const Extent& extent : extents) {
    if (extent.kind == ExtentKind::zero) {
      file.zeros.push_back({offset, extent.length});
    }
    file.gap_bytes += extent.kind == ExtentKind::data ? 0 : extent.length;
    offset += extent.length;
  }
  if (count == 0 && !file.flaw) {
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
  salvage();
  settle();
  plan_.clear();
  files_.clear();
}

void RestoreWindow::fetch_all() {
  plan_.sort();
  for (auto batch = plan_.next_batch(); !batch.empty(); batch = plan_.next_batch()) {
    fetch(batch);
  }
}

void RestoreWindow::fetch(std::span<const PlannedExtent> extents) {
  std::vector<WantedExtent> wanted;
  for (const PlannedExtent& extent : extents) {
    wanted.push_back(extent.wanted);
  }
  batch_ = extents;
  delivered_.assign(batch_.size(), 0);
  source_.fetch(wanted, *this);
}

void RestoreWindow::salvage() {
  is_salvaging_ = true;
  std::vector<PlannedExtent> chunks;
  for (const PlannedExtent& extent : failed_) {
    PendingFile& file = files_[extent.file];
    attempt(extent.file, [&] {
      note_use(extent.file);
      file.writer.wipe(extent.offset, extent.wanted.length);
    });
    chunks.clear();
    for (const WantedExtent& chunk : source_.chunks_of(extent.wanted)) {
      const std::uint64_t before = chunk.position.byte - extent.wanted.position.byte;
      chunks.push_back({chunk, extent.file, extent.offset + before});
    }
    if (chunks.empty()) {
      file.lost_ranges.push_back(
          {extent.offset, extent.wanted.length, extent.wanted.position.pack});
    } else {
      fetch(chunks);
    }
    --file.unproven;  // its lost ranges say what is missing
  }
  failed_.clear();
  is_salvaging_ = false;
}

void RestoreWindow::settle() {
  for (std::size_t i = 0; i < files_.size(); ++i) {
    PendingFile& file = files_[i];
    const bool is_salvaged = !file.is_given_up && file.loss && !file.flaw && file.unproven == 0 &&
                             file.lost_ranges.empty();
    if (is_salvaged) {  // its chunks were intact after all
      file.loss.reset();
      attempt(static_cast<std::uint32_t>(i), [&] { finish(file); });
      continue;
    }
    if (file.flaw && !file.loss) {
      file.loss = std::move(file.flaw);
    } else if (file.unproven > 0 && !file.loss) {
      lose(file, "its bytes were not delivered");
    }
    if (!file.loss) {
      continue;
    }
    if (best_effort_ && !file.is_given_up && file.proven_bytes > 0) {
      keep_damaged(file);
    } else {
      forget_use(file);
      file.writer.discard();
      reporter_.lost(guard_.path(file.task.directory, file.task.name), *file.loss,
                     std::move(file.lost_ranges));
    }
  }
}

void RestoreWindow::keep_damaged(PendingFile& file) {
  forget_use(file);
  file.writer.suspend();
  damaged_.push_back({std::move(file.task), std::move(file.writer), std::move(file.zeros),
                      std::move(*file.loss), std::move(file.lost_ranges)});
}

void RestoreWindow::place_damaged() {
  for (DamagedFile& file : damaged_) {
    const std::string path = guard_.path(file.task.directory, file.task.name);
    try {
      file.task.name = guard_.free_name(file.task.directory, file.task.name, ".damaged");
      static_cast<void>(place(file.writer, file.task, file.zeros));
      reporter_.lost(path, std::move(file.loss), std::move(file.lost_ranges),
                     guard_.path(file.task.directory, file.task.name));
    } catch (const Error& error) {
      if (!concerns_one_item(error)) {
        throw;
      }
      reporter_.lost(path, error.one_line(), std::move(file.lost_ranges));
    }
  }
  damaged_.clear();
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
  file.is_given_up = true;
  forget_use(file);
  file.writer.discard();
}

struct stat RestoreWindow::place(FileWriter& writer, const FileTask& task,
                                 const std::vector<ByteRange>& zeros) {
  for (const ByteRange& range : zeros) {
    writer.write_zeros(range.offset, range.length);
  }
  return writer.place(task.size, task.name, [&](int fd) {
    metadata_.apply(fd, task.attributes, guard_.path(task.directory, task.name));
  });
}

void RestoreWindow::finish(PendingFile& file) {
  const FileTask& task = file.task;
  const struct stat info = place(file.writer, task, file.zeros);
  forget_use(file);
  reporter_.made_file(task.size);
  placed_(task, info);
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
  if (file.is_given_up) {
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
  file.proven_bytes += extent.wanted.length;
  if (is_salvaging_) {
    return;
  }
  --file.unproven;
  if (file.unproven == 0 && !file.loss && !file.flaw) {
    attempt(extent.file, [&] {
      note_use(extent.file);
      finish(file);
    });
  }
}

void RestoreWindow::failed(std::size_t index, const Error& error) {
  const PlannedExtent& extent = batch_[index];
  PendingFile& file = files_[extent.file];
  if (!file.loss) {
    file.loss = error.one_line();
  }
  if (best_effort_ && !is_salvaging_) {
    failed_.push_back(extent);
    return;
  }
  file.lost_ranges.push_back({extent.offset, extent.wanted.length, extent.wanted.position.pack});
  if (is_salvaging_) {
    attempt(extent.file, [&] {
      note_use(extent.file);
      file.writer.wipe(extent.offset, extent.wanted.length);
    });
  } else {
    lose(file, error.one_line());
  }
}

}  // namespace azekura::restore
