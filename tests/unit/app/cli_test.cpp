#include <app/cli.hpp>
#include <catch2/catch.hpp>
#include <logrelay/spool/spool_options.hpp>
#include <support/variable.hpp>

#include <sstream>

using namespace logrelay;
using texts = std::vector<std::string>;
using action = command_line::action;
using support::variable;

namespace {

constexpr option_row file_rows[] = {{"rotate", option_type::size, "", "Start a new file at this size."}};
constexpr option_row level_rows[] = {{"level", option_type::choice, "info", "Least severity.", "err=error|info"}};

registries small_registries() {
  registries known;
  known.inputs = {{"tcp", "tcp://[HOST]:PORT", "Lines over TCP.", {}, nullptr, nullptr}};
  known.outputs = {{"file", "PATH", "A file.", file_rows, nullptr, nullptr}};
  known.formats = {{"raw", "The line as it came.", nullptr, nullptr, nullptr}};
  known.filters = {{level_rows, nullptr}};
  return known;
}

const registries known = small_registries();

struct outcome {
  command_line line;
  texts wrong;
};

/// Reads "logrelay" and these words.
outcome read(texts words) {
  words.insert(words.begin(), "logrelay");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  mistakes wrong;
  command_line line = read_command_line(static_cast<int>(words.size()), argv.data(), known, wrong);
  return {std::move(line), wrong.texts()};
}

}  // namespace

TEST_CASE("no words ask for nothing", "[cli]") {
  const outcome it = read({});
  CHECK(it.wrong == texts{});
  CHECK(it.line.what == action::run);
  CHECK(it.line.request.inputs.empty());
  CHECK(it.line.request.outputs.empty());
  CHECK(it.line.request.global.empty());
  mistakes wrong;
  CHECK(read_command_line(0, nullptr, known, wrong).what == action::run);
}

TEST_CASE("words are outputs in their order", "[cli]") {
  CHECK(read({"b.log,rotate=1M", "-", "-,name=x", "a.log", "[x,y]", "++"}).line.request.outputs ==
        texts{"b.log,rotate=1M", "-", "-,name=x", "a.log", "[x,y]", "++"});
}

TEST_CASE("an input takes one word and leaves the next one alone", "[cli]") {
  const outcome it =
      read({"-i", "tcp://:1", "app.log", "--input", "-", "--input=[a,b]", "-iunix:x", "b.log", "-i", "-,name=x"});
  CHECK(it.wrong == texts{});
  CHECK(it.line.request.inputs == texts{"tcp://:1", "-", "[a,b]", "unix:x", "-,name=x"});
  CHECK(it.line.request.outputs == texts{"app.log", "b.log"});
}

TEST_CASE("a timestamp is a flag that leaves the next word alone", "[cli]") {
  const outcome it = read({"-t", "app.log"});
  CHECK(it.line.request.global == given_options{{"timestamp", "yes"}});
  CHECK(it.line.request.outputs == texts{"app.log"});
  CHECK(read({"--timestamp", "app.log"}).line.request.outputs == texts{"app.log"});
  CHECK(read({"--timestamp=%H:%M"}).line.request.global == given_options{{"timestamp", "%H:%M"}});
  CHECK(read({"-t", "--timestamp=%H:%M"}).line.request.global == given_options{{"timestamp", "%H:%M"}});
}

TEST_CASE("flags may stand together and come twice", "[cli]") {
  const outcome it = read({"-qta", "-q", "-i", "tcp://:1", "x"});
  CHECK(it.wrong == texts{});
  CHECK(it.line.request.global == given_options{{"timestamp", "yes"}, {"quiet", "yes"}});
}

TEST_CASE("options with a value take it from either side of the space", "[cli]") {
  CHECK(read({"--drain-timeout", "5s", "--report=-"}).line.request.global ==
        given_options{{"drain-timeout", "5s"}, {"report", "-"}});
}

TEST_CASE("check help and version are what to do", "[cli]") {
  CHECK(read({"--check", "a"}).line.what == action::check);
  CHECK(read({"--check=no", "a"}).line.what == action::run);
  CHECK(read({"-h"}).line.what == action::help);
  CHECK(read({"--help"}).line.what == action::help);
  CHECK(read({"-V"}).line.what == action::version);
  CHECK(read({"--version"}).line.what == action::version);
}

TEST_CASE("help wins over everything else and over every mistake", "[cli]") {
  const outcome it = read({"--inptu", "x", "--version", "--check", "--report=", "-h", "-i"});
  CHECK(it.line.what == action::help);
  CHECK(it.wrong == texts{});
}

TEST_CASE("two dashes end the options", "[cli]") {
  const outcome it = read({"a", "--", "-q", "--report", "--", "b"});
  CHECK(it.wrong == texts{});
  CHECK(it.line.request.outputs == texts{"a"});
  CHECK(it.line.request.command == texts{"-q", "--report", "--", "b"});
  CHECK(it.line.request.global.empty());
  CHECK(read({"--"}).wrong == texts{"'--' needs a command behind it"});
}

