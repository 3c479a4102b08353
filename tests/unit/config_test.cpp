#include <catch2/catch.hpp>
#include <logrelay/config.hpp>

#include <filesystem>

using namespace logrelay;
using texts = std::vector<std::string>;
using places = std::vector<std::size_t>;

namespace {

constexpr option_row stdout_rows[] = {{"overflow", option_type::choice, "block", "Hold.", "block|adaptive"}};
constexpr option_row file_rows[] = {{"rotate", option_type::size, "", "Rotate."}};
constexpr option_row level_rows[] = {{"level", option_type::choice, "", "Level.", "err=error|info|debug"}};

template <typename Config>
void refuse_forbidden(const Config& config, mistakes& wrong) {
  if (config.where.rest == "forbidden") wrong.add(config.name + " is forbidden");
}

void check_template(std::string_view text, std::string_view whose, mistakes& wrong) {
  if (text.find("{nothing}") != std::string_view::npos) wrong.add(std::string(whose) + ": unknown field 'nothing'");
  if (text.find("%Q") != std::string_view::npos) wrong.add(std::string(whose) + ": bad time");
}

/// Inputs "-", "tcp" and "tail"; outputs "-", "tcp" and "file".
registries small_registries() {
  registries known;
  known.inputs = {{"-", "-", "stdin", {}, nullptr, nullptr},
                  {"tcp", "tcp://:PORT", "tcp", {}, refuse_forbidden<input_config>, nullptr},
                  {"tail", "tail:PATH", "tail", {}, nullptr, nullptr}};
  known.outputs = {{"-", "-", "stdout", stdout_rows, nullptr, nullptr},
                   {"tcp", "tcp://HOST:PORT", "tcp", {}, refuse_forbidden<output_config>, nullptr},
                   {"file", "PATH", "file", file_rows, nullptr, nullptr}};
  known.formats = {
      {"raw", "as it came", [](std::string_view text) { return text == "raw"; }, nullptr, nullptr},
      {"json", "an object", [](std::string_view text) { return text == "json"; }, nullptr, nullptr},
      {"template", "a template", [](std::string_view text) { return text.find('{') != std::string_view::npos; },
       check_template, nullptr}};
  known.filters = {{level_rows, nullptr}};
  return known;
}

const registries known = small_registries();

relay_config make(const relay_request& request) {
  mistakes wrong;
  relay_config config = make_config(request, known, wrong);
  CHECK(wrong.texts() == texts{});
  return config;
}

texts wrong_with(const relay_request& request) {
  mistakes wrong;
  (void)make_config(request, known, wrong);
  return wrong.texts();
}
texts wrong_with_outputs(texts outputs) { return wrong_with({{}, std::move(outputs), {}}); }

template <typename Config>
texts names_of(const std::vector<Config>& configs) {
  texts names;
  for (const Config& config : configs) names.push_back(config.name);
  return names;
}

}  // namespace

TEST_CASE("nothing asked for is standard input to standard output", "[config]") {
  const relay_config config = make({});
  REQUIRE(config.inputs.size() == 1);
  REQUIRE(config.outputs.size() == 1);
  CHECK(config.inputs[0].name == "stdin");
  CHECK(config.inputs[0].kind == &known.inputs[0]);
  CHECK(config.outputs[0].name == "stdout");
  CHECK(config.outputs[0].kind == &known.outputs[0]);
  CHECK(config.outputs[0].from == places{0});
  CHECK(config.outputs[0].timestamp.empty());
}

TEST_CASE("the common options have their documented defaults", "[config]") {
  const relay_config config = make({{}, {"app.log"}, {}});
  using namespace std::chrono_literals;
  const option_values& input = config.inputs[0].options;
  CHECK(input.text("framing") == "newline");
  CHECK(input.size("max-line") == 1u << 20);
  CHECK(input.text("max-line-action") == "split");
  CHECK(input.text("decode") == "none");
  CHECK(input.text("default-level") == "info");
  const option_values& output = config.outputs[0].options;
  CHECK(output.size("queue") == 64u << 20);
  CHECK(output.text("overflow") == "adaptive");
  CHECK(output.text("format") == "raw");
  CHECK_FALSE(output.has("framing"));
  CHECK_FALSE(output.has("from"));
  CHECK(output.duration("stall-after") == 2s);
  CHECK(output.yes("gap-marker"));
  CHECK_FALSE(output.yes("strip-ansi"));
  CHECK(config.global.duration("drain-timeout") == 30s);
  CHECK_FALSE(config.global.given("drain-timeout"));
}

