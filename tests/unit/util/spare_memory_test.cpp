#include <logrelay/util/spare_memory.hpp>

#include <catch2/catch.hpp>

#include <deque>
#include <string>

using namespace logrelay;

TEST_CASE("spare memory: a piece that was given back is the next that is asked for") {
  spare_memory all;
  void* const one = all.allocate(spare_memory::piece_bytes);
  void* const other = all.allocate(spare_memory::piece_bytes);
  all.deallocate(one, spare_memory::piece_bytes);
  all.deallocate(other, spare_memory::piece_bytes);
  CHECK(all.allocate(spare_memory::piece_bytes) == other);
  CHECK(all.allocate(spare_memory::piece_bytes - 8) == one);  // a node of an odd size
  all.deallocate(one, spare_memory::piece_bytes - 8);
  all.deallocate(other, spare_memory::piece_bytes);
}

TEST_CASE("spare memory: a deque that grows, shrinks and moves on holds what it holds") {
  spare_memory nodes;
  std::pmr::deque<std::string> all{&nodes};
  int in = 0, out = 0;
  for (const int most : {10, 3, 500, 1, 2000, 50}) {
    for (; in < out + most; ++in) all.push_back(std::to_string(in) + std::string(40, '.'));
    for (; out + most / 2 < in; ++out) {
      REQUIRE(all.front() == std::to_string(out) + std::string(40, '.'));
      all.pop_front();
    }
  }
  CHECK(all.size() == static_cast<std::size_t>(in - out));
}
