#include "cli.hpp"

#include "environment.hpp"

#include <logrelay/config_file.hpp>
#include <logrelay/spool/spool_options.hpp>
#include <logrelay/util/columns.hpp>
#include <logrelay/util/near_miss.hpp>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <span>

namespace logrelay {

namespace {

/// Options that only a command line has, beside those of global_rows().
constexpr option_row command_line_table[] = {
    {.name = "input", .type = option_type::text, .fallback = "",
     .help = "Relay what INPUT gives, instead of standard input; repeat it for several.", .repeatable = true,
     .value_name = "INPUT"},
    {.name = "config", .type = option_type::text, .fallback = "",
     .help = "Read options, inputs and outputs from FILE too, at the start and on HUP; those given here come on top.",
     .value_name = "FILE"},
    {.name = "append", .type = option_type::yes_no, .fallback = "yes",
     .help = "Append to files, as tee -a does; this is what happens anyway."},
    {.name = "check", .type = option_type::yes_no, .fallback = "no",
     .help = "Read everything, open nothing, say what is wrong; exit status 0 or 2."},
    {.name = "print-config", .type = option_type::yes_no, .fallback = "no",
     .help = "Print the configuration file that says all that was asked for, open nothing, and leave."},
    {.name = "version", .type = option_type::yes_no, .fallback = "no", .help = "Print the version and leave."},
    {.name = "help", .type = option_type::yes_no, .fallback = "no", .help = "Print this and leave."},
};

struct short_option {
  char letter;
  std::string_view name;
};
constexpr short_option short_options[] = {{'i', "input"}, {'c', "config"}, {'t', "timestamp"}, {'a', "append"}, {'v', "verbose"},
                                          {'q', "quiet"}, {'V', "version"},   {'h', "help"}};

/// Every option that a command line has, in the order of --help.
std::vector<option_row> all_rows() {
  constexpr std::size_t first = 2;  // the input and the file come before what may stand in it
  std::vector<option_row> rows(std::begin(command_line_table), std::begin(command_line_table) + first);
  const option_rows global = global_rows();
  rows.insert(rows.end(), global.begin(), global.end());
  rows.insert(rows.end(), std::begin(command_line_table) + first, std::end(command_line_table));
  return rows;
}

/// Whether the option stands alone; a value, then, only comes behind a '='.
bool is_flag(const option_row& row) { return row.type == option_type::yes_no || row.name == "timestamp"; }

std::optional<char> letter_of(std::string_view name) {
  for (const short_option& option : short_options)
    if (option.name == name) return option.letter;
  return std::nullopt;
}

/// CLI11 with one option a row. It only tells words apart, and hands every value on as it was written: no option may
/// take a second word, split a list, or throw because it came twice.
class splitter {
 public:
  splitter(const std::vector<option_row>& rows, const std::vector<std::string>& words) {
    app_.set_help_flag();
    app_.allow_extras();
    for (const option_row& row : rows) {
      const auto letter = letter_of(row.name);
      const std::string names = letter ? fmt::format("-{},--{}", *letter, row.name) : fmt::format("--{}", row.name);
      CLI::Option* option = is_flag(row) ? app_.add_flag(names) : app_.add_option(names);
      option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)->allow_extra_args(false);
      options_.emplace(row.name, option);
    }
    split(words);
  }

  /// What was given for an option: every value in order; of a flag the last, "yes" where it stood alone.
  [[nodiscard]] std::vector<std::string> values(const option_row& row) const {
    const std::vector<std::string>& values = options_.find(row.name)->second->results();
    if (!is_flag(row) || values.empty()) return values;
    return {values.back() == "true" ? "yes" : values.back()};  // CLI11's word for a bare flag
  }
  [[nodiscard]] bool has(std::string_view name) const { return options_.find(name)->second->count() > 0; }
  /// What is no known option, in order.
  [[nodiscard]] std::vector<std::string> others() const { return app_.remaining(); }
  /// Options that lack their value, each as it was written.
  [[nodiscard]] const std::vector<std::string>& without_value() const { return without_value_; }

 private:
  void split(const std::vector<std::string>& words) {
    std::vector<std::string> reversed;  // as CLI11 wants them
    for (auto word = words.rbegin(); word != words.rend(); ++word) {
      // CLI11 would take "--report=" for "--report" and eat the next word.
      const bool empty_value = word->starts_with("--") && word->find('=') == word->size() - 1;
      (empty_value ? without_value_ : reversed).push_back(*word);
    }
    const std::string last = reversed.empty() ? "" : reversed.front();
    try {
      app_.parse(reversed);
    } catch (const CLI::ParseError&) {
      // A value that is missing at the end is all that is left to go wrong; what stands before it has been read.
      without_value_.push_back(last);
    }
  }

