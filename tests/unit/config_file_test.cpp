#include <logrelay/config_file.hpp>
#include <support/temp_folder.hpp>

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

struct outcome {
  relay_request request;
  relay_config config;
  texts wrong;
};

/// What a file named "f" with this text asks for, or what is wrong with it.
outcome read(std::string_view text) {
  mistakes wrong;
  relay_request request = parse_config(text, "f", wrong);
  relay_config config = make_config(request, known(), wrong);
  return {std::move(request), std::move(config), wrong.texts()};
}

texts wrong_with(std::string_view text) { return read(text).wrong; }

}  // namespace

TEST_CASE("a file gives global options, inputs and outputs with their options", "[config_file]") {
  const auto it = read(R"(
# A comment.
drain-timeout = "5s"
verbose = true

[[input]]
endpoint = "tcp://:5140"
name = "network"
max-connections = 10

[[input]]
endpoint = "-"

[[output]]
endpoint = "/var/log/all.log"
rotate = "64M"
queue = 67108864
keep = 3
append = true
mode = 0o640
from = ["network", "stdin"]
match = 'a{1,3}\d'

[[output]]
endpoint = "-"
from = "network"
)");
  CHECK(it.wrong == texts{});
  CHECK(it.config.global.duration("drain-timeout") == std::chrono::seconds(5));
  CHECK(it.config.global.yes("verbose"));
  REQUIRE(it.config.inputs.size() == 2);
  CHECK(it.config.inputs[0].name == "network");
  CHECK(it.config.inputs[0].options.count("max-connections") == 10);
  REQUIRE(it.config.outputs.size() == 2);
  const auto& file = it.config.outputs[0];
  CHECK(file.where.rest == "/var/log/all.log");
  CHECK(file.options.size("rotate") == 64 << 20);
  CHECK(file.options.size("queue") == 64 << 20);
  CHECK(file.options.count("keep") == 3);
  CHECK(file.options.yes("append"));
  CHECK(file.options.mode("mode") == 0640);
  CHECK(file.from == std::vector<std::size_t>{0, 1});
  CHECK(file.options.all("match") == texts{R"(a{1,3}\d)"});
  CHECK(it.config.outputs[1].from == std::vector<std::size_t>{0});
}

TEST_CASE("an endpoint in a file may carry its options as on the command line", "[config_file]") {
  const auto it = read("[[output]]\nendpoint = 'a,,b.log,rotate=1M'\nkeep = 2\n");
  CHECK(it.wrong == texts{});
  CHECK(it.config.outputs.at(0).where.rest == "a,b.log");
  CHECK(it.config.outputs.at(0).options.size("rotate") == 1 << 20);
  CHECK(wrong_with("[[output]]\nendpoint = 'a.log,rotate=1M'\nrotate = '2M'\n") == texts{"f:3:1: output 'a.log': option 'rotate' is given twice"});
}

TEST_CASE("a file may have the command", "[config_file]") {
  const auto it = read("command = ['./server', '--port', '8080']\n");
  CHECK(it.wrong == texts{});
  CHECK(it.config.command == texts{"./server", "--port", "8080"});
  REQUIRE(it.config.inputs.size() == 2);
  CHECK(it.config.inputs[0].name == "stdout");
  const texts hint{"f:1:1: 'command' is no array of strings: write it like [\"./server\", \"--port\", \"8080\"]"};
  CHECK(wrong_with("command = './server --port 8080'") == hint);
  CHECK(wrong_with("command = []") == hint);
  CHECK(wrong_with("command = ['a', 1]") == hint);
}

TEST_CASE("a file that says nothing asks for what no words ask for", "[config_file]") {
  const auto it = read("");
  CHECK(it.wrong == texts{});
  CHECK(it.config.inputs.at(0).name == "stdin");
  CHECK(it.config.outputs.at(0).name == "stdout");
}

TEST_CASE("all mistakes of a file are told at once with their places", "[config_file]") {
  CHECK(wrong_with(R"(drain-timeuot = "5s"
verbose = 1
timestamp = "{x}"
[[input]]
endpoint = "tpc://:5140"
[[input]]
  endpoint = "tcp://:99999"
  max-line = true
[[output]]
endpoint = "app.log"
rotat = "64M"
queue = "much"
from = "nobody"
[[output]]
endpoint = "app.log"
name = "x"
format = "jsn"
[[output]]
endpoint = "-"
name = "x"
)") == texts{
    "f:1:1: unknown option 'drain-timeuot' (did you mean 'drain-timeout'?)",
    "f:2:1: 'verbose=1' is a number: write true or false",
    "f:3:1: 'timestamp={x}' is no time format: write it like %H:%M:%S, without { and }",
    "f:5:1: input 'tpc://:5140': unknown scheme 'tpc' (did you mean 'tcp'?)",
    "f:8:3: input 'tcp://:99999': 'max-line=yes' is a boolean: write a string",
    "f:7:3: input 'tcp://:99999': '99999' is no port: write a number from 0 to 65535",
    "f:20:1: output '-': another output has the name 'x' too",
    "f:11:1: output 'app.log': unknown option 'rotat' (did you mean 'rotate'?)",
    "f:12:1: output 'app.log': 'queue=much' is no size: write it like 512, 64K, 64M or 1G",
    "f:13:1: output 'app.log': 'from=nobody' names no input",
    "f:17:1: output 'x': unknown format 'jsn' (did you mean 'json'?): write raw, rfc5424, rfc3164, json, gelf, logfmt, journal or a template such as "
    "'{time} {line}'",
    "f:15:1: output 'x': " + std::filesystem::absolute("app.log").string() + " is written by output 'app.log' already: leave one of the two out, or give it another file"});
}

