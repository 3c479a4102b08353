#include <logrelay/util/deadline.hpp>

#include <catch2/catch.hpp>

namespace logrelay {
namespace {

using namespace std::chrono_literals;

const steady_time now = steady_time(100h);

}  // namespace

TEST_CASE("deadline: one is so much later") {
  CHECK(deadline_in(5s, now) == now + 5s);
  CHECK(deadline_in(0s, now) == now);
}

TEST_CASE("deadline: one of less than no time is now") {
  CHECK(deadline_in(-5s, now) == now);
  CHECK(deadline_in(std::chrono::milliseconds::min(), now) == now);
}

TEST_CASE("deadline: one beyond all time is none") {
  CHECK(deadline_in(std::chrono::milliseconds::max(), now) == steady_time::max());
  CHECK(deadline_in(std::chrono::hours(24 * 365 * 300), now) == steady_time::max());
  CHECK(deadline_in(std::chrono::milliseconds::max(), steady_time::max()) == steady_time::max());
}

}  // namespace logrelay
