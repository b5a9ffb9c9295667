#include "restore/restore_window.h"

#include "core/interrupt.h"
#include "core/tree_codec.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace azekura::restore {

namespace {

constexpr std::size_t kFilesMax = 200'000;
constexpr std::size_t kOpenFilesMax = 128;
constexpr unsigned kLanesMax = 8;
/// To share blocks the file system writes them first; smaller files are better written together.
constexpr std::uint64_t kTwinBytesMin = 1 * kMiB;
/// Files that follow each other share a directory, where threads wait for one another.
constexpr std::uint32_t kNeighbours = 24;

unsigned lanes_for(unsigned threads) { return std::clamp(threads, 1U, kLanesMax); }

}  // namespace

RestoreWindow::RestoreWindow(ExtentSource& source, const Target& target, SpareSource* spare,
                             bool best_effort, unsigned threads, const FilePlaced& placed)
    : source_{source},
      target_{target},
      spare_{spare},
      best_effort_{best_effort},
      is_patient_{best_effort || spare != nullptr},
      lanes_(lanes_for(threads),
             FileLane{target,
                      [this, placed](const FileTask& task, const struct stat& info) {
                        const std::lock_guard lock{placing_};
                        placed(task, info);
                      },
                      kOpenFilesMax / lanes_for(threads)}),
      hands_{lanes_for(threads), lanes_for(threads), [](FileLane*& lane) { lane->run_steps(); },
             [](FileLane*&& /*lane*/) {}} {}

FileLane& RestoreWindow::lane_of(std::uint32_t file) {
  return lanes_[file / kNeighbours % lanes_.size()];
}

void RestoreWindow::add(FileTask task, std::span<const Extent> extents,
                        std::optional<std::string> flaw) {
  if (flaw && !best_effort_) {
    throw DamageError{"{}", *flaw};
  }
  const bool may_be_twin = !best_effort_ && task.size >= kTwinBytesMin;
  const auto first = may_be_twin ? firsts_.find(task.content) : firsts_.end();
  if (first != firsts_.end() && files_[first->second].task.size == task.size) {
    add_twin(files_[first->second], std::move(task), extents);
    return;
  }
  const Digest content = task.content;
  const std::size_t before = files_.size();
  plan(std::move(task), extents, std::move(flaw));
  if (may_be_twin && files_.size() > before) {
    firsts_.emplace(content, static_cast<std::uint32_t>(before));
  }
}

void RestoreWindow::add_twin(PendingFile& first, FileTask task, std::span<const Extent> extents) {
  if (covered_bytes(extents) != task.size) {
    throw DamageError{"extents do not cover a file of {} bytes", task.size};
  }
  ++twin_count_;
  twin_extents_ += extents.size();
  first.twins.push_back({std::move(task), {extents.begin(), extents.end()}});
}

void RestoreWindow::plan(FileTask task, std::span<const Extent> extents,
                         std::optional<std::string> flaw) {
  const auto number = static_cast<std::uint32_t>(files_.size());
  const std::uint32_t count = plan_.add(number, extents, task.size);
  FileWriter writer{target_.guard, task.directory};
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
    lane_of(number).finish(file);
    if (!file.loss) {
      files_.pop_back();
    }
  }
}

bool RestoreWindow::is_full() const noexcept {
  return plan_.size() + twin_extents_ >= ExtentPlan::kFull ||
         files_.size() + twin_count_ >= kFilesMax;
}

void RestoreWindow::run() {
  make_planned();
  // What was wrong with the first of them need not be wrong with its twins.
  for (Twin& twin : std::exchange(bereft_, {})) {
    const std::string path = target_.guard.path(twin.task.directory, twin.task.name);
    try {
      plan(std::move(twin.task), twin.extents, std::nullopt);
    } catch (const DamageError& error) {
      target_.reporter.lost(path, error.one_line());
    }
  }
  make_planned();
}

void RestoreWindow::make_planned() {
  fetch_all();
  salvage();
  settle();
  plan_.clear();
  files_.clear();
  firsts_.clear();
  twin_count_ = 0;
  twin_extents_ = 0;
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
  block_done();  // extents may have failed after the last block
}

void RestoreWindow::salvage() {
  is_salvaging_ = true;
  for (const PlannedExtent& extent : std::exchange(failed_, {})) {
    if (!files_[extent.file].is_given_up) {
      salvage(extent);
      --files_[extent.file].unproven;  // its lost ranges say what is missing
    }
  }
  is_salvaging_ = false;
}

void RestoreWindow::salvage(const PlannedExtent& extent) {
  lane_of(extent.file).wipe(files_[extent.file], extent.offset, extent.wanted.length);
  if (fetch_spare(extent)) {
    return;
  }
  std::vector<PlannedExtent> chunks;
  if (best_effort_) {
    for (const WantedExtent& chunk : source_.chunks_of(extent.wanted)) {
      const std::uint64_t before = chunk.position.byte - extent.wanted.position.byte;
      chunks.push_back({chunk, extent.file, extent.offset + before});
    }
  }
  if (chunks.empty()) {
    note_lost(extent);
    return;
  }
  fetch(chunks);
  for (const PlannedExtent& chunk : std::exchange(failed_, {})) {
    if (!fetch_spare(chunk)) {
      note_lost(chunk);
    }
  }
}

