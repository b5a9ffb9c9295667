#include "vault/fetch_line.h"

#include <utility>

namespace azekura::vault {

namespace {

/// Opened while the first of them is delivered, beyond one a thread.
constexpr std::size_t kBlocksAhead = 6;
/// Delivered before the receiver must be done with them: it writes several files at once only if
/// it has bytes of several, and neighbours in a block are neighbours in a directory.
constexpr std::size_t kBlocksTogether = 4;

}  // namespace

FetchLine::FetchLine(unsigned threads, Open open, ExtentReceiver& receiver)
    : open_{std::move(open)},
      receiver_{receiver},
      stage_{threads, threads + kBlocksAhead, [this](Job& job) { this->open(job); },
             [this](Job&& job) { deliver(job); }} {}

void FetchLine::add(const std::shared_ptr<PackFetch>& fetch,
                    std::span<const std::uint32_t> blocks) {
  for (const std::uint32_t block : blocks) {
    stage_.push({fetch, block, nullptr, std::nullopt});
  }
  stage_.push({fetch, std::nullopt, nullptr, std::nullopt});
}

void FetchLine::drain() {
  stage_.drain();
  let_go();
}

void FetchLine::open(Job& job) const {
  if (!job.block) {
    return;
  }
  try {
    job.opened = open_(job.fetch->pack(), *job.block);
  } catch (const Error& error) {
    job.failure = error;
  }
}

void FetchLine::deliver(Job& job) {
  if (!job.block) {
    job.fetch->finish();
  } else if (job.failure) {
    job.fetch->fail(*job.block, *job.failure);
  } else {
    job.fetch->take(*job.opened);
    held_.push_back(std::move(job.opened));
  }
  if (held_.size() == kBlocksTogether) {
    let_go();
  }
}

void FetchLine::let_go() {
  receiver_.block_done();
  held_.clear();
}

}  // namespace azekura::vault
