#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace azekura {

/// One stage of a pipeline: items are worked on in parallel and delivered in the order pushed.
///
/// `work` runs on any of the stage's threads; `deliver` runs on one thread at a time, in ticket
/// order. At most `bound` items are inside, so a slow `deliver` holds `push` back. The first
/// exception from either stops the stage and is rethrown by push and drain; `deliver` does not run
/// then, nor ever again.
/// Threads: push and drain from one thread, or under one lock.
template <typename Item>
class OrderedStage {
 public:
  using Work = std::function<void(Item&)>;
  using Deliver = std::function<void(Item&&)>;

  OrderedStage(unsigned threads, std::size_t bound, Work work, Deliver deliver)
      : bound_{bound}, work_{std::move(work)}, deliver_{std::move(deliver)} {
    try {
      for (unsigned i = 0; i < threads; ++i) {
        threads_.emplace_back([this] { run(); });
      }
    } catch (...) {  // the system gives no more threads: end those there are, then report
      end_threads();
      throw;
    }
  }
  OrderedStage(const OrderedStage&) = delete;
  OrderedStage& operator=(const OrderedStage&) = delete;
  /// Discards what was not delivered; drain() first to finish.
  ~OrderedStage() { end_threads(); }

  /// Takes no more items and begins no more work. A push that waits returns, its item dropped.
  void stop() noexcept {
    {
      const std::lock_guard lock{mutex_};
      stopping_ = true;
    }
    changed_.notify_all();
  }

  void push(Item item) {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] {
      return stopping_ || (failure_ ? !delivering_ : next_ticket_ - delivered_ < bound_);
    });
    rethrow();
    if (stopping_) {
      return;
    }
    waiting_.emplace(next_ticket_++, std::move(item));
    changed_.notify_all();
  }

  /// Returns when everything pushed has been delivered, or the stage was stopped.
  void drain() {
    std::unique_lock lock{mutex_};
    changed_.wait(
        lock, [&] { return stopping_ || (failure_ ? !delivering_ : delivered_ == next_ticket_); });
    rethrow();
  }

 private:
  void end_threads() noexcept {
    stop();
    for (std::thread& thread : threads_) {
      thread.join();
    }
  }

  void rethrow() const {
    if (failure_) {
      std::rethrow_exception(failure_);
    }
  }

  bool may_deliver() const {
    return !delivering_ && !done_.empty() && done_.begin()->first == delivered_;
  }

  /// A thread whose item is not the next one to deliver leaves it and takes another.
  void run() {
    std::unique_lock lock{mutex_};
    while (true) {
      changed_.wait(lock,
                    [&] { return stopping_ || failure_ || may_deliver() || !waiting_.empty(); });
      if (stopping_ || failure_) {
        return;
      }
      const bool delivers = may_deliver();
      try {
        if (delivers) {
          auto node = done_.extract(done_.begin());
          delivering_ = true;
          lock.unlock();
          deliver_(std::move(node.mapped()));
          lock.lock();
          ++delivered_;
        } else {
          auto node = waiting_.extract(waiting_.begin());
          lock.unlock();
          work_(node.mapped());
          lock.lock();
          done_.insert(std::move(node));
        }
      } catch (...) {  // kept for push and drain to rethrow
        if (!lock.owns_lock()) {
          lock.lock();
        }
        if (!failure_) {
          failure_ = std::current_exception();
        }
      }
      delivering_ = delivering_ && !delivers;
      changed_.notify_all();
    }
  }

  const std::size_t bound_;
  const Work work_;
  const Deliver deliver_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::uint64_t, Item> waiting_;
  std::map<std::uint64_t, Item> done_;  ///< worked on, not delivered
  std::uint64_t next_ticket_ = 0;
  std::uint64_t delivered_ = 0;
  std::exception_ptr failure_;
  bool delivering_ = false;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace azekura