/// False if nothing of it is to be had there; then what was written of it counts for nothing.
bool RestoreWindow::fetch_spare(const PlannedExtent& extent) {
  if (spare_ == nullptr) {
    return false;
  }
  const FileTask& task = files_[extent.file].task;
  batch_ = {&extent, 1};
  delivered_.assign(1, 0);
  spare_->fetch(target_.guard.path(task.directory, task.name), extent.offset, extent.wanted, *this);
  block_done();
  return std::exchange(failed_, {}).empty();
}

void RestoreWindow::note_lost(const PlannedExtent& extent) {
  PendingFile& file = files_[extent.file];
  file.lost_ranges.push_back({extent.offset, extent.wanted.length, extent.wanted.position.pack});
  lane_of(extent.file).wipe(file, extent.offset, extent.wanted.length);
}

void RestoreWindow::settle() {
  for (std::size_t i = 0; i < files_.size(); ++i) {
    PendingFile& file = files_[i];
    FileLane& lane = lane_of(static_cast<std::uint32_t>(i));
    const bool is_salvaged = !file.is_given_up && file.loss && !file.flaw && file.unproven == 0 &&
                             file.lost_ranges.empty();
    if (is_salvaged) {  // its chunks were intact after all
      file.loss.reset();
      lane.finish(file);
    }
    if (file.flaw && !file.loss) {
      file.loss = std::move(file.flaw);
    } else if (file.unproven > 0 && !file.loss) {
      lane.lose(file, "its bytes were not delivered");
    }
    std::move(file.twins.begin(), file.twins.end(), std::back_inserter(bereft_));
    if (!file.loss) {
      continue;
    }
    const bool has_worth = best_effort_ && !file.is_given_up && file.proven_bytes > 0;
    if (has_worth) {
      lane.close(file);
    }
    if (has_worth && !file.is_given_up) {
      damaged_.push_back(std::move(file));
    } else {
      lane.lose(file, *file.loss);
      target_.reporter.lost(target_.guard.path(file.task.directory, file.task.name), *file.loss,
                            std::move(file.lost_ranges));
    }
  }
}

void RestoreWindow::place_damaged() {
  for (PendingFile& file : damaged_) {
    const std::string path = target_.guard.path(file.task.directory, file.task.name);
    try {
      file.task.name = target_.guard.free_name(file.task.directory, file.task.name, ".damaged");
      static_cast<void>(place(target_, file));
      target_.reporter.lost(path, std::move(*file.loss), std::move(file.lost_ranges),
                            target_.guard.path(file.task.directory, file.task.name));
    } catch (const Error& error) {
      if (!concerns_one_item(error)) {
        throw;
      }
      target_.reporter.lost(path, error.one_line(), std::move(file.lost_ranges));
    }
  }
  damaged_.clear();
}

void RestoreWindow::bytes(std::size_t index, std::uint64_t offset, ByteView bytes) {
  throw_if_interrupted();
  const PlannedExtent& extent = batch_[index];
  AZK_CHECK(offset == delivered_[index] && bytes.size() <= extent.wanted.length - offset);
  delivered_[index] += static_cast<std::uint32_t>(bytes.size());
  FileLane& lane = lane_of(extent.file);
  lane.add_step([this, &lane, &extent, offset, bytes] {
    lane.write(files_[extent.file], extent.offset + offset, bytes);
  });
}

void RestoreWindow::proven(std::size_t index) {
  const PlannedExtent& extent = batch_[index];
  AZK_CHECK(delivered_[index] == extent.wanted.length);
  lane_of(extent.file).add_step([this, &extent] { note_proven(extent); });
}

void RestoreWindow::failed(std::size_t index, const Error& error) {
  const PlannedExtent& extent = batch_[index];
  if (is_patient_) {
    failed_.push_back(extent);
  }
  lane_of(extent.file).add_step([this, &extent, reason = error.one_line()] {
    note_failed(extent, reason);
  });
}

void RestoreWindow::block_done() {
  std::vector<FileLane*> busy;
  for (FileLane& lane : lanes_) {
    if (lane.has_steps()) {
      busy.push_back(&lane);
    }
  }
  if (busy.size() == 1) {
    busy.front()->run_steps();
  } else {
    for (FileLane* lane : busy) {
      hands_.push(lane);
    }
    hands_.drain();
  }
  for (const FileLane* lane : busy) {  // now that none of them uses the block any more
    lane->rethrow();
  }
}

void RestoreWindow::note_proven(const PlannedExtent& extent) {
  PendingFile& file = files_[extent.file];
  file.proven_bytes += extent.wanted.length;
  if (is_salvaging_) {
    return;
  }
  --file.unproven;
  if (file.unproven == 0 && !file.loss && !file.flaw) {
    lane_of(extent.file).finish(file);
  }
}

void RestoreWindow::note_failed(const PlannedExtent& extent, const std::string& reason) {
  PendingFile& file = files_[extent.file];
  if (!file.loss) {
    file.loss = reason;
  }
  if (is_patient_) {
    return;  // salvage() has a closer look
  }
  file.lost_ranges.push_back({extent.offset, extent.wanted.length, extent.wanted.position.pack});
  lane_of(extent.file).lose(file, reason);
}

}  // namespace azekura::restore
