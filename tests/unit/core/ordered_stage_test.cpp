#include "core/ordered_stage.h"

#include "core/error.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <memory>
#include <vector>

namespace azekura {

TEST_CASE("OrderedStage: any number of threads delivers in the order pushed, each item once") {
  for (const unsigned threads : {1U, 2U, 8U, 32U}) {
    CAPTURE(threads);
    std::vector<int> delivered;
    {
      OrderedStage<int> stage{threads, 16,
                              [](int& item) {
                                for (int i = 0; i < item % 7; ++i) {  // uneven work
                                  std::this_thread::yield();
                                }
                                item *= 2;
                              },
                              [&](int&& item) { delivered.push_back(item); }};
      for (int i = 0; i < 5000; ++i) {
        stage.push(i);
      }
      stage.drain();
      REQUIRE(delivered.size() == 5000);
      stage.push(5000);  // a drained stage goes on
      stage.drain();
    }
    REQUIRE(delivered.size() == 5001);
    for (int i = 0; i <= 5000; ++i) {
      REQUIRE(delivered[static_cast<std::size_t>(i)] == 2 * i);
    }
  }
}

TEST_CASE("OrderedStage: never more than its bound inside") {
  constexpr std::size_t kBound = 5;
  std::atomic<std::size_t> inside{0};
  std::atomic<std::size_t> most{0};
  OrderedStage<int> stage{8, kBound,
                          [&](int&) {
                            const std::size_t now = ++inside;
                            std::size_t seen = most;
                            while (now > seen && !most.compare_exchange_weak(seen, now)) {
                            }
                            std::this_thread::yield();
                          },
                          [&](int&&) { --inside; }};
  for (int i = 0; i < 2000; ++i) {
    stage.push(i);
  }
  stage.drain();
  CHECK(most <= kBound);
  CHECK(most >= 1);
}

TEST_CASE("OrderedStage: the first failure of work reaches drain and every later push") {
  std::vector<int> delivered;
  OrderedStage<int> stage{4, 64,
                          [](int& item) {
                            if (item == 10) {
                              throw DamageError{"item {} is bad", item};
                            }
                          },
                          [&](int&& item) { delivered.push_back(item); }};
  const auto run = [&] {
    for (int i = 0; i < 1000; ++i) {
      stage.push(i);
    }
    stage.drain();
  };
  CHECK_THROWS_WITH_AS(run(), "item 10 is bad", DamageError);
  CHECK_THROWS_WITH_AS(stage.push(1), "item 10 is bad", DamageError);
  CHECK_THROWS_WITH_AS(stage.drain(), "item 10 is bad", DamageError);
  CHECK(delivered.size() <= 10);  // nothing after the failed item
  for (std::size_t i = 0; i < delivered.size(); ++i) {
    CHECK(delivered[i] == static_cast<int>(i));
  }
}

TEST_CASE("OrderedStage: a failure of deliver stops the stage") {
  int delivered = 0;
  OrderedStage<int> stage{4, 8, [](int&) {},
                          [&](int&&) {
                            if (++delivered == 3) {
                              throw MediumError{"gone"};
                            }
                          }};
  const auto run = [&] {
    for (int i = 0; i < 100; ++i) {
      stage.push(i);
    }
    stage.drain();
  };
  CHECK_THROWS_AS(run(), MediumError);
  CHECK(delivered == 3);
}

TEST_CASE("OrderedStage: stop releases a push that waits, and drops its item") {
  std::promise<void> open;
  const std::shared_future<void> gate = open.get_future().share();
  std::atomic<int> delivered{0};
  OrderedStage<int> stage{1, 1, [&](int&) { gate.wait(); }, [&](int&&) { ++delivered; }};
  stage.push(1);  // fills the bound
  std::promise<void> begun;
  std::thread pusher{[&] {
    begun.set_value();
    stage.push(2);
  }};
  begun.get_future().wait();
  stage.stop();
  pusher.join();  // comes back although the first item is still in work
  open.set_value();
  CHECK(delivered <= 1);
}

TEST_CASE("OrderedStage: its destructor discards what was not delivered, and joins") {
  const auto token = std::make_shared<int>(0);
  {
    OrderedStage<std::shared_ptr<int>> stage{2, 1000, [](std::shared_ptr<int>&) {},
                                             [](std::shared_ptr<int>&&) {}};
    for (int i = 0; i < 500; ++i) {
      stage.push(token);
    }
  }
  CHECK(token.use_count() == 1);
}

}  // namespace azekura
