#include <logrelay/util/token_bucket.hpp>

#include <catch2/catch.hpp>

namespace logrelay {
namespace {

using namespace std::chrono_literals;
constexpr auto none = steady_time::duration::zero();
const steady_time start{1000s};

TEST_CASE("a second's worth passes at once and what is too much is owed") {
  token_bucket bucket(100);
  CHECK(bucket.wait(start) == none);
  bucket.take(350);
  CHECK(bucket.wait(start) > 2500ms);
  CHECK(bucket.wait(start + 2500ms) > none);
  CHECK(bucket.wait(start + 2600ms) == none);
  CHECK_FALSE(bucket.full(start + 2600ms));
  CHECK(bucket.full(start + 3600ms));
}

TEST_CASE("who waits as long as it says may pass then") {
  for (const double rate : {1.0, 3.0, 1000.0, 1e9}) {
    token_bucket bucket(rate);
    bucket.take(rate * 7);
    const auto wait = bucket.wait(start);
    CHECK(wait > none);
    CHECK(bucket.wait(start + wait) == none);
  }
}

TEST_CASE("over a long time no more passes than the rate allows") {
  token_bucket bucket(10);
  int passed = 0;
  for (auto now = start; now < start + 100s; now += 7ms)
    if (bucket.wait(now) == none) bucket.take(1), ++passed;
  CHECK(passed >= 1000);
  CHECK(passed <= 1012);
}

TEST_CASE("a rate of 0 is no limit") {
  token_bucket bucket(0);
  bucket.take(1e12);
  CHECK(bucket.wait(start) == none);
  CHECK(bucket.full(start));
}

}  // namespace
}  // namespace logrelay