TEST_CASE("a kind's own row replaces the common default", "[config]") {
  CHECK(make({{}, {"-"}, {}}).outputs[0].options.text("overflow") == "block");
  CHECK(wrong_with_outputs({"-,overflow=drop-oldest"}) ==
        texts{"output 'stdout': 'overflow=drop-oldest' is unknown: write block or adaptive"});
}

TEST_CASE("an output takes its kind's own options beside those of all outputs and filters", "[config]") {
  const relay_config config = make({{"-,decode=prefix"}, {"app.log,queue=1M,level=error,rotate=2M"}, {}});
  const option_values& options = config.outputs[0].options;
  CHECK(options.size("queue") == 1u << 20);
  CHECK(options.text("level") == "err");
  CHECK(options.size("rotate") == 2u << 20);
}

TEST_CASE("endpoints are called as they were written without their options", "[config]") {
  const relay_config config =
      make({{"tcp://:1,max-line=2K", "-"}, {"a.log,rotate=1M", "tcp://h:5", "b,name=audit"}, {}});
  CHECK(names_of(config.inputs) == texts{"tcp://:1", "stdin"});
  CHECK(names_of(config.outputs) == texts{"a.log", "tcp://h:5", "audit"});
}

TEST_CASE("a name that was not given gives way to others of its kind", "[config]") {
  CHECK(names_of(make({{}, {"tcp://h:5", "tcp://h:5", "tcp://h:5"}, {}}).outputs) ==
        texts{"tcp://h:5", "tcp://h:5#2", "tcp://h:5#3"});
  CHECK(names_of(make({{}, {"-", "a,name=stdout"}, {}}).outputs) == texts{"stdout#2", "stdout"});
  CHECK(names_of(make({{}, {"tcp://h:5", "tcp://h:5", "a,name=tcp://h:5#2"}, {}}).outputs) ==
        texts{"tcp://h:5", "tcp://h:5#3", "tcp://h:5#2"});
}

TEST_CASE("a name that was given twice is a mistake", "[config]") {
  CHECK(wrong_with_outputs({"a,name=x", "b,name=x"}) == texts{"output 'b': another output has the name 'x' too"});
  CHECK(make({{"-,name=x"}, {"a,name=x"}, {}}).outputs[0].name == "x");
}

TEST_CASE("an unknown scheme is answered with the near ones and the way out", "[config]") {
  CHECK(wrong_with_outputs({"tpc://h:5"}) ==
        texts{"output 'tpc://h:5': unknown scheme 'tpc' (did you mean 'tcp'?); a file of that name is './tpc://h:5'"});
  CHECK(wrong_with_outputs({"localhost:514"}) == texts{"output 'localhost:514': unknown scheme 'localhost'; a file of "
                                                       "that name is './localhost:514'; a host and its "
                                                       "port are 'tcp://localhost:514'"});
  CHECK(wrong_with_outputs({"syslog+udp://h"}) ==
        texts{"output 'syslog+udp://h': unknown scheme 'syslog+udp' (did you mean 'syslog', which is over UDP?); a file of that name is './syslog+udp://h'"});
  CHECK(wrong_with({{"tial:x"}, {}, {}}) == texts{"input 'tial:x': unknown scheme 'tial' (did you mean 'tail'?)"});
}

TEST_CASE("a scheme of the other side is told as such", "[config]") {
  CHECK(wrong_with_outputs({"tail:x"}) == texts{"output 'tail:x': 'tail' can only be an input"});
  CHECK(wrong_with({{"app.log"}, {}, {}}) ==
        texts{"input 'app.log': 'file' can only be an output: write 'tail:app.log' to follow it, or '< app.log' to read it once"});
  CHECK(wrong_with({{"tail:x", "-, decode=json"}, {}, {}}) ==
        texts{"input '-, decode=json': 'file' can only be an output: an option follows its input behind a comma alone, as in '-,decode=syslog'"});
}

