#include <logrelay/observe/metrics.hpp>

#include <support/lines.hpp>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <optional>
#include <regex>
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

/// The same with another number wherever the report has one.
relay_report all_numbers_different() {
  auto all = one_of_each();
  all.exit_status = 1000;
  auto& in = all.inputs.front();
  in.lines = 1001, in.bytes = 1002, in.long_lines = 1003, in.framing_errors = 1004, in.connections = 1005;
  in.kernel_drops = 1006, in.refused = 1007, in.limited = 1008, in.unread_bytes = 1030, in.paused_seconds = 1009;
  in.failed = true;
  auto& out = all.outputs.front();
  out.account.found = {1010, 1011}, out.account.spooled = {1012, 1013}, out.account.markers = {1014, 1015};
  out.account.disk_bytes = 1016, out.account.queue_bytes = 1017, out.account.queue_peak_bytes = 1018;
  out.account.dropped_by = {tally{1019, 1020}, tally{1021, 1022}, tally{1023, 1024}};
  out.queue_limit_bytes = 1025, out.oldest_pending_seconds = 1026, out.stalled_seconds = 1027;
  out.rotations = 1028, out.retries = 1029;
  return all;
}

using labels = std::map<std::string, std::string>;

/// The metrics, asked for the report's values one by one.
class asked_metrics {
 public:
  explicit asked_metrics(const std::string& text) {
    for (const auto& [name, value] : samples_of(text)) {
      const auto brace = std::min(name.find('{'), name.size());
      samples_.push_back({name.substr(0, brace), labels_of(name.substr(brace)), std::stod(value)});
    }
  }
  /// The sum of a family's samples with these labels, by whichever of its names it has; what is asked for is known.
  std::optional<double> sum(const std::string& family, const labels& with) {
    std::optional<double> all;
    for (auto& each : samples_) {
      if (each.family != family && each.family != family + "_total") continue;
      const bool fits = std::includes(each.with.begin(), each.with.end(), with.begin(), with.end());
      if (!fits) continue;
      all = all.value_or(0) + each.value;
      each.known = true;
    }
    return all;
  }
  [[nodiscard]] std::set<std::string> unknown() const {
    std::set<std::string> families;
    for (const auto& each : samples_)
      if (!each.known) families.insert(each.family);
    return families;
  }

 private:
  struct sample {
    std::string family;
    labels with;
    double value;
    bool known = false;
  };
  static labels labels_of(const std::string& text) {
    static const std::regex one(R"-(([a-z]+)="([^"]*)")-");
    labels all;
    for (std::sregex_iterator it(text.begin(), text.end(), one), last; it != last; ++it) all.emplace(it->str(1), it->str(2));
    return all;
  }
  std::vector<sample> samples_;
};

/// Text of the report is in no metric: each new text would be a series of its own. What it names is a label.
const std::set<std::string> texts = {"name", "endpoint", "listening", "last_error"};

/// The name of the label in which the members of an object differ.
std::string label_of(const std::string& key) { return key == "paused_by" ? "output" : "reason"; }

void check_members(const nlohmann::json& object, const std::string& prefix, const labels& of, asked_metrics& all) {
  const auto check = [&](const std::string& family, const labels& with, double value) {
    INFO(family);
    const auto found = all.sum("logrelay_" + prefix + family, with);
    CHECK(found.has_value());
    CHECK(found.value_or(-1) == Approx(value));
  };
  for (const auto& [key, value] : object.items()) {
    if (texts.contains(key)) {
      CHECK(!value.is_number());
    } else if (value.is_object()) {
      auto with = of;
      for (const auto& [name, each] : value.items()) {
        with[label_of(key)] = name;
        check(key == "dropped_by" ? "dropped_lines" : key + "_seconds", with, each.get<double>());
      }
    } else if (key == "state") {  // a metric for each that is not well
      for (const auto state : {output_state::stalled, output_state::dropping})
        check(std::string(output_state_name(state)), of, value == output_state_name(state));
    } else if (value.is_boolean()) {
      check(key, of, value.get<bool>());
    } else {
      check(key, of, value.get<double>());
    }
  }
}

TEST_CASE("every number of the report is in the metrics, and every metric in the report") {
  const auto report = all_numbers_different();
  asked_metrics all(to_metrics(report, "1.2.3"));
  auto json = nlohmann::json::parse(to_json(report, "1.2.3"));
  check_members(json.at("inputs").at(0), "input_", {{"input", "in"}}, all);
  check_members(json.at("outputs").at(0), "output_", {{"output", "out"}}, all);
  CHECK(all.sum("logrelay_build_info", {{"version", json.at("version")}}) == 1);
  for (const auto* each : {"inputs", "outputs", "version"}) json.erase(each);
  check_members(json, "", {}, all);
  CHECK(all.unknown() == std::set<std::string>{});
}

TEST_CASE("metrics have the report's numbers under its names") {
  const auto all = samples_of(to_metrics(one_of_each(), "1.2.3"));
  const auto value = [&](const std::string& name) { return all.contains(name) ? all.at(name) : "missing"; };
  CHECK(value("logrelay_build_info{version=\"1.2.3\"}") == "1");
  CHECK(value("logrelay_uptime_seconds") == "12.500000");
  CHECK(value("logrelay_input_lines_total{input=\"in\"}") == "3");
  CHECK(value("logrelay_input_paused_by_seconds_total{input=\"in\",output=\"out\"}") == "1.500000");
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
