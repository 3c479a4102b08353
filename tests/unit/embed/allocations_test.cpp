#include <catch2/catch.hpp>
#include <support/process.hpp>

#include <sstream>

using namespace logrelay::support;

TEST_CASE("adopt: a log call does not allocate") {
  constexpr unsigned long records = 100'000;
  std::istringstream counted(run({LOGRELAY_ALLOCATIONS, std::to_string(records)}).output);
  unsigned long allocations = records, accepted = 0;
  counted >> allocations >> accepted;
  CHECK(accepted == records + 50'000);
  // A slice of a thousand records has a place in the queue behind, and a few of those are one piece of memory.
  CHECK(allocations <= records / 1000);
}