TEST_CASE("mistakes are told in the order of a file's lines", "[config_file]") {
  mistakes wrong;
  for (const auto* each : {"f:10:1", "", "f:2:11", "f:2:3", "g:1:1", "f:10:1", "f"}) {
    const mistakes::at here(wrong, each);
    wrong.add(std::to_string(wrong.texts().size()));
  }
  CHECK(in_order_of_lines(wrong, "f") == texts{"f:2:3: 3", "f:2:11: 2", "f:10:1: 0", "f:10:1: 5", "1", "g:1:1: 4", "f: 6"});
}

TEST_CASE("a value of a file has to be of a type that goes with its option", "[config_file]") {
  const auto output = [](const std::string& line) {
    auto wrong = wrong_with("[[output]]\nendpoint = 'a'\nrotate = '1G'\n" + line);
    return wrong.empty() ? std::string() : wrong.front();
  };
  CHECK(output("gap-marker = 'no'") == "");
  CHECK(output("gap-marker = false") == "");
  CHECK(output("gap-marker = 1") == "f:4:1: output 'a': 'gap-marker=1' is a number: write true or false");
  CHECK(output("name = 5") == "");  // there is but one way to write that as text
  CHECK(output("match = 404") == "");
  CHECK(output("format = 5").find("f:4:1: output 'a': unknown format '5'") == 0);
  CHECK(output("name = true") == "f:4:1: output 'yes': 'name=yes' is a boolean: write a string");
  CHECK(output("queue = 1.5") == "f:4:1: output 'a': 'queue=1.5' is of a type that no option takes: write a string");
  CHECK(output("name = 1979-05-27") == "f:4:1: output '1979-05-27': 'name=1979-05-27' is of a type that no option takes: write a string");
  CHECK(output("mode = 640") == "f:4:1: output 'a': 'mode=640' is a decimal number: write it in octal, like 0o640, or as a string");
  CHECK(output("queue = 0o640") == "f:4:1: output 'a': 'queue=0640' is an octal number: write a decimal one, or a string");
  CHECK(output("queue = -1") == "f:4:1: output 'a': 'queue=-1' is no size: write it like 512, 64K, 64M or 1G");
  CHECK(output("queue = ['1M']") == "f:4:10: output 'a': 'queue=1M' is in an array: write one value");
  CHECK(output("queue = {a = 1}") == "f:4:1: 'queue' is a table: no option is");
  CHECK(output("from = [['a']]") == "f:4:1: 'from' is an array of arrays: no option is");
  CHECK(output("from = []") == "f:4:1: 'from' has no value: leave it out, or give it one");
  CHECK(output("name = ''") == "f:4:1: output 'a': 'name=' is empty: write a value behind the '='");
  CHECK(output("name = \"a\\u0000b\"") == "f:4:1: 'name' has a NUL in it");
}

TEST_CASE("a table that is none of ours is answered with ours", "[config_file]") {
  CHECK(wrong_with("[[inputs]]\nendpoint = '-'") == texts{"f:1:3: unknown table 'inputs' (did you mean 'input'?)"});
  CHECK(wrong_with("[output]\nendpoint = '-'") == texts{"f:1:2: 'output' is no array of tables: write [[output]] before each one's keys"});
  CHECK(wrong_with("input = '-'") == texts{"f:1:1: 'input' is no array of tables: write [[input]] before each one's keys"});
  CHECK(wrong_with("[[output]]\nname = 'x'") == texts{"f:1:1: an endpoint is missing or empty: write a file, '-' or SCHEME:…"});
  CHECK(wrong_with("[[output]]\nendpoint = 5").front() == "f:2:1: 'endpoint' is no string");
}

TEST_CASE("an error of syntax is told with its place", "[config_file]") {
  auto starts = [](const texts& wrong, const std::string& with) { return wrong.size() == 1 && wrong.front().starts_with(with); };
  CHECK(starts(wrong_with("quiet = true\nverbose = \n"), "f:2:11: "));
  CHECK(starts(wrong_with("quiet = true\nquiet = false\n"), "f:2:"));  // TOML has no key twice
  CHECK(wrong_with("quiet = true\nquiet = false\n").front().find("'quiet'") != std::string::npos);
}

TEST_CASE("a file that cannot be read is a mistake", "[config_file]") {
  const support::temp_folder folder;
  mistakes wrong;
  (void)read_config_file(folder / "none", wrong);
  (void)read_config_file(folder.path().string(), wrong);
  CHECK(wrong.texts() == texts{"unable to read the configuration " + folder / "none" + ": No such file or directory",
                               "unable to read the configuration " + folder.path().string() + ": Is a directory"});
  support::write_file(folder / "there", "quiet = true\n");
  mistakes none;
  CHECK(read_config_file(folder / "there", none).global == given_options{{"quiet", "yes"}});
  CHECK(none.empty());
}

TEST_CASE("a relay refuses loggers, and says whose they are", "[config_file]") {
  CHECK(wrong_with("[[output]]\nendpoint = 'null:'\n[[logger]]\nname = 'net'\n") ==
        texts{"f:3:1: [[logger]] is for programs that log through the library, liblogrelay(3): a relay has no loggers"});
  CHECK(wrong_with("[logger]\n") == texts{"f:1:2: 'logger' is no array of tables: write [[logger]] before each one's keys"});
}
