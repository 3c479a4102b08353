#include <catch2/catch.hpp>
#include <logrelay/util/guarded.hpp>

#include <memory>
#include <thread>
#include <type_traits>
#include <vector>

namespace logrelay {
namespace {

TEST_CASE("what is guarded is made in place and reached through its lock") {
  guarded<std::vector<int>> numbers(3u, 7);
  CHECK(numbers.with([](auto& all) { return all.size(); }) == 3);
  numbers.with([](auto& all) { all.push_back(8); });
  CHECK(numbers.with([](auto& all) { return all.back(); }) == 8);
}

TEST_CASE("a constant guard shows a constant") {
  const guarded<int> number(4);
  number.with([](auto& value) { static_assert(std::is_const_v<std::remove_reference_t<decltype(value)>>); });
  CHECK(number.with([](const int& value) { return value; }) == 4);
}

TEST_CASE("threads take turns") {
  guarded<long> count;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int n = 0; n < 5'000; ++n) count.with([](long& value) { ++value; });
    });
  for (auto& each : threads) each.join();
  CHECK(count.with([](long& value) { return value; }) == 20'000);
}

}  // namespace
}  // namespace logrelay