TEST_CASE("an unknown option names its output and the near ones", "[config]") {
  CHECK(wrong_with_outputs({"app.log,rotat=1M"}) ==
        texts{"output 'app.log': unknown option 'rotat' (did you mean 'rotate'?)"});
  CHECK(wrong_with_outputs({"app.log,levle=info"}) ==
        texts{"output 'app.log': unknown option 'levle' (did you mean 'level'?)"});
  CHECK(wrong_with({{"-,max-lin=1"}, {}, {}}) ==
        texts{"input 'stdin': unknown option 'max-lin' (did you mean 'max-line'?)"});
}

TEST_CASE("all mistakes of all endpoints are told at once", "[config]") {
  const texts wrong =
      wrong_with({{"tial:x", "-,zzz=1", ""}, {"a,rotate=x,zzz=1", "b,match='"}, {{"report", ""}, {"zzz", "1"}}});
  CHECK(wrong.size() == 9);
}

TEST_CASE("the longest line is from 1 byte to 1 GiB", "[config]") {
  CHECK(make({{"-,max-line=1"}, {}, {}}).inputs[0].options.size("max-line") == 1);
  CHECK(make({{"-,max-line=1G"}, {}, {}}).inputs[0].options.size("max-line") == 1u << 30);
  CHECK(wrong_with({{"-,max-line=0"}, {}, {}}) == texts{"input 'stdin': 'max-line=0' is too little: write at least 1"});
  CHECK(wrong_with({{"-,max-line=2G"}, {}, {}}) == texts{"input 'stdin': 'max-line=2G' is too much: write at most 1G"});
}

TEST_CASE("an output takes every input unless it says from which", "[config]") {
  const relay_config config =
      make({{"-", "tcp://:1,name=net", "tail:x"}, {"a", "b,from=tail:x,from=net,from=net", "c,from=stdin"}, {}});
  CHECK(config.outputs[0].from == places{0, 1, 2});
  CHECK(config.outputs[1].from == places{1, 2});
  CHECK(config.outputs[2].from == places{0});
}

TEST_CASE("from an input that there is not is a mistake", "[config]") {
  CHECK(wrong_with_outputs({"a,from=stdni"}) ==
        texts{"output 'a': 'from=stdni' names no input (did you mean 'stdin'?)"});
}

TEST_CASE("what people mean as an option is no part of a path") {
  CHECK(wrong_with_outputs({"app.log", "rotate=64M"}) ==
        texts{"output 'rotate=64M': it looks like an option: write 'OUTPUT,rotate=64M', or './rotate=64M' for a file of that name"});
  CHECK(wrong_with_outputs({"app.log, rotate=64M"}) ==
        texts{"output 'app.log, rotate=64M': ' rotate=' looks like an option: write ',rotate=', or ',, rotate=' where it is part of the name"});
  CHECK(wrong_with_outputs({"app.log,ROTATE =64M"}) ==
        texts{"output 'app.log,ROTATE =64M': 'ROTATE =' looks like an option: write ',rotate=', or ',,ROTATE =' where it is part of the name"});
  CHECK(wrong_with_outputs({"Rotate=64M"}).size() == 1);
  CHECK(wrong_with_outputs({"a, queue=1M, format=json"}).size() == 2);
  CHECK(wrong_with({{"tail:a, decode=json"}, {}, {}}).size() == 1);
  // Names that people have.
  CHECK(wrong_with_outputs({"./rotate=64M", "file:mode=7", "app.log,, rotate=64M", "a, b", "run=7.log", "a, speed=7", "x/rotate=64M"}) == texts{});
  CHECK(wrong_with_outputs({"a,format={line}, rotate=64M"}) == texts{});
}

TEST_CASE("a level that no line can have is a mistake") {
  const auto wrong = [](texts inputs, std::string output) { return wrong_with({std::move(inputs), {std::move(output)}, {}}); };
  CHECK(wrong({}, "a,level=err") ==
        texts{"output 'a': 'level=err' takes no line at all: input 'stdin' looks for no level in its lines, and gives them 'info': say how they "
              "tell theirs, as in '-i -,decode=prefix' (or syslog, or json), or give it another 'default-level'"});
  CHECK(wrong({"-", "tcp://:1,decode=json,name=tcp"}, "a,level=err,from=stdin").size() == 1);
  CHECK(wrong({"-,default-level=notice", "tcp://:1"}, "a,level=err").size() == 1);
  // Levels in lines, of one input at least, or those by default.
  for (const auto* each : {"-,decode=prefix", "-,decode=syslog", "-,decode=json", "-,default-level=err", "-,default-level=emerg"})
    CHECK(wrong({each, "tcp://:1"}, "a,level=err") == texts{});
  CHECK(wrong({}, "a,level=info") == texts{});
  CHECK(wrong({}, "a,level=debug") == texts{});
  CHECK(wrong({}, "a,level=err,from=nobody").size() == 1);
}

