#include <logrelay/util/rare_notice.hpp>

#include <catch2/catch.hpp>

namespace logrelay {
namespace {

using namespace std::chrono_literals;

TEST_CASE("what happens all the time is told once a minute with how often it was not told") {
  rare_notice notice;
  const steady_time start{1000s};
  CHECK(notice.happened(start) == "");
  for (int i = 0; i < 12; ++i) CHECK_FALSE(notice.happened(start + 59s));
  CHECK(notice.happened(start + 60s) == "; it happened 12 more times since the last such message");
  CHECK_FALSE(notice.happened(start + 61s));
  CHECK(notice.happened(start + 120s) == "; it happened 1 more time since the last such message");
  CHECK(notice.happened(start + 180s) == "");
}

}  // namespace
}  // namespace logrelay
