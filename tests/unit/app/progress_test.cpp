#include <app/progress.hpp>

#include <catch2/catch.hpp>

namespace logrelay {
namespace {

using namespace std::chrono_literals;

meter_reading some() {
  meter_reading now;
  now.lines = 1'234'567;
  now.bytes = 3 * 1024 * 1024;
  now.lines_a_second = 123'456.7;
  now.bytes_a_second = 512 * 1024;
  now.elapsed = 3'725s;
  now.fill = 0.45;
  return now;
}

TEST_CASE("a meter shows lines, bytes, time, rate, queue and losses") {
  CHECK(meter_text(some(), 200, false) ==
        "1234567 lines  3.0 MiB  1:02:05  [512.0 KiB/s, 123.5k lines/s]  queue [#########...........]  45%  0 lost");
}

TEST_CASE("a meter never fills the last column and leaves out what does not fit") {
  const auto full = meter_text(some(), 200, false);
  CHECK(meter_text(some(), full.size() + 1, false) == full);
  CHECK(meter_text(some(), full.size(), false) == full.substr(0, full.size() - 8));
  CHECK(meter_text(some(), 20, false) == "1234567 lines");
  CHECK(meter_text(some(), 1, false).empty());
}

TEST_CASE("a meter has colours only for what is not well, and no more width with them") {
  auto now = some();
  CHECK(meter_text(now, 200, true) == meter_text(now, 200, false));
  now.lost = 7;
  now.fill = 2;
  const auto text = meter_text(now, 200, true);
  CHECK_THAT(text, Catch::EndsWith("  \x1b[33mqueue [####################] 100%\x1b[0m  \x1b[31m7 lost\x1b[0m"));
  const auto plain = meter_text(now, 200, false);
  CHECK(meter_text(now, plain.size() + 1, true) == text);
}

}  // namespace
}  // namespace logrelay
