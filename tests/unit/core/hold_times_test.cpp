#include <catch2/catch.hpp>
#include <logrelay/core/hold_times.hpp>

namespace logrelay {
namespace {

using seconds = hold_times::seconds;
steady_time at(int second) { return steady_time(std::chrono::seconds(second)); }

TEST_CASE("an input that nobody has held was held for no time") {
  const hold_times held;
  CHECK(held.by_output(at(10)).empty());
}

TEST_CASE("each output answers for the time that it held the input") {
  hold_times held;
  held.hold(2, at(10));
  held.hold(0, at(13));
  held.release(at(14));
  held.hold(2, at(20));
  held.release(at(25));
  const auto all = held.by_output(at(100));
  REQUIRE(all.size() == 3);
  CHECK(all[0] == seconds(1));
  CHECK(all[1] == seconds(0));
  CHECK(all[2] == seconds(8));
}

TEST_CASE("a hold that goes on counts until now, and asking changes nothing") {
  hold_times held;
  held.hold(0, at(10));
  CHECK(held.by_output(at(11))[0] == seconds(1));
  CHECK(held.by_output(at(12))[0] == seconds(2));
  held.hold(0, at(13));  // asked again, and still held
  CHECK(held.by_output(at(15))[0] == seconds(5));
  held.release(at(16));
  held.release(at(19));
  CHECK(held.by_output(at(20))[0] == seconds(6));
}

}  // namespace
}  // namespace logrelay
