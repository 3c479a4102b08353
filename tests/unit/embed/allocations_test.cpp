#include <catch2/catch.hpp>
#include <support/process.hpp>

#include <sstream>

using namespace logrelay::support;

TEST_CASE("adopt: a log call does not allocate, neither while its sink keeps up nor while records are dropped") {
  constexpr unsigned long records = 100'000;
  const std::string mode = GENERATE("block", "drop");
  CAPTURE(mode);
  std::istringstream counted(run({LOGRELAY_ALLOCATIONS, std::to_string(records), mode}).output);
  unsigned long allocations = records, accepted = 0;
  counted >> allocations >> accepted;
  CHECK(accepted == records + 50'000);
  CHECK(allocations == 0);
}
