#include <logrelay/observe/metrics.hpp>

#include <support/lines.hpp>

#include <catch2/catch.hpp>

#include <map>
#include <set>

namespace logrelay {
namespace {

using support::split_lines;

relay_report one_of_each() {
  relay_report all;
  all.uptime_seconds = 12.5;
  input_report input;
  input.name = "in";
  input.lines = 3;
  input.paused_by = {{"out", 1.5}};
  output_report output;
  output.name = "out";
  output.account.accepted = {21, 210};
  output.account.delivered = {1, 10};
  output.account.filtered = {2, 20};
  output.account.rejected = {3, 30};
  output.account.dropped_by = {tally{4, 40}, tally{5, 50}, tally{0, 0}};
  output.account.pending = {6, 60};
  output.state = output_state::stalled;
  all.inputs = {input};
  all.outputs = {output};
  return all;
}

/// Samples by their names with labels.
std::map<std::string, std::string> samples_of(const std::string& text) {
  std::map<std::string, std::string> all;
  for (const auto& line : split_lines(text)) {
    if (line.starts_with('#')) continue;
    const auto space = line.rfind(' ');
    CHECK(all.emplace(line.substr(0, space), line.substr(space + 1)).second);
  }
  return all;
}

TEST_CASE("metrics have the report's numbers under its names") {
  const auto all = samples_of(to_metrics(one_of_each(), "1.2.3"));
  const auto value = [&](const std::string& name) { return all.contains(name) ? all.at(name) : "missing"; };
  CHECK(value("logrelay_build_info{version=\"1.2.3\"}") == "1");
  CHECK(value("logrelay_uptime_seconds") == "12.500000");
  CHECK(value("logrelay_input_lines_total{input=\"in\"}") == "3");
  CHECK(value("logrelay_input_paused_seconds_total{input=\"in\",output=\"out\"}") == "1.500000");
  CHECK(value("logrelay_output_accepted_lines_total{output=\"out\"}") == "21");
  CHECK(value("logrelay_output_pending_bytes{output=\"out\"}") == "60");
  CHECK(value("logrelay_output_dropped_lines_total{output=\"out\",reason=\"queue full\"}") == "4");
  CHECK(value("logrelay_output_dropped_bytes_total{output=\"out\",reason=\"too large\"}") == "50");
  CHECK(value("logrelay_output_stalled{output=\"out\"}") == "1");
  CHECK(value("logrelay_output_dropping{output=\"out\"}") == "0");
}

TEST_CASE("the balance can be added up from the metrics") {
  const auto all = samples_of(to_metrics(one_of_each(), ""));
  const auto sum = [&](std::initializer_list<std::string_view> fates) {
    std::uint64_t lines = 0;
    for (const auto& [name, value] : all)
      for (const auto fate : fates)
        if (name.starts_with("logrelay_output_" + std::string(fate) + "_lines")) lines += std::stoull(value);
    return lines;
  };
  CHECK(sum({"accepted"}) == 21);
  CHECK(sum({"delivered", "filtered", "dropped", "rejected", "pending"}) == 21);
}

TEST_CASE("labels are escaped, and UTF-8 whatever a name is") {
  auto report = one_of_each();
  report.outputs[0].name = "a\"b\\c\nd\xff";
  const auto text = to_metrics(report, "");
  CHECK(text.find("{output=\"a\\\"b\\\\c\\nd\xEF\xBF\xBD\"}") != std::string::npos);
}

TEST_CASE("every family has one HELP and one TYPE before its samples, and counters alone end in total") {
  std::set<std::string> seen;
  std::string family;
  for (const auto& line : split_lines(to_metrics(one_of_each(), ""))) {
    if (line.starts_with("# HELP ")) {
      family = line.substr(7, line.find(' ', 7) - 7);
      CHECK(seen.insert(family).second);
      CHECK(line.ends_with('.'));
    } else if (line.starts_with("# TYPE ")) {
      CHECK(line == "# TYPE " + family + (family.ends_with("_total") ? " counter" : " gauge"));
    } else {
      CHECK(line.substr(0, line.find_first_of(" {")) == family);
    }
  }
}

}  // namespace
}  // namespace logrelay
