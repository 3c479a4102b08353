#include <logrelay/report.hpp>

#include <support/report.hpp>

#include <catch2/catch.hpp>

namespace logrelay {
namespace {

input_report some_input() {
  input_report input;
  input.name = "in \"one\"\n\xff";
  input.endpoint = "tcp://:514";
  input.lines = 1;
  input.bytes = 18'446'744'073'709'551'615u;
  input.long_lines = 3;
  input.framing_errors = 4;
  input.connections = 5;
  input.kernel_drops = 6;
  input.listening = {"0.0.0.0:514", "[::]:514"};
  input.paused_seconds = 1.5;
  input.paused_by = {{"out", 1.5}};
  return input;
}

output_report some_output() {
  output_report output;
  output.name = "out";
  output.endpoint = "/var/log/a.log";
  output.account.accepted = {21, 210};
  output.account.delivered = {1, 10};
  output.account.filtered = {2, 20};
  output.account.rejected = {3, 30};
  output.account.dropped_by = {tally{4, 40}, tally{5, 50}, tally{6, 60}};
  output.account.pending = {6, 60};
  output.account.markers = {7, 70};
  output.account.queue_bytes = 8;
  output.account.queue_peak_bytes = 9;
  output.oldest_pending_seconds = 0.25;
  output.rotations = 10;
  output.retries = 11;
  output.last_error = "No space left on device";
  return output;
}

TEST_CASE("a report is JSON with every number under its name") {
  relay_report all;
  all.uptime_seconds = 12.25;
  all.exit_status = 1;
  all.inputs = {some_input()};
  all.outputs = {some_output()};
  const support::report read(to_json(all, "1.2.3"));
  CHECK(read.version() == "1.2.3");
  CHECK(read.uptime_seconds() == 12.25);
  CHECK(read.exit_status() == 1);

  REQUIRE(read.inputs().size() == 1);
  const auto& in = read.inputs()[0];
  CHECK(in.name() == "in \"one\"\n\xEF\xBF\xBD");
  CHECK(in.text("endpoint") == "tcp://:514");
  CHECK(in.count("lines") == 1);
  CHECK(in.count("long_lines") == 3);
  CHECK(in.count("framing_errors") == 4);
  CHECK(in.count("connections") == 5);
  CHECK(in.count("kernel_drops") == 6);
  CHECK(in.number("paused_seconds") == 1.5);

  REQUIRE(read.outputs().size() == 1);
  const auto& out = read.outputs()[0];
  CHECK(out.name() == "out");
  CHECK(out.text("endpoint") == "/var/log/a.log");
  CHECK(out.accepted() == 21);
  CHECK(out.delivered() == 1);
  CHECK(out.filtered() == 2);
  CHECK(out.rejected() == 3);
  CHECK(out.dropped() == 15);
  CHECK(out.pending() == 6);
  CHECK(out.count("accepted_bytes") == 210);
  CHECK(out.count("delivered_bytes") == 10);
  CHECK(out.count("filtered_bytes") == 20);
  CHECK(out.count("rejected_bytes") == 30);
  CHECK(out.count("dropped_bytes") == 150);
  CHECK(out.count("pending_bytes") == 60);
  CHECK(out.count("markers") == 7);
  CHECK(out.count("queue_bytes") == 8);
  CHECK(out.count("queue_peak_bytes") == 9);
  CHECK(out.number("oldest_pending_seconds") == 0.25);
  CHECK(out.count("rotations") == 10);
  CHECK(out.count("retries") == 11);
  CHECK(out.text("last_error") == "No space left on device");
}

TEST_CASE("lists and numbers of a report are written out") {
  relay_report all;
  all.inputs = {some_input()};
  all.outputs = {some_output()};
  const auto text = to_json(all, "1");
  CHECK(text.find(R"("bytes": 18446744073709551615,)") != std::string::npos);
  CHECK(text.find(R"("listening": ["0.0.0.0:514", "[::]:514"])") != std::string::npos);
  CHECK(text.find(R"("paused_by": {"out": 1.500000})") != std::string::npos);
  CHECK(text.find(R"("dropped_by": {"queue full": 4, "too large": 5, "damaged on disk": 6})") != std::string::npos);
  CHECK(text.find('\n') == std::string::npos);
}

TEST_CASE("a report of nothing is JSON too") {
  const support::report read(to_json({}, ""));
  CHECK(read.inputs().empty());
  CHECK(read.outputs().empty());
  CHECK(read.exit_status() == 0);
}

}  // namespace
}  // namespace logrelay
