#include <logrelay/config.hpp>
#include <logrelay/config_conflicts.hpp>
#include <logrelay/filter/level.hpp>
#include <logrelay/observe/place.hpp>
#include <logrelay/spool/spool_options.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <numeric>
#include <set>

namespace logrelay {
namespace {

/// An endpoint with what it will be called.
struct named_endpoint {
  endpoint where;
  std::string name;
  std::string whose;  ///< "output 'app.log'", for messages
};

/// What the two sides have in common, so that inputs and outputs are looked up by the same words.
struct side {
  std::string_view self;          ///< "input"
  std::string_view other;         ///< "output"
  std::string_view name_of_dash;  ///< what "-" is called
  std::vector<std::string_view> own_names;  ///< schemes of which there is one endpoint, called by the scheme's name
  std::vector<std::string_view> schemes;
  std::vector<std::string_view> other_schemes;
};

template <typename Kind>
std::vector<std::string_view> schemes_of(const std::vector<Kind>& kinds) {
  std::vector<std::string_view> schemes;
  for (const Kind& kind : kinds) schemes.push_back(kind.scheme);
  return schemes;
}

bool contains(std::span<const std::string_view> words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// The value of `name` as it was written; the first, should there be several.
std::string given_name(const endpoint& where) {
  for (const given_option& each : where.options)
    if (each.name == "name") return each.text;
  return {};
}

/// What the endpoint's text says, with what stands beside it.
endpoint read_table(const endpoint_table& table, mistakes& wrong) {
  const mistakes::at here(wrong, table.at);
  endpoint where = parse_endpoint(table.endpoint, wrong);
  for (given_option& each : where.options) each.at = table.at;
  where.options.insert(where.options.end(), table.options.begin(), table.options.end());
  where.at = table.at;
  return where;
}

/// Endpoints with their names. Names that were given come first: an endpoint's own gives way to them with "#2".
std::vector<named_endpoint> read_endpoints(const std::vector<endpoint_table>& all, const side& ours, mistakes& wrong) {
  std::vector<named_endpoint> read;
  std::set<std::string> taken;
  for (const endpoint_table& each : all) {
    endpoint where = read_table(each, wrong);
    const mistakes::at here(wrong, place_of(where, "name"));
    std::string name = given_name(where);
    if (!name.empty() && !taken.insert(name).second)
      wrong.add(fmt::format("{} '{}': another {} has the name '{}' too", ours.self, where.where, ours.self, name));
    read.push_back({std::move(where), std::move(name), {}});
  }
  for (named_endpoint& each : read) {
    if (each.name.empty()) {
      const std::string own = each.where.scheme == "-"                      ? std::string(ours.name_of_dash)
                              : contains(ours.own_names, each.where.scheme) ? each.where.scheme
                                                                            : each.where.where;
      each.name = own;
      for (int n = 2; !taken.insert(each.name).second; ++n) each.name = fmt::format("{}#{}", own, n);
    }
    each.whose = fmt::format("{} '{}'", ours.self, each.name);
  }
  return read;
}

void add_unknown_scheme(const named_endpoint& which, const side& ours, mistakes& wrong) {
  const endpoint& where = which.where;
  if (contains(ours.other_schemes, where.scheme)) {
    std::string way_out;
    if (where.scheme == "file" && where.text.find('=') != std::string::npos)
      way_out = ": an option follows its input behind a comma alone, as in '-,decode=syslog'";
    else if (where.scheme == "file" && contains(ours.schemes, "tail"))
      way_out = fmt::format(": write 'tail:{0}' to follow it, or '< {0}' to read it once", where.rest);
    wrong.add(fmt::format("{}: '{}' can only be an {}{}", which.whose, where.scheme, ours.other, way_out));
    return;
  }
  std::string way_out;
  if (contains(ours.schemes, "file")) way_out += fmt::format("; a file of that name is './{}'", where.where);
  const bool port = !where.rest.empty() && where.rest.find_first_not_of("0123456789") == std::string::npos;
  if (port && contains(ours.schemes, "tcp"))
    way_out += fmt::format("; a host and its port are 'tcp://{}'", where.where);
  const auto meant = where.scheme == "syslog+udp" ? " (did you mean 'syslog', which is over UDP?)" : did_you_mean(where.scheme, ours.schemes);
  wrong.add(fmt::format("{}: unknown scheme '{}'{}{}", which.whose, where.scheme, meant, way_out));
}

template <typename Kind>
const Kind* find_kind(const std::vector<Kind>& kinds, const named_endpoint& which, const side& ours, mistakes& wrong) {
  if (which.where.where.empty()) return nullptr;  // said already
  const auto found =
      std::find_if(kinds.begin(), kinds.end(), [&](const Kind& kind) { return kind.scheme == which.where.scheme; });
  if (found != kinds.end()) return &*found;
  add_unknown_scheme(which, ours, wrong);
  return nullptr;
}

void check_format(std::string_view text, std::string_view whose, const registries& known, mistakes& wrong) {
  for (const format_kind& kind : known.formats)
    if (kind.matches(text)) {
      if (kind.check) kind.check(text, whose, wrong);
      return;
    }
  std::vector<std::string_view> names;  // of those that are asked for by name, which a template is not
  for (const format_kind& kind : known.formats)
    if (kind.matches(kind.name)) names.push_back(kind.name);
  const std::string suggestion = did_you_mean(text, names);
  names.push_back("a template such as '{time} {line}'");
  wrong.add(fmt::format("{}: unknown format '{}'{}: write {}", whose, text, suggestion, listed(names)));
}

/// Options that only some formats take, and this one does not.
void check_format_options(const output_config& output, std::string_view whose, const registries& known, mistakes& wrong) {
  const std::string& text = output.options.text("format");
  const auto asked = std::find_if(known.formats.begin(), known.formats.end(), [&](const format_kind& kind) { return kind.matches(text); });
  if (asked == known.formats.end()) return;  // said already
  const auto takes = [](const format_kind& kind, std::string_view name) {
    return std::any_of(kind.options.begin(), kind.options.end(), [&](const option_row& row) { return row.name == name; });
  };
  std::set<std::string_view> refused;
  for (const format_kind& kind : known.formats)
    for (const option_row& row : kind.options)
      if (output.options.given(row.name) && !takes(*asked, row.name)) refused.insert(row.name);
  for (const std::string_view name : refused) {
    std::vector<std::string_view> others;
    for (const format_kind& kind : known.formats)
      if (takes(kind, name)) others.push_back(kind.name);
    wrong.add(fmt::format("{}: format={} has no place for '{}': take {}", whose, text, name, listed(others)));
  }
  if (asked->check_options && refused.empty()) asked->check_options(output.options, whose, wrong);
}

/// The template of the prefix that --timestamp asks for.
std::string timestamp_prefix(const option_values& global, const std::string& at, const registries& known, mistakes& wrong) {
  const std::string& text = global.text("timestamp");
  const mistakes::at here(wrong, at);
  if (text == "no") return {};
  if (text == "yes") return "{time} ";
  if (text.find_first_of("{}") != std::string::npos) {
    wrong.add(fmt::format("'{}timestamp={}' is no time format: write it like %H:%M:%S, without {{ and }}", at.empty() ? "--" : "", text));
    return {};
  }
  std::string prefix = fmt::format("{{time:{}}} ", text);
  check_format(prefix, "--timestamp", known, wrong);
  return prefix;
}

/// Places of the inputs that an output takes.
std::vector<std::size_t> sources(const output_config& output, std::string_view whose,
                                 const std::vector<input_config>& inputs, mistakes& wrong) {
  if (!output.options.given("from")) {
    std::vector<std::size_t> every(inputs.size());
    std::iota(every.begin(), every.end(), std::size_t{0});
    return every;
  }
  std::vector<std::string_view> names;
  for (const input_config& input : inputs) names.push_back(input.name);
  std::set<std::size_t> places;
  for (const std::string& name : output.options.all("from")) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found != names.end())
      places.insert(static_cast<std::size_t>(found - names.begin()));
    else
      wrong.add(fmt::format("{}: 'from={}' names no input{}", whose, name, did_you_mean(name, names)));
  }
  return {places.begin(), places.end()};
}

/// A file's endpoints, then a command line's.
std::vector<endpoint_table> joined(const std::vector<endpoint_table>& tables, const std::vector<std::string>& texts) {
  std::vector<endpoint_table> all = tables;
  for (const std::string& text : texts) all.push_back({text, {}, {}});
  return all;
}

/// The endpoints of all inputs. A command's two outputs are read in any case: who names them wants options for them.
std::vector<endpoint_table> all_inputs(const relay_request& request) {
  std::vector<endpoint_table> all = joined(request.input_tables, request.inputs);
  const auto add_first = [&](std::string_view text) { all.insert(all.begin(), {std::string(text), {}, {}}); };
  if (request.command.empty()) {
    if (all.empty()) add_first("-");
    return all;
  }
  for (const std::string_view each : {"stderr:", "stdout:"})
    if (std::none_of(all.begin(), all.end(), [&](const auto& one) { return one.endpoint.starts_with(each); })) add_first(each);
  return all;
}

std::vector<endpoint_table> all_outputs(const relay_request& request) {
  std::vector<endpoint_table> all = joined(request.output_tables, request.outputs);
  if (all.empty()) all.push_back({"-", {}, {}});
  return all;
}

std::vector<input_config> make_inputs(const relay_request& request, const side& ours, const registries& known,
                                      mistakes& wrong) {
  std::vector<input_config> inputs;
  for (named_endpoint& which : read_endpoints(all_inputs(request), ours, wrong)) {
    const mistakes::at here(wrong, which.where.at);
    input_config& input = inputs.emplace_back();
    input.kind = find_kind(known.inputs, which, ours, wrong);
    input.where = std::move(which.where);
    input.name = std::move(which.name);
    if (!input.kind) continue;
    const std::array tables{common_input_rows(), input.kind->options};
    check_slips(input.where, which.whose, tables, wrong);
    input.options = parse_options(input.where.options, tables, which.whose, wrong);
    if (input.kind->check) input.kind->check(input, wrong);
    const bool of_command = contains(ours.own_names, input.where.scheme) && !request.command.empty();
    if (of_command) input.app = std::filesystem::path(request.command.front()).filename().string();
  }
  check_conflicts(inputs, request.command, wrong);
  return inputs;
}

std::vector<output_config> make_outputs(const relay_request& request, const side& ours, const registries& known,
                                        const std::vector<input_config>& inputs, const std::string& timestamp,
                                        mistakes& wrong) {
  std::vector<output_config> outputs;
  for (named_endpoint& which : read_endpoints(all_outputs(request), ours, wrong)) {
    const mistakes::at here(wrong, which.where.at);
    output_config& output = outputs.emplace_back();
    output.kind = find_kind(known.outputs, which, ours, wrong);
    output.where = std::move(which.where);
    output.name = std::move(which.name);
    output.timestamp = timestamp;
    if (!output.kind) continue;
    const auto tables = output_tables(*output.kind, known);
    check_slips(output.where, which.whose, tables, wrong);
    output.options = parse_options(output.where.options, tables, which.whose, wrong);
    {
      const mistakes::at format(wrong, place_of(output.where, "format"));
      check_format(output.options.text("format"), which.whose, known, wrong);
      check_format_options(output, which.whose, known, wrong);
    }
    {
      const mistakes::at from(wrong, place_of(output.where, "from"));
      output.from = sources(output, which.whose, inputs, wrong);
    }
    check_level(output, inputs, wrong);
    check_spool(output, wrong);
    if (output.kind->check) output.kind->check(output, wrong);
  }
  check_conflicts(outputs, wrong);
  return outputs;
}

void refuse_loggers(const std::vector<logger_table>& loggers, mistakes& wrong) {
  for (const logger_table& each : loggers) {
    const mistakes::at here(wrong, each.at);
    wrong.add("[[logger]] is for programs that log through the library, liblogrelay(3): a relay has no loggers");
  }
}

}  // namespace

relay_config make_config(const relay_request& request, const registries& known, mistakes& wrong) {
  const side in{"input", "output", "stdin", {"stdout", "stderr"}, schemes_of(known.inputs), schemes_of(known.outputs)};
  const side out{"output", "input", "stdout", {}, schemes_of(known.outputs), schemes_of(known.inputs)};
  relay_config config;
  config.global = parse_options(request.global, std::array{global_rows()}, "", wrong);
  if (config.global.yes("quiet") && config.global.yes("verbose"))
    wrong.add("--quiet and --verbose are given both: leave one out");
  static_cast<void>(parse_metrics_address(config.global.text("metrics"), wrong));
  const auto asked = std::find_if(request.global.begin(), request.global.end(), [](const auto& each) { return each.name == "timestamp"; });
  const std::string timestamp = timestamp_prefix(config.global, asked == request.global.end() ? "" : asked->at, known, wrong);
  config.inputs = make_inputs(request, in, known, wrong);
  config.outputs = make_outputs(request, out, known, config.inputs, timestamp, wrong);
  refuse_loggers(request.logger_tables, wrong);
  config.command = request.command;
  return config;
}

}  // namespace logrelay
