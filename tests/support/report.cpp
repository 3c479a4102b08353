#include <support/report.hpp>

#include <support/temp_folder.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <optional>
#include <stdexcept>

namespace logrelay::support {
namespace {

report_row row_of(const nlohmann::json& object) {
  std::map<std::string, double> numbers;
  std::map<std::string, std::string> texts;
  for (const auto& [key, value] : object.items()) {
    if (value.is_number()) numbers[key] = value.get<double>();
    if (value.is_string()) texts[key] = value.get<std::string>();
  }
  return {std::move(numbers), std::move(texts)};
}

template <typename Values>
const auto& found(const Values& values, const std::string& field) {
  const auto it = values.find(field);
  if (it == values.end()) throw std::runtime_error("the report has no " + field);
  return it->second;
}

const report_row& named(const std::vector<report_row>& rows, std::string_view name) {
  const auto it = std::find_if(rows.begin(), rows.end(), [&](const report_row& row) { return row.name() == name; });
  if (it == rows.end()) throw std::runtime_error(fmt::format("the report knows no '{}'", name));
  return *it;
}

}  // namespace

std::uint64_t report_row::count(const std::string& field) const { return static_cast<std::uint64_t>(number(field)); }
double report_row::number(const std::string& field) const { return found(numbers_, field); }
std::string report_row::text(const std::string& field) const { return found(texts_, field); }

report::report(std::string_view json) {
  const auto tree = nlohmann::json::parse(json);
  exit_status_ = tree.at("exit_status").is_null() ? 0 : tree.at("exit_status").get<int>();
  version_ = tree.at("version").get<std::string>();
  uptime_seconds_ = tree.at("uptime_seconds").get<double>();
  for (const auto& object : tree.at("inputs")) inputs_.push_back(row_of(object));
  for (const auto& object : tree.at("outputs")) outputs_.push_back(row_of(object));
}

const report_row& report::input(std::string_view name) const { return named(inputs_, name); }
const report_row& report::output(std::string_view name) const { return named(outputs_, name); }

std::uint64_t report::lines_read() const {
  std::uint64_t lines = 0;
  for (const auto& input : inputs_) lines += input.count("lines");
  return lines;
}

report read_report(const std::string& path) { return report(read_file(path)); }

report live_report(const process& relay, const std::string& path) {
  std::filesystem::remove(path);
  relay.send(SIGUSR1);
  std::optional<report> answer;
  const bool answered = eventually([&] {
    try {
      answer = read_report(path);
    } catch (const std::exception&) {  // not there, or half written
    }
    return answer.has_value();
  });
  if (!answered) throw std::runtime_error("the relay did not report; it said: " + relay.errors());
  return *answer;
}

void check_balance(const report& report) {
  std::string wrong;
  for (const auto& output : report.outputs()) {
    for (const std::string unit : {"lines", "bytes"}) {
      const auto of = [&](const char* name) { return output.count(fmt::format("{}_{}", name, unit)); };
      const auto accounted = of("delivered") + of("filtered") + of("dropped") + of("rejected") + of("pending");
      if (of("accepted") == accounted) continue;
      wrong += fmt::format(
          "output '{}' accepted {} {}, but delivered {}, filtered {}, dropped {}, rejected {}, pending {}\n",
          output.name(), of("accepted"), unit, of("delivered"), of("filtered"), of("dropped"), of("rejected"),
          of("pending"));
    }
  }
  if (!wrong.empty()) throw std::runtime_error(wrong);
}

}  // namespace logrelay::support
