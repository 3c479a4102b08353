#include <logrelay/embed/logger_config.hpp>

#include <logrelay/file_conflicts.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <set>
#include <utility>

namespace logrelay {
namespace {

constexpr option_row logger_table_rows[] = {
    {.name = "name", .type = option_type::text, .fallback = "", .help = "The logger's name; without it, or empty, the default logger."},
    {.name = "level", .type = option_type::choice, .fallback = "",
     .help = "The logger lets records of this level and worse through; without it, its level stays.",
     .choices = "trace|debug|info|warning=warn|error=err|critical|off"},
    {.name = "outputs", .type = option_type::text, .fallback = "",
     .help = "The outputs, by name, that the logger's records go to; without it, all of them.", .repeatable = true, .value_name = "OUTPUT"},
};

/// The options without those that only the program itself has, which are mistakes.
given_options library_options(const given_options& given, mistakes& wrong) {
  const auto rows = global_rows();
  given_options ours;
  for (const given_option& each : given) {
    const bool known = std::any_of(rows.begin(), rows.end(), [&](const option_row& row) { return row.name == each.name; });
    if (!known || each.name == "drain-timeout") {
      ours.push_back(each);
      continue;
    }
    const mistakes::at here(wrong, each.at);
    wrong.add(fmt::format("'{}' is for the program logrelay: leave it out", each.name));
  }
  return ours;
}

void refuse_sources(const relay_request& request, const std::string& name, mistakes& wrong) {
  for (const endpoint_table& each : request.input_tables) {
    const mistakes::at here(wrong, each.at);
    wrong.add("[[input]] is for the program logrelay: here loggers are what lines come from");
  }
  if (request.command.empty()) return;
  const mistakes::at here(wrong, name);
  wrong.add("'command' is for the program logrelay: leave it out");
}

/// An empty name is that of the default logger, though no option may be empty.
given_options without_empty_name(given_options options) {
  std::erase_if(options, [](const given_option& each) {
    return each.name == "name" && each.text.empty() && each.what == given_option::kind::text && !each.among_several;
  });
  return options;
}

/// Places of the outputs that a logger names.
std::vector<std::size_t> named_outputs(const given_options& given, const std::string& whose, const std::vector<std::string_view>& names,
                                       mistakes& wrong) {
  std::vector<std::size_t> places;
  for (const given_option& each : given) {
    if (each.name != "outputs" || each.text.empty()) continue;
    const mistakes::at here(wrong, each.at);
    const auto found = std::find(names.begin(), names.end(), each.text);
    const auto place = static_cast<std::size_t>(found - names.begin());
    if (found == names.end()) {
      auto near = did_you_mean(each.text, names);
      if (near.empty()) near = fmt::format(" (there {} {})", names.size() == 1 ? "is" : "are", fmt::join(names, ", "));
      wrong.add(fmt::format("{}: 'outputs={}' names no output{}", whose, each.text, near));
    } else if (std::find(places.begin(), places.end(), place) != places.end())
      wrong.add(fmt::format("{}: output '{}' is named twice", whose, each.text));
    else
      places.push_back(place);
  }
  return places;
}

logger_config make_logger(const logger_table& table, const std::vector<std::string_view>& names, mistakes& wrong) {
  const mistakes::at here(wrong, table.at);
  logger_config made;
  made.at = table.at;
  const given_options given = without_empty_name(table.options);
  for (const given_option& each : given)
    if (each.name == "name") made.name = each.text;
  const option_values values = parse_options(given, std::array{logger_rows()}, made.whose(), wrong);
  made.level = values.text("level");
  if (values.given("outputs")) {
    made.outputs = named_outputs(given, made.whose(), names, wrong);
  } else {
    made.outputs.resize(names.size());
    std::iota(made.outputs.begin(), made.outputs.end(), std::size_t{0});
  }
  return made;
}

void check_loggers_differ(const std::vector<logger_config>& loggers, mistakes& wrong) {
  std::set<std::string_view> taken;
  for (const logger_config& each : loggers) {
    if (taken.insert(each.name).second) continue;
    const mistakes::at here(wrong, each.at);
    wrong.add(fmt::format("{} has a table already", each.whose()));
  }
}

void check_outputs_are_used(const library_config& config, mistakes& wrong) {
  for (std::size_t place = 0; place < config.outputs.size(); ++place) {
    const auto has_it = [&](const logger_config& each) {
      return std::find(each.outputs.begin(), each.outputs.end(), place) != each.outputs.end();
    };
    if (std::any_of(config.loggers.begin(), config.loggers.end(), has_it)) continue;
    const mistakes::at here(wrong, config.outputs[place].where.at);
    wrong.add(fmt::format("output '{}': no logger names it among its outputs", config.outputs[place].name));
  }
}

}  // namespace

std::string logger_config::whose() const { return name.empty() ? "the default logger" : fmt::format("logger '{}'", name); }

option_rows logger_rows() { return logger_table_rows; }

library_config make_library_config(relay_request request, const std::string& name, const registries& known, mistakes& wrong) {
  const bool read_whole = wrong.empty();  // else what is not there may only not have been understood
  refuse_sources(request, name, wrong);
  request.global = library_options(request.global, wrong);
  request.command.clear();
  request.input_tables.clear();
  request.inputs = {"fd:0,decode=json"};  // for form's sake: never opened, and with levels, as records have them
  const auto loggers = std::exchange(request.logger_tables, {});
  const bool has_outputs = !request.output_tables.empty();
  relay_config checked = make_config(request, known, wrong);

  library_config config;
  if (checked.global.given("drain-timeout")) config.drain = checked.global.duration("drain-timeout");
  if (has_outputs) config.outputs = std::move(checked.outputs);
  if (wrong.empty()) check_files(config.outputs, wrong);
  std::vector<std::string_view> names;
  for (const output_config& each : config.outputs) names.push_back(each.name);
  const auto mistakes_before = wrong.texts().size();
  for (const logger_table& each : loggers) config.loggers.push_back(make_logger(each, names, wrong));
  const bool understood = wrong.texts().size() == mistakes_before;  // else an output may be named that is misspelt

  const mistakes::at here(wrong, name);
  if (read_whole && !has_outputs) wrong.add("there is no [[output]] for loggers to write to");
  if (read_whole && config.loggers.empty()) wrong.add("there is no [[logger]] that would write to its outputs");
  check_loggers_differ(config.loggers, wrong);
  if (understood && !config.loggers.empty()) check_outputs_are_used(config, wrong);
  return config;
}

}  // namespace logrelay
