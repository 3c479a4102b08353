#include <catch2/catch.hpp>
#include <logrelay/format/time_text.hpp>

#include <cstdlib>
#include <ctime>
#include <optional>
#include <string>

namespace logrelay {
namespace {

using namespace std::chrono_literals;

// 2026-11-22T14:05:01 UTC.
constexpr wall_time moment{1'795'356'301s};

/// Makes `zone` the local time for as long as it lives.
class local_zone {
 public:
  explicit local_zone(const char* zone) {
    if (const char* before = std::getenv("TZ")) before_ = before;
    ::setenv("TZ", zone, 1);
    ::tzset();
  }
  ~local_zone() {
    before_ ? ::setenv("TZ", before_->c_str(), 1) : ::unsetenv("TZ");
    ::tzset();
  }

 private:
  std::optional<std::string> before_;
};

std::string rfc3339(wall_time time) {
  std::string text;
  rfc3339_text().append(time, text);
  return text;
}

std::string tai64n(wall_time time) {
  std::string text;
  append_tai64n(time, text);
  return text;
}

std::string local(std::string_view pattern, wall_time time) {
  std::string text;
  strftime_text(pattern).append(time, text);
  return text;
}

TEST_CASE("RFC 3339 times are UTC with microseconds") {
  CHECK(rfc3339(moment + 123'456'789ns) == "2026-11-22T14:05:01.123456Z");
  CHECK(rfc3339(moment) == "2026-11-22T14:05:01.000000Z");
  CHECK(rfc3339(wall_time{}) == "1970-01-01T00:00:00.000000Z");
  CHECK(rfc3339(wall_time{951'782'400s - 1ns}) == "2000-02-28T23:59:59.999999Z");
  CHECK(rfc3339(wall_time{951'782'400s}) == "2000-02-29T00:00:00.000000Z");
}

TEST_CASE("times before 1970 count forwards too") {
  CHECK(rfc3339(wall_time{-1us}) == "1969-12-31T23:59:59.999999Z");
  CHECK(tai64n(wall_time{-1ns}) == "@40000000000000093b9ac9ff");
}

TEST_CASE("the ends of the clock have a text") {
  CHECK(rfc3339(wall_time::min()) == "1677-09-21T00:12:43.145224Z");
  CHECK(rfc3339(wall_time::max()) == "2262-04-11T23:47:16.854775Z");
}

TEST_CASE("one renderer tells all times of all seconds in any order") {
  rfc3339_text renderer;
  for (const auto& [time, expected] : {
           std::pair(moment, "2026-11-22T14:05:01.000000Z"),
           std::pair(moment + 5us, "2026-11-22T14:05:01.000005Z"),
           std::pair(moment + 1s, "2026-11-22T14:05:02.000000Z"),
           std::pair(moment - 24h, "2026-11-21T14:05:01.000000Z"),
       }) {
    std::string text = "at ";
    renderer.append(time, text);
    CHECK(text == std::string("at ") + expected);
  }
}

TEST_CASE("drop markers have times with milliseconds") {
  CHECK(rfc3339_milliseconds(moment + 45'999us) == "2026-11-22T14:05:01.045Z");
}

TEST_CASE("TAI64N is that of daemontools") {
  CHECK(tai64n(wall_time{}) == "@400000000000000a00000000");
  CHECK(tai64n(moment + 123'456'789ns) == "@400000006b02f697075bcd15");
}

TEST_CASE("strftime tells local time") {
  const local_zone zone("CET-1CEST,M3.5.0,M10.5.0/3");
  CHECK(local("%Y-%m-%d %H:%M:%S %z", moment) == "2026-11-22 15:05:01 +0100");
  CHECK(local("%H:%M", moment - 180 * 24h) == "16:05");
}

TEST_CASE("strftime has fractions as ts has them") {
  const local_zone zone("UTC0");
  const wall_time time = moment + 42us;
  CHECK(local("%.S", time) == "01.000042");
  CHECK(local("%.T", time) == "14:05:01.000042");
  CHECK(local("%.s", time) == "1795356301.000042");
  CHECK(local("[%H:%M:%.S] %.S", time) == "[14:05:01.000042] 01.000042");
  CHECK(local("%%.S%.", time).starts_with("%.S"));
}

TEST_CASE("one strftime renderer follows the seconds") {
  const local_zone zone("UTC0");
  strftime_text renderer("%.T;");
  std::string text;
  for (const wall_time time : {moment, moment + 1us, moment + 1s, moment}) renderer.append(time, text);
  CHECK(text == "14:05:01.000000;14:05:01.000001;14:05:02.000000;14:05:01.000000;");
}

TEST_CASE("a percent sign at the end of a pattern is text") {
  CHECK(local("at %", moment) == "at %");
  CHECK(local("%", moment) == "%");
}

TEST_CASE("patterns without text, without bounds and with NUL are found out") {
  CHECK_FALSE(is_useless_strftime("%H:%M"));
  CHECK_FALSE(is_useless_strftime("%.S"));
  CHECK_FALSE(is_useless_strftime(std::string(strftime_text::longest, 'x')));
  CHECK(is_useless_strftime(std::string(strftime_text::longest + 1, 'x')));
  CHECK(is_useless_strftime(""));
  CHECK(is_useless_strftime("%1000000000Y"));
  CHECK(is_useless_strftime("%2000Y%.S"));
  CHECK(is_useless_strftime(std::string_view("%H\0%M", 5)));
}

TEST_CASE("a conversion that strftime does not know is found out") {
  CHECK(unknown_conversion("at %Q") == "%Q");
  CHECK(unknown_conversion("%H:%-5J%Q") == "%-5J");
  CHECK(unknown_conversion("%.Q") == "%.");
  for (const auto* each : {"%Y-%m-%dT%H:%M:%S%z %Z", "%.S%.s%.T", "%%Q", "100%", "%_H %-d %^a %10Y %Ey %Om", "%a%A%b%B%c%C%D%e%F%g%G%h%I%j%k%l%n%p%P%r%R%s%t%T%u%U%V%w%W%x%X%y", ""})
    CHECK(unknown_conversion(each) == "");
}

TEST_CASE("a pattern of any width is bounded where it is rendered") {
  CHECK(local("%1000000000Y", moment).size() <= strftime_text::longest);
}

}  // namespace
}  // namespace logrelay
