#include <catch2/catch.hpp>
#include <logrelay/util/backoff.hpp>

#include <set>

namespace logrelay {
namespace {

using namespace std::chrono_literals;

TEST_CASE("each wait is twice the last, cut by up to half, and 30 seconds at most") {
  for (std::uint32_t seed = 0; seed < 100; ++seed) {
    backoff pause(seed);
    std::chrono::milliseconds whole = 100ms;
    for (int i = 0; i < 20; ++i, whole = std::min(2 * whole, backoff::longest)) {
      const auto wait = pause.next();
      CHECK(wait >= whole / 2);
      CHECK(wait <= whole);
    }
    CHECK(whole == 30s);
  }
}

TEST_CASE("after success the waits begin anew") {
  backoff pause(1);
  for (int i = 0; i < 10; ++i) static_cast<void>(pause.next());
  pause.reset();
  CHECK(pause.next() <= 100ms);
}

TEST_CASE("two relays do not wait the same") {
  std::set<std::chrono::milliseconds> waits;
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    backoff pause(seed);
    for (int i = 0; i < 9; ++i) static_cast<void>(pause.next());
    waits.insert(pause.next());
  }
  CHECK(waits.size() > 15);
}

}  // namespace
}  // namespace logrelay