TEST_CASE("an unknown option is answered with the near one", "[cli]") {
  CHECK(read({"--inptu", "x"}).wrong == texts{"unknown option '--inptu' (did you mean '--input'?)"});
  CHECK(read({"--drain=5s"}).wrong == texts{"unknown option '--drain' (did you mean '--drain-timeout'?)"});
  CHECK(read({"-x"}).wrong == texts{"unknown option '-x'"});
  CHECK(read({"-5"}).wrong == texts{"unknown option '-5'"});
  CHECK(read({"---"}).wrong == texts{"unknown option '---'"});
}

TEST_CASE("an output's key as an option is answered with where it belongs", "[cli]") {
  CHECK(read({"--rotate=64M"}).wrong == texts{"unknown option '--rotate': an output takes it as OUTPUT,rotate=…"});
  CHECK(read({"--queue"}).wrong == texts{"unknown option '--queue': an output takes it as OUTPUT,queue=…"});
  CHECK(read({"--level=info"}).wrong == texts{"unknown option '--level': an output takes it as OUTPUT,level=…"});
}

TEST_CASE("an option without its value eats no other word", "[cli]") {
  const outcome it = read({"--report=", "app.log", "-q", "-i"});
  CHECK(it.wrong == texts{"option '--report=' needs a value", "option '-i' needs a value"});
  CHECK(it.line.request.outputs == texts{"app.log"});
  CHECK(it.line.request.global == given_options{{"quiet", "yes"}});
}

TEST_CASE("all mistakes of a command line are told at once", "[cli]") {
  CHECK(read({"--inptu", "--rotate=1", "-x", "--check=maybe", "--report"}).wrong.size() == 5);
}

TEST_CASE("the environment gives what the command line leaves out", "[cli]") {
  const variable input("LOGRELAY_INPUT", "tcp://:1");
  const variable timeout("LOGRELAY_DRAIN_TIMEOUT", "5s");
  const variable timestamp("LOGRELAY_TIMESTAMP", "%H");
  const variable check("LOGRELAY_CHECK", "yes");
  const outcome it = read({});
  CHECK(it.wrong == texts{});
  CHECK(it.line.what == action::check);
  CHECK(it.line.request.inputs == texts{"tcp://:1"});
  CHECK(it.line.request.global == given_options{{"timestamp", "%H"}, {"drain-timeout", "5s"}});
}

TEST_CASE("the command line wins over the environment", "[cli]") {
  const variable input("LOGRELAY_INPUT", "tcp://:1");
  const variable timeout("LOGRELAY_DRAIN_TIMEOUT", "nonsense");
  const variable check("LOGRELAY_CHECK", "yes");
  const outcome it = read({"-i", "-", "--drain-timeout=1s", "--check=no"});
  CHECK(it.wrong == texts{});
  CHECK(it.line.what == action::run);
  CHECK(it.line.request.inputs == texts{"-"});
  CHECK(it.line.request.global == given_options{{"drain-timeout", "1s"}});
}

TEST_CASE("a mistake in the environment names its variable", "[cli]") {
  const variable timeout("LOGRELAY_DRAIN_TIMEOUT", "12Q");
  const outcome it = read({});
  CHECK(it.wrong == texts{"environment LOGRELAY_DRAIN_TIMEOUT: 'drain-timeout=12Q' is no time: write it like 500ms, "
                          "10s, 5m, 1h or 7d"});
  CHECK(it.line.request.global.empty());
}

TEST_CASE("an empty variable and those of an image are not options", "[cli]") {
  const variable report("LOGRELAY_REPORT", "");
  const variable version("LOGRELAY_VERSION", "0.1.0");
  const variable file("LOGRELAY_FILE", "x");
  const outcome it = read({});
  CHECK(it.wrong == texts{});
  CHECK(it.line.what == action::run);
  CHECK(it.line.request.global.empty());
}

TEST_CASE("help names every row of every table", "[cli]") {
  const std::string help = help_text(known);
  for (const option_rows rows :
       {common_input_rows(), common_output_rows(), spool_rows(), option_rows(file_rows), option_rows(level_rows)})
    for (const option_row& row : rows) CHECK(help.find("\n    " + std::string(row.name) + "=") != std::string::npos);
  for (const option_row& row : global_rows()) CHECK(help.find("--" + std::string(row.name)) != std::string::npos);
  for (const char* option :
       {"-i, --input INPUT", "-t, --timestamp[=FORMAT]", "-q, --quiet", "-v, --verbose", "-a, --append", "    --check",
        "-V, --version", "-h, --help", "    --drain-timeout TIME", "    --report FILE"})
    CHECK(help.find(std::string("\n  ") + option) != std::string::npos);
  CHECK(help.find("\n  tcp://[HOST]:PORT       Lines over TCP.\n") != std::string::npos);
  CHECK(help.find("\n  PATH                    A file.\n") != std::string::npos);
  CHECK(help.find("\n  raw                     The line as it came.\n") != std::string::npos);
  CHECK(help.find("Least severity. [info]\n") != std::string::npos);
}

TEST_CASE("help fits a terminal of 80 columns", "[cli]") {
  std::istringstream lines(help_text(known));
  for (std::string line; std::getline(lines, line);) {
    INFO(line);
    CHECK(line.size() < 80);
    CHECK((line.empty() || line.back() != ' '));
  }
}
