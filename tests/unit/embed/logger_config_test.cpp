#include <logrelay/config_file.hpp>
#include <logrelay/embed/logger_config.hpp>

#include <catch2/catch.hpp>

namespace logrelay {
namespace {

using texts = std::vector<std::string>;

const registries& known() {
  static const registries all = standard_registries();
  return all;
}

struct outcome {
  library_config config;
  texts wrong;
};

/// What a file named "f" with this text says of a program's loggers, or what is wrong with it.
outcome read(std::string_view text) {
  mistakes wrong;
  auto config = make_library_config(parse_config(text, "f", wrong), "f", known(), wrong);
  return {std::move(config), wrong.texts()};
}

texts wrong_with(std::string_view text) { return read(text).wrong; }

using places = std::vector<std::size_t>;

const std::string two_outputs = R"([[output]]
endpoint = "null:"
name = "one"
[[output]]
endpoint = "null:"
name = "two"
)";

}  // namespace

TEST_CASE("logger_config: a logger has a name, a level and outputs, each by its name") {
  const auto it = read(R"(
drain-timeout = "3s"

[[output]]
endpoint = "app.log"
rotate = "64M"

[[output]]
endpoint = "null:"
name = "nowhere"

[[logger]]
name = ""
level = "WARN"

[[logger]]
name = "net"
outputs = ["nowhere", "app.log"]

[[logger]]
name = "db"
level = "off"
outputs = "nowhere"
)");
  CHECK(it.wrong == texts{});
  REQUIRE(it.config.outputs.size() == 2);
  CHECK(it.config.outputs.front().options.size("rotate") == 64u << 20u);
  REQUIRE(it.config.loggers.size() == 3);
  CHECK(it.config.loggers[0].name.empty());
  CHECK(it.config.loggers[0].level == "warning");
  CHECK(it.config.loggers[0].outputs == places{0, 1});
  CHECK(it.config.loggers[1].level.empty());
  CHECK(it.config.loggers[1].outputs == places{1, 0});
  CHECK(it.config.loggers[2].level == "off");
  CHECK(it.config.loggers[2].outputs == places{1});
  CHECK(it.config.drain == std::chrono::seconds(3));
}

TEST_CASE("logger_config: a logger without a name is the default one") {
  const auto it = read("[[output]]\nendpoint = 'null:'\n[[logger]]\nlevel = 'trace'\n");
  CHECK(it.wrong == texts{});
  REQUIRE(it.config.loggers.size() == 1);
  CHECK(it.config.loggers.front().name.empty());
  CHECK_FALSE(it.config.drain.has_value());
}

TEST_CASE("logger_config: every mistake is told at its place, all at once") {
  CHECK(wrong_with(R"([[output]]
endpoint = "app.log"
rotat = "64M"
name = "all"

[[logger]]
name = "net"
levle = "info"
outputs = ["al", "all", "all"]

[[logger]]
level = "loud"
)") == texts{
    "f:3:1: output 'all': unknown option 'rotat' (did you mean 'rotate'?)",
    "f:8:1: logger 'net': unknown option 'levle' (did you mean 'level'?)",
    "f:9:12: logger 'net': 'outputs=al' names no output (did you mean 'all'?)",
    "f:9:25: logger 'net': output 'all' is named twice",
    "f:12:1: the default logger: 'level=loud' is unknown: write trace, debug, info, warning, error, critical or off",
  });
}

TEST_CASE("logger_config: what only a relay has is refused, by its name") {
  CHECK(wrong_with(R"(command = ["./server"]
report = "-"
reprot = "-"
[[input]]
endpoint = "-"
[[output]]
endpoint = "null:"
[[logger]]
)") == texts{
    "f:5:1: [[input]] is for the program logrelay: here loggers are what lines come from",
    "f: 'command' is for the program logrelay: leave it out",
    "f:2:1: 'report' is for the program logrelay: leave it out",
    "f:3:1: unknown option 'reprot' (did you mean 'report'?)",
  });
}

TEST_CASE("logger_config: two tables of one logger, and outputs that no logger has, are mistakes") {
  CHECK(wrong_with(two_outputs + R"([[logger]]
name = "net"
outputs = "one"
[[logger]]
name = "net"
outputs = "one"
)") == texts{
    "f:10:1: logger 'net' has a table already",
    "f:5:1: output 'two': no logger names it among its outputs",
  });
}

TEST_CASE("logger_config: where no output is named like that, those that there are are told, and not that nobody names them") {
  CHECK(wrong_with(two_outputs + R"([[logger]]
outputs = "everything"
)") == texts{"f:8:1: the default logger: 'outputs=everything' names no output (there are one, two)"});
}

TEST_CASE("logger_config: without outputs or loggers there is nothing to configure") {
  CHECK(wrong_with("") == texts{"f: there is no [[output]] for loggers to write to", "f: there is no [[logger]] that would write to its outputs"});
  CHECK(wrong_with("[[logger]]\n") == texts{"f: there is no [[output]] for loggers to write to"});
  CHECK(wrong_with("[[output]]\nendpoint='null:'\n") == texts{"f: there is no [[logger]] that would write to its outputs"});
}

TEST_CASE("logger_config: a file that is no TOML is one mistake") {
  CHECK(wrong_with("[[logger\n").size() == 1);
}

}  // namespace logrelay
