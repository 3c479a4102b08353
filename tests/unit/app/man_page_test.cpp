// The man page against the tables that the program is made of: each names what the other does, and nothing else.
#include <app/cli.hpp>
#include <app/control_rows.hpp>

#include <logrelay/config.hpp>
#include <logrelay/embed/logger_config.hpp>
#include <logrelay/observe/metrics.hpp>
#include <logrelay/registry.hpp>
#include <logrelay/report.hpp>
#include <logrelay/spool/spool_options.hpp>
#include <support/lines.hpp>
#include <support/process.hpp>
#include <support/temp_folder.hpp>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <regex>
#include <set>
#include <sstream>

using namespace logrelay;
using namespace logrelay::support;

namespace {

const std::string path = LOGRELAY_SOURCE "/man/logrelay.1";

using names = std::set<std::string>;

/// What the rows of a table say of an option, or an .It line of the page: "queue=SIZE (64M)", choices in full.
using options = std::map<std::string, std::string>;

/// The lines of the page below a heading, up to the next one of its rank.
std::vector<std::string> below(std::string_view heading) {
  std::vector<std::string> found;
  bool on = false;
  for (const auto& line : split_lines(read_file(path))) {
    if (line == heading) {
      on = true;
    } else if (on && (line.starts_with(".Sh") || (heading.starts_with(".Ss") && line.starts_with(".Ss")))) {
      break;
    } else if (on) {
      found.push_back(line);
    }
  }
  return found;
}

/// The first group of every match of `pattern` in the lines below a heading.
names found_below(std::string_view heading, const std::string& pattern) {
  names all;
  const std::regex wanted(pattern);
  for (const auto& line : below(heading))
    for (std::sregex_iterator it(line.begin(), line.end(), wanted), end; it != end; ++it) all.insert(it->str(1));
  return all;
}

/// The options in .It lines: name, choices where they stand, default.
options items_below(std::string_view heading) {
  static const std::regex item(R"(\.It Cm ([a-z0-9-]+) Ns = Ns (?:Ar ([A-Z:]+)|Cm ([^P]+?))(?: Pq Cm (\S+))?)");
  options all;
  std::smatch part;
  for (const auto& line : below(heading))
    if (std::regex_match(line, part, item)) all[part[1]] = fmt::format("{}|({})", std::regex_replace(part.str(3), std::regex(R"( )"), ""), part.str(4));
  return all;
}

void add(option_rows rows, options& to) {
  for (const auto& row : rows) {
    const auto choices = row.type == option_type::yes_no ? std::vector<std::string_view>{"yes", "no"}
                         : row.type == option_type::choice ? choice_names(row) : std::vector<std::string_view>{};
    to[std::string(row.name)] = fmt::format("{}|({})", fmt::join(choices, "|"), row.fallback);
  }
}

template <typename Kind>
void check_kinds(const std::vector<Kind>& kinds, std::string_view what, std::string_view section) {
  names headings;
  for (const auto& kind : kinds) {
    const auto heading = fmt::format(".Ss {} {}", what, kind.syntax);
    headings.insert(heading);
    options rows;
    add(kind.options, rows);
    INFO(heading);
    CHECK(items_below(heading) == rows);
  }
  headings.insert(fmt::format(".Ss Every {}put", what == "Input" ? "in" : "out"));
  if (what == "Output") headings.insert(".Ss Formats with fields");
  CHECK(found_below(section, R"((\.Ss .*))") == headings);
}

names keys_of(const std::string& json) {
  names keys;
  const std::regex key(R"re("([a-z_]+)": )re");
  for (std::sregex_iterator it(json.begin(), json.end(), key), end; it != end; ++it) keys.insert(it->str(1));
  return keys;
}

}  // namespace

TEST_CASE("the man page names every option of the command line, and no other") {
  names known;
  const auto help = help_text(standard_registries());
  const std::regex option(R"(^  (?:-[a-zA-Z], |    )--([a-z-]+))");
  for (const auto& line : split_lines(help))
    if (std::smatch part; std::regex_search(line, part, option)) known.insert(part[1]);
  REQUIRE(known.contains("drain-timeout"));
  CHECK(found_below(".Sh OPTIONS", R"(\.It .*\bFl -([a-z-]+))") == known);
  for (const auto& row : global_rows()) {
    if (row.type == option_type::yes_no || row.name == "timestamp") continue;  // flags
    const std::string fallback = row.fallback.empty() ? "" : fmt::format(" Pq Cm {}", row.fallback);
    const auto wanted = fmt::format(R"((\.It Fl -{} Ar [A-Z]+{})$)", row.name, fallback);
    CHECK(found_below(".Sh OPTIONS", wanted).size() == 1);
  }
}

