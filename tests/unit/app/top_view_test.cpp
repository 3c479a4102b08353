#include <app/report_reading.hpp>
#include <app/top_view.hpp>

#include <support/lines.hpp>

#include <catch2/catch.hpp>
#include <fmt/format.h>

namespace logrelay {
namespace {

relay_report at_work() {
  relay_report all;
  all.uptime_seconds = 100;
  input_report input;
  input.name = "stdin";
  input.lines = 5000;
  input.bytes = 500'000;
  input.paused_seconds = 12;
  input.paused_by = {{"archive", 2.0}, {"remote", 10.0}};
  output_report good;
  good.name = "archive";
  good.account.accepted = good.account.delivered = {5000, 500'000};
  good.queue_limit_bytes = 1000;
  output_report bad;
  bad.name = "remote";
  bad.state = output_state::dropping;
  bad.account.accepted = {5000, 500'000};
  bad.account.dropped_by[0] = {1234, 123'400};
  bad.account.pending = {3766, 376'600};
  bad.account.queue_bytes = 500;
  bad.queue_limit_bytes = 1000;
  bad.oldest_pending_seconds = 75;
  bad.last_error = "unable to connect: Connection refused";
  all.inputs = {input};
  all.outputs = {good, bad};
  return all;
}

std::string drawn(const top_frame& frame, const top_screen& on) { return fmt::format("{}\n", fmt::join(draw(frame, on), "\n")); }

const top_screen plain{120, 24, false, false};

TEST_CASE("a first frame has a row for each input and output, with rates since the start") {
  const auto now = at_work();
  const auto text = drawn({"unix:/run/1.sock", "1.2.3", "", nullptr, &now, 0, ""}, plain);
  INFO(text);
  CHECK_THAT(text, Catch::Contains("logrelay 1.2.3   up 1:40 min   1 in trouble") && Catch::Contains("unix:/run/1.sock"));
  CHECK_THAT(text, Catch::Contains("5000      50    4.9 KiB") && Catch::Contains("remote 10 s, archive 2.0 s"));
  CHECK_THAT(text, Catch::Contains("dropping") && Catch::Contains(" 50 %  1:15 min     1234"));
  CHECK_THAT(text, Catch::Contains("3766 lines wait; unable to connect: Connection refused"));
}

TEST_CASE("a later frame has the rates of the time between, and who holds whom now") {
  const auto before = at_work();
  auto now = before;
  now.inputs[0].lines += 3000;
  now.inputs[0].bytes += 30'000;
  now.inputs[0].paused_by = {{"archive", 2.0}, {"remote", 11.0}};
  const auto text = drawn({"", "1", "", &before, &now, 2, ""}, plain);
  INFO(text);
  CHECK_THAT(text, Catch::Contains("8000    1500   14.6 KiB") && Catch::Contains("remote 11 s (50 % now), archive 2.0 s"));
}

TEST_CASE("no line of a frame is wider than the screen, and no frame higher") {
  auto now = at_work();
  now.outputs[1].name = std::string(300, 'n');
  now.outputs[1].last_error = std::string(300, 'e');
  for (std::size_t width = 1; width < 200; ++width)
    for (const auto& each : draw({"unix:/a/long/path.sock", "1", "no answer", nullptr, &now, 0, ""}, {width, 5, false, false})) {
      CAPTURE(width, each);
      REQUIRE(each.size() <= width);
    }
  CHECK(draw({"", "1", "", nullptr, &now, 0, ""}, {80, 5, false, false}).size() == 5);
  CHECK(draw({"", "1", "", nullptr, &now, 0, ""}, {80, 24, false, false}).size() == 9);
}

TEST_CASE("nothing in a report reaches the terminal as it is") {
  auto now = at_work();
  now.outputs[0].name = "\x1b]0;title\x07\xc2\x9b" "31m\xe2\x80\xae";
  now.outputs[1].last_error = "a\r\nb\x1b[2J";
  for (const bool blocks : {true, false}) {
    const auto text = drawn({"\x1b[A", "\x1b[B", "", nullptr, &now, 0, ""}, {200, 24, false, blocks});
    CHECK(text.find('\x1b') == std::string::npos);
    CHECK(text.find('\r') == std::string::npos);
    CHECK(text.find('\x07') == std::string::npos);
    CHECK(text.find("\xc2\x9b") == std::string::npos);
    CHECK(text.find("\xe2\x80\xae") == std::string::npos);
  }
}

TEST_CASE("text is fit into columns by what it takes on the screen") {
  CHECK(fit("abc", 5, false) == "abc  ");
  CHECK(fit("abcdef", 4, false) == "abc…");
  CHECK(fit("abcdef", 4, true) == "abc~");
  CHECK(fit("日本語", 6, false) == "日本語");
  CHECK(fit("日本語", 5, false) == "日本…");
  CHECK(fit("日本語", 4, false) == "日… ");
  CHECK(fit("é", 2, true) == "? ");
  CHECK(fit("a\xff", 2, false) == "a\xEF\xBF\xBD");
  CHECK(fit("abc", 0, false).empty());
}

TEST_CASE("counts and times are short") {
  CHECK(short_count(0) == "0");
  CHECK(short_count(2.5) == "2.5");
  CHECK(short_count(9999) == "9999");
  CHECK(short_count(12345) == "12.3k");
  CHECK(short_count(123456) == "123k");
  CHECK(short_count(999'999) == "1.0M");
  CHECK(short_count(18446744073709551615.0) == "18.4E");
  CHECK(short_time(0.25) == "250 ms");
  CHECK(short_time(9.94) == "9.9 s");
  CHECK(short_time(59.9) == "59 s");
  CHECK(short_time(125) == "2:05 min");
  CHECK(short_time(2 * 3600 + 300) == "2:05 h");
  CHECK(short_time(5 * 86400 + 7200) == "5 d 2 h");
}

TEST_CASE("a report is read back from its JSON") {
  const auto written = at_work();
  const auto read = from_json(to_json(written, "1.2.3"));
  REQUIRE(read.error.empty());
  CHECK(read.version == "1.2.3");
  CHECK(to_json(read.report, "1.2.3") == to_json(written, "1.2.3"));
}

TEST_CASE("what is no report is none, and what is missing in one is zero") {
  CHECK_FALSE(from_json("").error.empty());
  CHECK_FALSE(from_json("[]").error.empty());
  CHECK_FALSE(from_json(R"({"inputs": []})").error.empty());
  const auto old = from_json(R"({"inputs": [{"name": "a", "lines": -1}], "outputs": [{"name": 3, "state": "new"}, 7]})");
  REQUIRE(old.error.empty());
  CHECK(old.report.inputs.at(0).lines == 0);
  CHECK(old.report.outputs.at(1).name.empty());
}

}  // namespace
}  // namespace logrelay