  CLI::App app_;
  std::map<std::string_view, CLI::Option*> options_;
  std::vector<std::string> without_value_;
};

bool has_row(option_rows rows, std::string_view name) {
  return std::any_of(rows.begin(), rows.end(), [&](const option_row& row) { return row.name == name; });
}

/// Whether an output takes `name` as a key: people write --rotate=64M where app.log,rotate=64M is meant.
bool is_output_key(std::string_view name, const registries& known) {
  return has_row(common_output_rows(), name) || has_row(spool_rows(), name) ||
         std::any_of(known.filters.begin(), known.filters.end(),
                     [&](const auto& kind) { return has_row(kind.options, name); }) ||
         std::any_of(known.formats.begin(), known.formats.end(),
                     [&](const auto& kind) { return has_row(kind.options, name); }) ||
         std::any_of(known.outputs.begin(), known.outputs.end(),
                     [&](const auto& kind) { return has_row(kind.options, name); });
}

void add_unknown_option(std::string_view word, const std::vector<option_row>& rows, const registries& known,
                        mistakes& wrong) {
  const std::string_view option = word.substr(0, word.find('='));
  std::vector<std::string> spelt;
  for (const option_row& row : rows) spelt.push_back(fmt::format("--{}", row.name));
  std::string way_out = did_you_mean(option, std::vector<std::string_view>(spelt.begin(), spelt.end()));
  if (option.starts_with("--") && is_output_key(option.substr(2), known))
    way_out = fmt::format(": an output takes it as OUTPUT,{}=…", option.substr(2));
  wrong.add(fmt::format("unknown option '{}'{}", option, way_out));
}

/// The words that are outputs: what is no option.
std::vector<std::string> read_outputs(const splitter& command, const std::vector<option_row>& rows, const registries& known,
                                      mistakes& wrong) {
  std::vector<std::string> outputs;
  for (const std::string& word : command.others()) {
    // "-" and "-,format=json" are standard output.
    if (word.size() > 1 && word[0] == '-' && word[1] != ',')
      add_unknown_option(word, rows, known, wrong);
    else
      outputs.push_back(word);
  }
  return outputs;
}

/// What a file says, where the command line and the environment say nothing else.
void add_file(relay_request file, relay_request& to) {
  const auto given = [&](std::string_view name) {
    return std::any_of(to.global.begin(), to.global.end(), [&](const given_option& each) { return each.name == name; });
  };
  const bool loudness = given("quiet") || given("verbose");  // one takes the other's place
  std::erase_if(file.global, [&](const given_option& each) {
    return given(each.name) || (loudness && (each.name == "quiet" || each.name == "verbose"));
  });
  to.global.insert(to.global.end(), file.global.begin(), file.global.end());
  to.input_tables = std::move(file.input_tables);
  to.output_tables = std::move(file.output_tables);
  to.logger_tables = std::move(file.logger_tables);
  to.command = std::move(file.command);
}

/// What stands for the value of an option.
std::string value_name(const option_row& row) {
  if (!row.value_name.empty()) return std::string(row.value_name);
  switch (row.type) {
    case option_type::yes_no: return "yes|no";
    case option_type::size: return "SIZE";
    case option_type::duration: return "TIME";
    case option_type::count: return "NUMBER";
    case option_type::text: return "TEXT";
    case option_type::regex: return "REGEX";
    case option_type::mode: return "MODE";
    case option_type::choice: break;
  }
  return fmt::format("{}", fmt::join(choice_names(row), "|"));
}

std::string with_default(const option_row& row) {
  return row.fallback.empty() ? std::string(row.help) : fmt::format("{} [{}]", row.help, row.fallback);
}

void add_option(columns& help, const option_row& row) {
  const auto letter = letter_of(row.name);
  const std::string short_form = letter ? fmt::format("-{}, ", *letter) : "    ";
  if (!is_flag(row)) {
    help.entry(2, fmt::format("{}--{} {}", short_form, row.name, value_name(row)), with_default(row));
  } else {
    const std::string value = row.type == option_type::yes_no ? "" : fmt::format("[={}]", value_name(row));
    help.entry(2, fmt::format("{}--{}{}", short_form, row.name, value), row.help);
  }
}

void add_keys(columns& help, option_rows rows) {
  for (const option_row& row : rows) help.entry(4, fmt::format("{}={}", row.name, value_name(row)), with_default(row));
}

template <typename Kind>
void add_kinds(columns& help, const std::vector<Kind>& kinds) {
  for (const Kind& kind : kinds) {
    help.entry(2, kind.syntax, kind.summary);
    add_keys(help, kind.options);
  }
}

/// The options that some formats take, each once.
std::vector<option_row> format_rows(const registries& known) {
  std::vector<option_row> rows;
  for (const format_kind& format : known.formats)
    for (const option_row& row : format.options)
      if (!has_row(rows, row.name)) rows.push_back(row);
  return rows;
}

}  // namespace