TEST_CASE("the man page names every input with its options, and no other") {
  check_kinds(standard_registries().inputs, "Input", ".Sh INPUTS");
  options rows;
  add(common_input_rows(), rows);
  CHECK(items_below(".Ss Every input") == rows);
}

TEST_CASE("the man page names every output with its options, and no other") {
  check_kinds(standard_registries().outputs, "Output", ".Sh OUTPUTS");
  options rows;
  add(common_output_rows(), rows);
  add(spool_rows(), rows);
  for (const auto& filter : standard_registries().filters) add(filter.options, rows);
  options of_formats;
  for (const auto& format : standard_registries().formats) add(format.options, of_formats);
  CHECK(items_below(".Ss Formats with fields") == of_formats);
  CHECK(items_below(".Ss Every output") == rows);
}

TEST_CASE("the man page names every format and what a template may have, and no other") {
  names formats, fields;
  for (const auto& kind : standard_registries().formats) {
    formats.insert(std::string(kind.name));
    if (!kind.matches("{zzzzzzzzzzzzzz}")) continue;
    mistakes wrong;  // an unknown name is answered with all that there are
    kind.check("{zzzzzzzzzzzzzz}", "output", wrong);
    REQUIRE(wrong.texts().size() == 1);
    const auto& text = wrong.texts().front();
    const auto from = text.find("(there are ");
    REQUIRE(from != std::string::npos);
    const std::regex name(R"((?: |, )([a-z0-9]+)(?=[,)]))");
    for (std::sregex_iterator it(text.begin() + static_cast<std::ptrdiff_t>(from) + 10, text.end(), name), end; it != end; ++it) fields.insert(it->str(1));
  }
  CHECK(found_below(".Sh FORMATS", R"(^\.It Cm ([A-Za-z0-9]+)$)") == formats);
  CHECK(found_below(".Sh FORMATS", R"(^\.It Ql \{([a-z0-9]+)(?:\}|:).*)") == fields);
}

TEST_CASE("the man page names every field of the report, and no other") {
  relay_report report;
  report.inputs.emplace_back();
  report.outputs.emplace_back();
  names described;
  for (const auto& line : below(".Sh REPORT")) {
    if (!line.starts_with(".It Va ")) continue;
    std::istringstream words(line.substr(7));
    for (std::string word; words >> word;)
      if (word != ",") described.insert(word);
  }
  CHECK(described == keys_of(to_json(report, "1")));
}

TEST_CASE("the man page of logrelayctl names every way to call it") {
  const auto page = read_file(LOGRELAY_SOURCE "/man/logrelayctl.1");
  for (const auto& row : control_rows) {
    INFO(row.syntax);
    std::string typed, wanted;
    std::istringstream words{std::string(row.syntax)};
    for (std::string word; words >> word;) {
      std::erase_if(word, [](char c) { return c == '[' || c == ']'; });
      if (word.starts_with("--")) CHECK(page.find("Fl " + (row.letter ? std::string(1, row.letter) + " , " : "") + word.substr(1)) != std::string::npos);
      else if (word.front() >= 'a' && word.front() <= 'z') typed += (typed.empty() ? "" : " ") + word;
      else wanted += " Ar " + word;
    }
    if (typed == "top") CHECK(page.find(".Cm top\n") != std::string::npos);
    else if (!typed.empty()) CHECK(page.find(".It Cm " + typed + wanted + "\n") != std::string::npos);
  }
}

TEST_CASE("the man page names every metric, and no other") {
  relay_report report;
  names served;
  for (const auto& line : split_lines(to_metrics(report, "1")))
    if (line.starts_with("# TYPE ")) served.insert(line.substr(7, line.find(' ', 7) - 7));
  CHECK(served.size() > 20);
  CHECK(found_below(".Sh METRICS", R"(\b(logrelay_[a-z_]+))") == served);
}

