// What --print-config prints, read again: the same, for every option row that there is.
#include <logrelay/config_file.hpp>
#include <logrelay/config_text.hpp>

#include <catch2/catch.hpp>

#include <algorithm>

using namespace logrelay;
using texts = std::vector<std::string>;

namespace {

/// Not before main: the rows are put together at the start of the program.
const registries& known() {
  static const registries all = standard_registries();
  return all;
}

std::string printed(const relay_config& config) {
  mistakes wrong;
  auto text = to_toml(config, wrong);
  CHECK(wrong.texts() == texts{});
  return text;
}

texts given(const option_values& values) {
  texts all;
  for (const auto& each : values.all_given())
    for (const auto& text : each.texts) all.push_back(std::string(each.row.name) + "=" + text);
  return all;
}

/// A value that its row takes, with what is hard to write where any text may stand.
std::string sample(const option_row& row) {
  switch (row.type) {
    case option_type::yes_no: return row.fallback == "yes" ? "no" : "yes";
    case option_type::choice: return std::string(choice_names(row).back());
    case option_type::regex: return "\\d{1,3}\"'\t,x=y";
    case option_type::mode: return "0640";
    case option_type::text: return "C:\\a \"b\" 'c'\n\x01\x7f ünï ,x=y";
    case option_type::size:
    case option_type::duration:
    case option_type::count: break;
  }
  if (!row.least.empty()) return std::string(row.least);
  if (!row.fallback.empty()) return std::string(row.fallback);
  return row.type == option_type::size ? "64K" : row.type == option_type::count ? "7" : "1h30m";
}

void check_round_trip(const relay_request& request) {
  mistakes wrong, wrong_again;  // an option alone may be a mistake, and has to stay one
  const auto config = make_config(request, known(), wrong);
  const auto text = printed(config);
  INFO(text);
  const auto again_request = parse_config(text, "f", wrong_again);
  REQUIRE(wrong_again.texts() == texts{});
  const auto again = make_config(again_request, known(), wrong_again);
  CHECK(wrong_again.texts().size() == wrong.texts().size());
  CHECK(printed(again) == text);
  CHECK(given(again.global) == given(config.global));
  CHECK(again.command == config.command);
  REQUIRE(again.inputs.size() == config.inputs.size());
  REQUIRE(again.outputs.size() == config.outputs.size());
  for (std::size_t i = 0; i < config.inputs.size(); ++i) {
    CHECK(again.inputs[i].name == config.inputs[i].name);
    CHECK(again.inputs[i].where.rest == config.inputs[i].where.rest);
    CHECK(given(again.inputs[i].options) == given(config.inputs[i].options));
  }
  for (std::size_t i = 0; i < config.outputs.size(); ++i) {
    CHECK(again.outputs[i].name == config.outputs[i].name);
    CHECK(again.outputs[i].where.rest == config.outputs[i].where.rest);
    CHECK(given(again.outputs[i].options) == given(config.outputs[i].options));
    CHECK(again.outputs[i].from == config.outputs[i].from);
    CHECK(again.outputs[i].timestamp == config.outputs[i].timestamp);
  }
}

std::string endpoint_of(std::string_view scheme, std::string_view syntax) {
  if (scheme == "-") return "-";
  if (scheme == "stdout" || scheme == "stderr") return std::string(scheme) + ":";
  if (scheme == "fd") return "fd:3";
  return std::string(scheme) + (syntax.find("//") != std::string_view::npos ? "://127.0.0.1:1" : ":/x,,y");
}

endpoint_table with(std::string endpoint, const option_row& row) {
  endpoint_table table{std::move(endpoint), {{std::string(row.name), sample(row)}}, {}};
  if (row.repeatable) table.options.push_back({std::string(row.name), "second"});
  return table;
}

}  // namespace

TEST_CASE("every option of the program is printed and read again", "[config_text]") {
  check_round_trip({});
  for (const auto& row : global_rows()) {
    INFO(row.name);
    relay_request request;
    request.global = {{std::string(row.name), sample(row)}};
    check_round_trip(request);
  }
  relay_request with_command;
  with_command.command = {"sh", "-c", "echo \"$1\"\n", ""};
  check_round_trip(with_command);
}

TEST_CASE("every option of every input is printed and read again", "[config_text]") {
  for (const auto& kind : known().inputs)
    for (const auto rows : {common_input_rows(), kind.options})
      for (const auto& row : rows) {
        // A kind's own row of that name stands for it.
        const auto is_same = [&](const option_row& own) { return own.name == row.name; };
        if (rows.data() != kind.options.data() && std::any_of(kind.options.begin(), kind.options.end(), is_same)) continue;
        INFO(kind.scheme << ": " << row.name);
        relay_request request;
        if (kind.scheme == "stdout" || kind.scheme == "stderr") request.command = {"true"};
        request.input_tables = {with(endpoint_of(kind.scheme, kind.syntax), row)};
        check_round_trip(request);
      }
}

TEST_CASE("every option of every output is printed and read again", "[config_text]") {
  for (const auto& kind : known().outputs)
    for (const auto rows : output_tables(kind, known()))
      for (const auto& row : rows) {
        INFO(kind.scheme << ": " << row.name);
        relay_request request;
        request.output_tables = {with(endpoint_of(kind.scheme, kind.syntax), row)};
        check_round_trip(request);
      }
}

TEST_CASE("a configuration is printed as a person would write it", "[config_text]") {
  relay_request request;
  request.inputs = {"tcp://:5140,name=in,max-connections=5", "-"};
  request.outputs = {"a,,b.log,rotate=64M,keep=007,append=on,from=in,from=stdin", "-,level=TRACE"};
  request.global = {{"quiet", "yes"}, {"timestamp", "yes"}};
  mistakes wrong;
  const auto config = make_config(request, known(), wrong);
  REQUIRE(wrong.texts() == texts{});
  CHECK(printed(config) == R"(quiet = true
timestamp = "yes"

[[input]]
endpoint = "tcp://:5140"
max-connections = 5
name = "in"

[[input]]
endpoint = "-"

[[output]]
endpoint = "a,,b.log"
append = true
from = ["in", "stdin"]
keep = 7
rotate = "64M"

[[output]]
endpoint = "-"
level = "debug"
)");
}

TEST_CASE("what is no UTF-8 cannot be printed", "[config_text]") {
  relay_request request;
  request.outputs = {"a\xff.log"};
  mistakes wrong;
  const auto config = make_config(request, known(), wrong);
  REQUIRE(wrong.empty());
  (void)to_toml(config, wrong);
  CHECK(wrong.texts() == texts{"'a\xff.log' is no UTF-8, as all text in a configuration file has to be"});
}