TEST_CASE("two outputs to one file are a mistake however it is written", "[config]") {
  const std::string here = std::filesystem::current_path().string();
  for (const std::string& other :
       {std::string("a"), std::string("./a"), std::string("x/../a"), here + "/a", std::string("file:a")})
    CHECK(wrong_with_outputs({"a,name=first", other + ",name=second"}) ==
          texts{"output 'second': " + here + "/a is written by output 'first' already: leave one of the two out, or give it another file"});
  CHECK(wrong_with_outputs({"a", "b", "x/a", "tcp://a:1"}) == texts{});
}

TEST_CASE("one descriptor has one input and one output however it is written", "[config]") {
  const auto everything = standard_registries();
  const auto wrong_with_all = [&](texts inputs, texts outputs) {
    mistakes wrong;
    (void)make_config({std::move(inputs), std::move(outputs), {}}, everything, wrong);
    return wrong.texts();
  };
  CHECK(wrong_with_all({"fd:0", "-"}, {"null:"}) ==
        texts{"input 'stdin': standard input is read by input 'fd:0' already: each would get parts of its lines"});
  CHECK(wrong_with_all({"fd:5", "fd:05,name=x", "fd:6"}, {"null:"}) ==
        texts{"input 'x': descriptor 5 is read by input 'fd:5' already: each would get parts of its lines"});
  CHECK(wrong_with_all({}, {"-", "fd:1"}) ==
        texts{"output 'fd:1': standard output is written by output 'stdout' already: "
              "lines of one would tear those of the other"});
  CHECK(wrong_with_all({}, {"fd:2", "stderr:"}).size() == 1);
  CHECK(wrong_with_all({"fd:5"}, {"fd:5", "-", "stderr:"}) == texts{});
}

TEST_CASE("a format is checked by the kind that it asks for", "[config]") {
  CHECK(make({{}, {"a,format={time} {line}"}, {}}).outputs[0].options.text("format") == "{time} {line}");
  CHECK(wrong_with_outputs({"a,format={nothing}"}) == texts{"output 'a': unknown field 'nothing'"});
  CHECK(wrong_with_outputs({"a,format=jsn"}) == texts{"output 'a': unknown format 'jsn' (did you mean 'json'?): write "
                                                      "raw, json or a template such as '{time} {line}'"});
}

TEST_CASE("a kind checks what its options say together", "[config]") {
  CHECK(wrong_with({{"tcp://forbidden,name=in"}, {"tcp://forbidden,name=out"}, {}}) ==
        texts{"in is forbidden", "out is forbidden"});
}

TEST_CASE("a timestamp becomes the template of a prefix", "[config]") {
  const auto prefix = [](std::string format) {
    return make({{}, {}, {{"timestamp", std::move(format)}}}).outputs[0].timestamp;
  };
  CHECK(prefix("yes") == "{time} ");
  CHECK(prefix("no").empty());
  CHECK(prefix("%H:%M") == "{time:%H:%M} ");
}

TEST_CASE("a timestamp that is no time format is a mistake", "[config]") {
  CHECK(wrong_with({{}, {}, {{"timestamp", "%H}"}}}) ==
        texts{"'--timestamp=%H}' is no time format: write it like %H:%M:%S, without { and }"});
  CHECK(wrong_with({{}, {}, {{"timestamp", "%Q"}}}) == texts{"--timestamp: bad time"});
}

TEST_CASE("quiet and verbose exclude each other", "[config]") {
  CHECK(wrong_with({{}, {}, {{"quiet", "yes"}, {"verbose", "yes"}}}) ==
        texts{"--quiet and --verbose are given both: leave one out"});
  CHECK(wrong_with({{}, {}, {{"quiet", "no"}, {"verbose", "yes"}}}) == texts{});
}
