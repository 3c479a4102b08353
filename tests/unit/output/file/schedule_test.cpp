#include <logrelay/output/file/schedule.hpp>

#include <catch2/catch.hpp>

#include <cstdlib>
#include <ctime>
#include <string>

namespace logrelay {
namespace {

using namespace std::chrono_literals;
using texts = std::vector<std::string>;

/// The process's zone, for one test.
class zone {
 public:
  explicit zone(const char* name) {
    if (const char* old = std::getenv("TZ")) before_ = old;
    ::setenv("TZ", name, 1);
    ::tzset();
  }
  ~zone() {
    before_.empty() ? ::unsetenv("TZ") : ::setenv("TZ", before_.c_str(), 1);
    ::tzset();
  }

 private:
  std::string before_;
};

// Rules in POSIX's form, so that no zone files are needed: Berlin's and New York's, and one of half an hour.
constexpr auto berlin = "CET-1CEST,M3.5.0,M10.5.0/3", new_york = "EST5EDT,M3.2.0,M11.1.0",
               lord_howe = "LHST-10:30LHDT-11,M10.1.0,M4.1.0";

wall_time at(const std::string& text) {
  std::tm time{};
  REQUIRE(::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%SZ", &time) != nullptr);
  return wall_time(std::chrono::seconds(::timegm(&time)));
}

std::string text_of(wall_time time) {
  const std::time_t second = std::chrono::system_clock::to_time_t(time);
  char text[32];
  std::tm utc{};
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", ::gmtime_r(&second, &utc))};
}

/// The first `n` boundaries behind a time.
texts boundaries(const schedule& when, const std::string& from, int n) {
  texts found;
  for (auto now = at(from); n > 0; --n) found.push_back(text_of(now = when.after(now)));
  return found;
}

TEST_CASE("boundaries are those of the clock on the wall") {
  CHECK(boundaries(schedule(15min, 0s, true), "2026-11-22T14:05:01Z", 3) ==
        texts{"2026-11-22T14:15:00Z", "2026-11-22T14:30:00Z", "2026-11-22T14:45:00Z"});
  CHECK(boundaries(schedule(24h, 3h, true), "2026-11-22T14:05:01Z", 2) ==
        texts{"2026-11-23T03:00:00Z", "2026-11-24T03:00:00Z"});
  CHECK(boundaries(schedule(24h, 0s, true), "2026-11-22T00:00:00Z", 1) == texts{"2026-11-23T00:00:00Z"});
  CHECK(boundaries(schedule(1s, 0s, true), "2026-11-22T23:59:59Z", 2) ==
        texts{"2026-11-23T00:00:00Z", "2026-11-23T00:00:01Z"});
}

TEST_CASE("a week begins on Monday") {
  CHECK(boundaries(schedule(7 * 24h, 0s, true), "2026-11-22T14:05:01Z", 2) ==
        texts{"2026-11-23T00:00:00Z", "2026-11-30T00:00:00Z"});
}

TEST_CASE("a leap day is a day") {
  CHECK(boundaries(schedule(24h, 0s, true), "2028-02-28T12:00:00Z", 3) ==
        texts{"2028-02-29T00:00:00Z", "2028-03-01T00:00:00Z", "2028-03-02T00:00:00Z"});
  CHECK(boundaries(schedule(24h, 0s, true), "2026-02-28T12:00:00Z", 1) == texts{"2026-03-01T00:00:00Z"});
}

TEST_CASE("days begin at local midnight across both changes of daylight saving") {
  const zone here(berlin);
  const schedule daily(24h, 0s, false);
  CHECK(boundaries(daily, "2026-03-28T12:00:00Z", 3) ==
        texts{"2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", "2026-03-30T22:00:00Z"});
  CHECK(boundaries(daily, "2026-10-24T12:00:00Z", 3) ==
        texts{"2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", "2026-10-26T23:00:00Z"});
}

TEST_CASE("hours that are left out or repeated begin new files too") {
  const zone here(berlin);
  const schedule hourly(1h, 0s, false), quarters(15min, 0s, false);
  CHECK(boundaries(hourly, "2026-03-28T23:30:00Z", 3) ==
        texts{"2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z"});
  CHECK(boundaries(hourly, "2026-10-24T23:30:00Z", 4) ==
        texts{"2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z", "2026-10-25T02:00:00Z", "2026-10-25T03:00:00Z"});
  CHECK(boundaries(quarters, "2026-10-25T00:44:00Z", 3) ==
        texts{"2026-10-25T00:45:00Z", "2026-10-25T01:00:00Z", "2026-10-25T01:15:00Z"});
}

TEST_CASE("a time of day that is left out is taken when the clock jumps over it") {
  const zone here(berlin);
  CHECK(boundaries(schedule(24h, 2h + 30min, false), "2026-03-28T12:00:00Z", 2) ==
        texts{"2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"});
  CHECK(boundaries(schedule(24h, 3h, false), "2026-03-28T12:00:00Z", 2) ==
        texts{"2026-03-29T01:00:00Z", "2026-03-30T01:00:00Z"});
}

TEST_CASE("a time of day that comes twice is taken once by a day and the first time") {
  const zone here(berlin);
  CHECK(boundaries(schedule(24h, 2h + 30min, false), "2026-10-24T12:00:00Z", 2) ==
        texts{"2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"});
  CHECK(boundaries(schedule(24h, 2h, false), "2026-10-24T12:00:00Z", 2) ==
        texts{"2026-10-25T00:00:00Z", "2026-10-26T01:00:00Z"});
  CHECK(boundaries(schedule(24h, 3h, false), "2026-10-24T12:00:00Z", 2) ==
        texts{"2026-10-25T02:00:00Z", "2026-10-26T02:00:00Z"});
}

TEST_CASE("zones west of Greenwich and shifts of half an hour are no different") {
  {
    const zone here(new_york);
    CHECK(boundaries(schedule(6h, 0s, false), "2026-03-08T04:30:00Z", 3) ==
          texts{"2026-03-08T05:00:00Z", "2026-03-08T10:00:00Z", "2026-03-08T16:00:00Z"});
    CHECK(boundaries(schedule(6h, 0s, false), "2026-11-01T03:30:00Z", 3) ==
          texts{"2026-11-01T04:00:00Z", "2026-11-01T11:00:00Z", "2026-11-01T17:00:00Z"});
  }
  const zone here(lord_howe);
  CHECK(boundaries(schedule(24h, 0s, false), "2026-04-04T12:00:00Z", 2) ==
        texts{"2026-04-04T13:00:00Z", "2026-04-05T13:30:00Z"});
  CHECK(boundaries(schedule(1h, 0s, false), "2026-04-04T13:30:00Z", 3) ==
        texts{"2026-04-04T14:00:00Z", "2026-04-04T15:30:00Z", "2026-04-04T16:30:00Z"});
}

TEST_CASE("every boundary of two years comes after the one before, and none is further than a period and a shift") {
  const zone here(berlin);
  for (const auto every : {15min, 60min, 360min, 1440min, 10080min}) {
    const schedule when(every, 0s, false);
    auto now = at("2026-01-01T00:00:00Z");
    for (int i = 0; now < at("2028-01-01T00:00:00Z") && i < 100'000; ++i) {
      const auto next = when.after(now);
      REQUIRE(next > now);
      REQUIRE(next - now <= every + 1h);
      if (i % 16 == 0) REQUIRE(when.before(next) == next);
      if (i % 16 == 0) REQUIRE(when.before(next - 1s) <= now + every);
      now = next;
    }
  }
}

}  // namespace
}  // namespace logrelay
