#include "restore/file_lane.h"

#include <utility>

namespace azekura::restore {

FileLane::FileLane(const Target& target, FilePlaced placed, std::size_t open_max)
    : target_{target}, placed_{std::move(placed)}, open_max_{open_max} {}

template <typename Step>
void FileLane::attempt(PendingFile& file, Step&& step) {
  if (file.is_given_up) {
    return;
  }
  try {
    std::forward<Step>(step)();
  } catch (const Error& error) {
    if (!concerns_one_item(error)) {
      throw;
    }
    lose(file, error.one_line());
  }
}

void FileLane::write(PendingFile& file, std::uint64_t offset, ByteView bytes) {
  attempt(file, [&] {
    note_use(file);
    file.writer.write(offset, bytes);
    target_.reporter.advanced(bytes.size());
  });
}

void FileLane::wipe(PendingFile& file, std::uint64_t offset, std::uint64_t length) {
  attempt(file, [&] {
    note_use(file);
    file.writer.wipe(offset, length);
  });
}

void FileLane::finish(PendingFile& file) {
  attempt(file, [&] {
    note_use(file);
    make_twins(file);
    const struct stat info = place(target_, file);
    forget_use(file);
    note_placed(file, info);
    target_.reporter.advanced(file.gap_bytes);
  });
}

void FileLane::note_placed(const PendingFile& file, const struct stat& info) {
  target_.reporter.made_file(file.task.size);
  placed_(file.task, info);
}

void FileLane::make_twins(PendingFile& file) {
  for (Twin& twin : std::exchange(file.twins, {})) {
    try {
      make_twin(file, twin);
    } catch (const Error& error) {
      if (!concerns_one_item(error)) {
        throw;
      }
      file.twins.push_back(std::move(twin));
    }
  }
}

void FileLane::make_twin(PendingFile& file, const Twin& twin) {
  PendingFile made{twin.task, FileWriter{target_.guard, twin.task.directory}, 0, std::nullopt};
  std::uint64_t offset = 0;
  for (std::size_t i = 0; i < twin.extents.size();) {
    // Neighbours together: blocks are shared only whole.
    const ExtentKind kind = twin.extents[i].kind;
    std::uint64_t length = 0;
    for (; i < twin.extents.size() && twin.extents[i].kind == kind; ++i) {
      length += twin.extents[i].length;
    }
    if (kind == ExtentKind::data) {
      made.writer.copy_from(file.writer, offset, length);
    } else if (kind == ExtentKind::zero) {
      made.zeros.push_back({offset, length});
    }
    offset += length;
  }
  note_placed(made, place(target_, made));
  target_.reporter.advanced(made.task.size);
}

void FileLane::lose(PendingFile& file, std::string reason) {
  if (!file.loss) {
    file.loss = std::move(reason);
  }
  file.is_given_up = true;
  forget_use(file);
  file.writer.discard();
}

void FileLane::close(PendingFile& file) {
  forget_use(file);
  attempt(file, [&] { file.writer.suspend(); });
}

void FileLane::note_use(PendingFile& file) {
  if (file.use) {
    uses_.splice(uses_.begin(), uses_, *file.use);
    return;
  }
  if (uses_.size() == open_max_) {
    close(*uses_.back());
  }
  uses_.push_front(&file);
  file.use = uses_.begin();
}

void FileLane::forget_use(PendingFile& file) {
  if (file.use) {
    uses_.erase(*file.use);
    file.use.reset();
  }
}

void FileLane::run_steps() noexcept {
  try {
    for (const std::function<void()>& step : steps_) {
      step();
    }
  } catch (...) {  // kept for rethrow
    failure_ = std::current_exception();
  }
  steps_.clear();
}

void FileLane::rethrow() const {
  if (failure_) {
    std::rethrow_exception(failure_);
  }
}

struct stat place(const Target& target, PendingFile& file) {
  for (const ByteRange& range : file.zeros) {
    file.writer.write_zeros(range.offset, range.length);
  }
  const FileTask& task = file.task;
  return file.writer.place(task.size, task.name, [&](int fd) {
    target.metadata.apply(fd, task.attributes, target.guard.path(task.directory, task.name));
  });
}

}  // namespace azekura::restore