command_line read_command_line(int argc, char** argv, const registries& known, mistakes& wrong) {
  const std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  const auto dashes = std::find(words.begin(), words.end(), "--");
  const std::vector<option_row> rows = all_rows();
  const splitter command(rows, {words.begin(), dashes});

  command_line line;
  if (command.has("help") || command.has("version")) {
    line.what = command.has("help") ? command_line::action::help : command_line::action::version;
    return line;
  }
  line.doubts = doubtful_variables(rows);
  for (const std::string& option : command.without_value()) wrong.add(fmt::format("option '{}' needs a value", option));

  given_options own;
  for (const option_row& row : rows) {
    std::vector<std::string> texts = command.values(row);
    if (texts.empty())
      if (auto text = from_environment(row, wrong)) texts.push_back(std::move(*text));
    given_options& given = has_row(global_rows(), row.name) ? line.request.global : own;
    for (std::string& text : texts) given.push_back({std::string(row.name), std::move(text)});
  }
  const option_values values = parse_options(own, std::array{option_rows(command_line_table)}, "", wrong);
  if (values.yes("check")) line.what = command_line::action::check;
  if (values.yes("print-config")) line.what = command_line::action::print_config;
  line.file = values.text("config");
  if (!line.file.empty()) add_file(read_config_file(line.file, wrong), line.request);
  line.request.inputs = values.all("input");
  line.request.outputs = read_outputs(command, rows, known, wrong);
  if (dashes == words.end()) return line;
  line.request.command.assign(dashes + 1, words.end());
  if (line.request.command.empty()) wrong.add("'--' needs a command behind it");
  return line;
}

std::vector<command_line_option> command_line_options() {
  std::vector<command_line_option> options;
  for (const option_row& row : all_rows()) options.push_back({row, letter_of(row.name).value_or('\0'), is_flag(row)});
  return options;
}

std::string help_text(const registries& known) {
  columns help;
  help.line("Usage: logrelay [OPTION]... [OUTPUT]...                 relay standard input");
  help.line("       logrelay [OPTION]... -i INPUT... [OUTPUT]...     relay sockets and pipes");
  help.line("       logrelay [OPTION]... [OUTPUT]... -- COMMAND...   relay what COMMAND says");
  help.line("");
  help.paragraph(
      "Relays every line of every INPUT to every OUTPUT. A slow, full or dead output neither stalls the program that "
      "writes the lines nor disturbs the other outputs, and no line is lost without being counted and announced.");
  help.line("");
  help.line("Options, each also as LOGRELAY_... in the environment:");
  for (const option_row& row : all_rows()) add_option(help, row);
  help.line("");
  help.paragraph(
      "An INPUT or OUTPUT is [SCHEME:]REST[,KEY=VALUE]...; without SCHEME it is a file, and - is standard input or "
      "output, as when there is none. A double comma is a comma; a VALUE may be quoted with ' or \". A SIZE is like "
      "512, 64K, 64M or 1G, a TIME like 500ms, 10s, 5m, 1h or 7d. Defaults stand in brackets.");
  help.line("");
  help.line("Inputs:");
  add_kinds(help, known.inputs);
  help.line("");
  help.line("  Every input takes:");
  add_keys(help, common_input_rows());
  help.line("");
  help.line("Outputs:");
  add_kinds(help, known.outputs);
  help.line("");
  help.line("  Every output takes:");
  add_keys(help, common_output_rows());
  add_keys(help, spool_rows());
  for (const filter_kind& filter : known.filters) add_keys(help, filter.options);
  help.line("");
  help.line("Formats:");
  for (const format_kind& format : known.formats) help.entry(2, format.name, format.summary);
  help.line("");
  help.line("  Formats with fields take of their output:");
  add_keys(help, format_rows(known));
  help.line("");
  help.paragraph(
      "Exit status: 0 when every line was delivered or filtered, 1 when lines were lost or left, 2 when nothing was "
      "started; with a COMMAND that of the COMMAND, or 1 when that is 0 and lines were lost.");
  return help.text();
}

}  // namespace logrelay