namespace {

/// What the configuration's page calls the type of a key's value.
std::string type_in_toml(const option_row& row) {
  switch (row.type) {
    case option_type::yes_no: return "boolean";
    case option_type::count: return "number";
    case option_type::size: return "size";
    case option_type::duration: return "time";
    case option_type::mode: return "mode";
    case option_type::text:
    case option_type::choice:
    case option_type::regex: break;
  }
  return row.repeatable ? "strings" : "string";
}

names keys_below(std::string_view heading) {
  static const std::regex item(R"(\.It Cm ([a-z0-9-]+) No = Ar ([a-z]+))");
  names all;
  bool on = false;
  std::smatch part;
  for (const auto& line : split_lines(read_file(LOGRELAY_SOURCE "/man/logrelay.conf.5"))) {
    if (line.starts_with(".Sh")) on = line == heading;
    if (on && std::regex_match(line, part, item)) all.insert(part.str(1) + " = " + part.str(2));
  }
  return all;
}

void add_types(option_rows rows, names& to) {
  for (const auto& row : rows) to.insert(fmt::format("{} = {}", row.name, type_in_toml(row)));
}

}  // namespace

TEST_CASE("the man page of the configuration file names every key with its type, and no other") {
  const auto known = standard_registries();
  names global{"command = strings"}, inputs{"endpoint = string"}, outputs{"endpoint = string"}, loggers;
  add_types(global_rows(), global);
  add_types(common_input_rows(), inputs);
  for (const auto& kind : known.inputs) add_types(kind.options, inputs);
  for (const auto& kind : known.outputs)
    for (const auto rows : output_tables(kind, known)) add_types(rows, outputs);
  CHECK(keys_below(".Sh OPTIONS OF THE PROGRAM") == global);
  CHECK(keys_below(".Sh KEYS OF AN INPUT") == inputs);
  CHECK(keys_below(".Sh KEYS OF AN OUTPUT") == outputs);
  add_types(logger_rows(), loggers);
  CHECK(keys_below(".Sh KEYS OF A LOGGER") == loggers);
}

namespace {

const std::vector<std::string> pages{path, LOGRELAY_SOURCE "/man/logrelay-files.7", LOGRELAY_SOURCE "/man/logrelay-spool.7",
                                     LOGRELAY_SOURCE "/man/logrelay.conf.5", LOGRELAY_SOURCE "/man/liblogrelay.3", LOGRELAY_SOURCE "/man/logrelayctl.1"};

/// The lines of a page as a terminal shows it that have more characters than it has columns.
std::vector<std::string> too_wide(const std::string& shown) {
  static const std::regex overstruck(".\b");  // bold and underlined
  std::vector<std::string> found;
  for (const auto& line : split_lines(std::regex_replace(shown, overstruck, "")))
    if (line.size() > 80) found.push_back(line);
  return found;
}

}  // namespace

TEST_CASE("a terminal of 80 columns shows every line of the man pages whole") {
  const std::vector<std::pair<std::string, std::string>> readers = {{"mandoc", "mandoc -T ascii -O width=78 \"$0\""},
                                                                    {"groff", "groff -Tascii -P-c -mandoc -rLL=78n \"$0\" 2>&1"}};
  for (const auto& [reader, command] : readers) {
    if (!has(reader)) {
      WARN("skipped: " << reader << " is not installed");
      continue;
    }
    for (const auto& page : pages) {
      INFO(reader << " of " << page);
      const auto shown = run({"sh", "-c", command, page});
      CHECK(shown.status == 0);
      CHECK(shown.output.size() > 1000);
      CHECK(too_wide(shown.output) == std::vector<std::string>());
    }
  }
}

TEST_CASE("mandoc finds nothing to complain of in the man pages") {
  if (!has("mandoc")) {
    WARN("skipped: mandoc is not installed");
    return;
  }
  std::vector<std::string> command{"mandoc", "-T", "lint", "-W", "warning"};
  command.insert(command.end(), pages.begin(), pages.end());
  const auto lint = run(command);
  CHECK(lint.output + lint.errors == "");
  CHECK(lint.status == 0);
}
