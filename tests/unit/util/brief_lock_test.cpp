#include <logrelay/util/brief_lock.hpp>
#include <support/eventually.hpp>

#include <catch2/catch.hpp>

#include <mutex>
#include <thread>
#include <vector>

using namespace logrelay;

TEST_CASE("brief lock: of many threads one at a time has it, and sees what the others did") {
  constexpr int threads = 4, times = 20'000;
  brief_lock mutex;
  int count = 0;  // no atomic
  std::vector<std::thread> all;
  for (int i = 0; i < threads; ++i)
    all.emplace_back([&] {
      for (int n = 0; n < times; ++n) {
        const std::lock_guard lock(mutex);
        ++count;
      }
    });
  for (auto& each : all) each.join();
  CHECK(count == threads * times);
}

TEST_CASE("brief lock: who finds it taken waits for as long as it is") {
  brief_lock mutex;
  std::atomic<bool> waits{false}, has_it{false};
  mutex.lock();
  std::thread other([&] {
    waits = true;
    const std::lock_guard lock(mutex);
    has_it = true;
  });
  REQUIRE(support::eventually([&] { return waits.load(); }));
  CHECK_FALSE(has_it);
  mutex.unlock();
  other.join();
  CHECK(has_it);
}
