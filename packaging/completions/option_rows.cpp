// A program of the build: puts the option rows into the completions of a shell.
//
//   option_rows PROGRAM COMPLETE TEMPLATE >COMPLETIONS
//
// Prints TEMPLATE with PROGRAM, which is logrelay or logrelayctl, in place of each '@program@', the file COMPLETE in place of
// '@complete@', and with a line for each option, scheme and key in place of '@rows@': where it stands, its name, what its
// value may be, and what it means, with tabs between. Where is "option", "input" or "output" for a scheme, and "input:tcp://"
// or "input:*" for a key. A value is "-" for none, a word with an '@' for what the shell knows to complete, or words with
// spaces between. logrelayctl has "command" for each way to call it, whose name is its words and options, and whose value
// has one for each further word, with spaces between; and the rows of outputs.
#include "app/cli.hpp"
#include "app/control_rows.hpp"

#include <logrelay/spool/spool_options.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>

using namespace logrelay;

namespace {

class printed_rows {
 public:
  explicit printed_rows(const registries& known) : known_(known) {}

  void add_relay() {
    for (const command_line_option& option : command_line_options()) {
      const std::string value = option.flag ? "-" : value_of(option.row);
      add("option", fmt::format("--{}", option.row.name), value, option.row.help);
      if (option.letter) add("option", fmt::format("-{}", option.letter), value, option.row.help);
    }
    add_side("input", known_.inputs);
    add_keys("input:*", common_input_rows());
    add_outputs();
  }

  void add_control() {
    for (const control_row& row : control_rows) add_way(row);
    add_outputs();
  }

  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  void add_outputs() {
    add_side("output", known_.outputs);
    for (const option_rows rows : {common_output_rows(), spool_rows()}) add_keys("output:*", rows);
    for (const filter_kind& filter : known_.filters) add_keys("output:*", filter.options);
    for (const format_kind& format : known_.formats) add_keys("output:*", format.options);
  }

  void add_way(const control_row& row) {
    std::string words, values;
    std::istringstream parts{std::string(row.syntax)};
    for (std::string part; parts >> part;) {
      std::erase_if(part, [](char c) { return c == '[' || c == ']'; });
      const bool typed = part.front() == '-' || (part.front() >= 'a' && part.front() <= 'z');
      auto& to = typed ? words : values;
      to.append(to.empty() ? "" : " ").append(typed ? part : known_to_the_shell(part));
    }
    add("command", words, values, row.help);
  }

  template <typename Kind>
  void add_side(const std::string& side, const std::vector<Kind>& kinds) {
    for (const Kind& kind : kinds) {
      std::string_view syntax = kind.syntax;
      if (syntax.starts_with('[') && syntax.find(":]") != syntax.npos) {  // "[file:]PATH": with its scheme and without
        const std::string_view rest = syntax.substr(syntax.find(']') + 1);
        add_scheme(side, "", rest, kind);
        add_scheme(side, std::string(syntax.substr(1, syntax.find(']') - 1)), rest, kind);
        continue;
      }
      const std::size_t end = std::min(syntax.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ["), syntax.size());
      add_scheme(side, std::string(syntax.substr(0, end)), syntax.substr(end), kind);
    }
  }

  template <typename Kind>
  void add_scheme(const std::string& side, const std::string& scheme, std::string_view rest, const Kind& kind) {
    add(side, scheme, known_to_the_shell(rest), kind.summary);
    add_keys(fmt::format("{}:{}", side, scheme), kind.options);
  }

  void add_keys(std::string_view where, option_rows rows) {
    for (const option_row& row : rows) add(where, std::string(row.name), value_of(row), row.help);
  }

  static std::string known_to_the_shell(std::string_view name) {
    if (name.starts_with("FILE") || name.starts_with("PATH")) return "@file";
    if (name.starts_with("DIR")) return "@directory";
    if (name.starts_with("COMMAND")) return "@command";
    if (name == "ADDR") return "@address";
    if (name == "OUTPUT") return "@output";
    return name == "INPUT" ? "@input" : "";
  }

  [[nodiscard]] std::string value_of(const option_row& row) const {
    if (row.type == option_type::yes_no) return "yes no";
    if (row.type == option_type::choice) return fmt::format("{}", fmt::join(choice_names(row), " "));
    std::string words;
    const auto add_word = [&](std::string_view word) { words.append(words.empty() ? "" : " ").append(word); };
    if (row.name == "format")
      for (const format_kind& format : known_.formats)
        if (format.matches(format.name)) add_word(format.name);
    std::istringstream names{std::string(row.value_name)};
    for (std::string name; std::getline(names, name, '|');)  // of "none|TIME|batch" the words that stand for themselves
      if (name.front() >= 'a' && name.front() <= 'z') add_word(name);
    return words.empty() ? known_to_the_shell(row.value_name) : words;
  }

  void add(std::string_view where, const std::string& name, std::string_view value, std::string_view help) {
    text_ += fmt::format("{}\t{}\t{}\t{}\n", where, name, value, help);
  }

  const registries& known_;
  std::string text_;
};

std::string read_file(const char* path) {
  std::ifstream file(path);
  std::ostringstream text;
  if (!(text << file.rdbuf())) throw std::runtime_error(fmt::format("unable to read {}", path));
  return text.str();
}

/// Text as bash, zsh and fish all read it between single quotes.
std::string quoted(const std::string& text) {
  std::string all;
  for (const char c : text) {
    if (c == '\\') throw std::runtime_error("a backslash means different things to the shells: use none in a row or in COMPLETE");
    if (c == '\'') all += "'\\'";  // ends the quotes, is one, and begins them again with itself
    all += c;
  }
  return all;
}

void replace_all(std::string& text, const std::string& mark, const std::string& by) {
  auto at = text.find(mark);
  if (at == text.npos) throw std::runtime_error(fmt::format("the template has no {}", mark));
  for (; at != text.npos; at = text.find(mark, at + by.size())) text.replace(at, mark.size(), by);
}

std::string rows_of(const std::string& program) {
  const auto known = standard_registries();
  printed_rows rows(known);
  if (program == "logrelay") rows.add_relay();
  else if (program == "logrelayctl") rows.add_control();
  else throw std::runtime_error(fmt::format("there is no program {}", program));
  return rows.text();
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 4) throw std::runtime_error("usage: option_rows PROGRAM COMPLETE TEMPLATE");
  std::string text = read_file(argv[3]);
  replace_all(text, "@program@", argv[1]);
  replace_all(text, "@complete@", quoted(read_file(argv[2])));
  replace_all(text, "@rows@", quoted(rows_of(argv[1])));
  return std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0 ? 0 : 1;
} catch (const std::exception& e) {
  fmt::print(stderr, "option_rows: {}\n", e.what());
  return 1;
}
