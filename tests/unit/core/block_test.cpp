#include <catch2/catch.hpp>
#include <logrelay/core/block.hpp>

#include <cstring>
#include <optional>
#include <thread>
#include <vector>

namespace logrelay {
namespace {

TEST_CASE("a block lives as long as its last reference") {
  block_pool pool;
  block_ref first = pool.take(1000);
  std::memset(first->data(), 'x', 1000);
  CHECK(first->capacity() == 1000);
  {
    const block_ref second = first;
    CHECK(second == first);
    first = {};
    CHECK_FALSE(first);
    CHECK(second->data()[999] == 'x');
    CHECK(pool.bytes_in_use() == 1000);
  }
  CHECK(pool.bytes_in_use() == 0);
}

TEST_CASE("assigning a reference to itself or from another gives up the old block once") {
  block_pool pool;
  block_ref one = pool.take(10), two = pool.take(20);
  const block_ref& same = one;
  one = same;
  CHECK(one->capacity() == 10);
  one = std::move(two);
  CHECK(one->capacity() == 20);
  CHECK_FALSE(two);
  CHECK(pool.bytes_in_use() == 20);
}

TEST_CASE("the block that was used last is used next") {
  block_pool pool;
  block_ref one = pool.take(), two = pool.take();
  const char* const last = two->data();
  one = {};
  two = {};
  CHECK(pool.take()->data() == last);
}

TEST_CASE("a few idle blocks are kept and can be given back") {
  block_pool pool;
  std::vector<block_ref> many;
  for (std::size_t i = 0; i < 3 * block_pool::most_idle; ++i) many.push_back(pool.take());
  many.clear();
  CHECK(pool.bytes_in_use() == 0);
  pool.trim();
  CHECK(pool.take()->capacity() == block_pool::standard_bytes);
}

TEST_CASE("a block outlives its pool, and a copy of a pool is the same pool") {
  auto pool = std::make_optional<block_pool>();
  const block_pool copy = *pool;
  block_ref kept = pool->take();
  pool.reset();
  CHECK(copy.bytes_in_use() == block_pool::standard_bytes);
  std::memset(kept->data(), 'x', kept->capacity());
  kept = {};
  CHECK(copy.bytes_in_use() == 0);
  block_ref lonely = block_pool().take();
  lonely->data()[0] = 'x';
  lonely = {};  // the last to know its pool
}

TEST_CASE("references may come and go in many threads") {
  block_pool pool;
  {
    const block_ref shared = pool.take();
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&pool, shared] {
        for (int n = 0; n < 3'000; ++n) {
          const block_ref copy = shared;
          block_ref own = pool.take();
          own->data()[0] = static_cast<char>(n);
          if (n % 100 == 0) pool.trim();
        }
      });
    for (auto& each : threads) each.join();
    CHECK(pool.bytes_in_use() == block_pool::standard_bytes);
  }
  CHECK(pool.bytes_in_use() == 0);
}

}  // namespace
}  // namespace logrelay
