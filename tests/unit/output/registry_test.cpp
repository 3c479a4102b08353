#include <logrelay/config.hpp>
#include <logrelay/input/registry.hpp>
#include <logrelay/output/registry.hpp>

#include <catch2/catch.hpp>

#include <set>

namespace logrelay {
namespace {

template <typename Kind>
void check_rows(const std::vector<Kind>& kinds) {
  std::set<std::string_view> schemes;
  for (const auto& kind : kinds) {
    CAPTURE(kind.scheme);
    CHECK(schemes.insert(kind.scheme).second);
    CHECK_FALSE(kind.syntax.empty());
    CHECK_FALSE(kind.summary.empty());
    CHECK(kind.make != nullptr);
    for (const auto& row : kind.options) {
      CAPTURE(row.name);
      CHECK(row.help.ends_with('.'));
    }
  }
}

TEST_CASE("every input and output is in its list once with all that --help needs") {
  check_rows(standard_inputs());
  check_rows(standard_outputs());
}

TEST_CASE("every scheme that the program promises is there") {
  std::set<std::string_view> in, out;
  for (const auto& each : standard_inputs()) in.insert(each.scheme);
  for (const auto& each : standard_outputs()) out.insert(each.scheme);
  CHECK(in == std::set<std::string_view>{"-", "fd", "fifo", "tcp", "udp", "unix", "unixgram", "stdout", "stderr", "tls",
                                         "syslog", "syslog+tcp", "syslog+tls", "relp", "relp+tls", "tail"});
  CHECK(out == std::set<std::string_view>{"file", "-", "stderr", "fd", "fifo", "tcp", "udp", "unix", "unixgram", "exec",
                                          "null", "journal", "tls", "syslog", "syslog+tcp", "syslog+tls", "relp", "relp+tls"});
}

TEST_CASE("outputs that another program reads block by default and all others are adaptive") {
  const auto known = standard_registries();
  mistakes wrong;
  const auto config = make_config(
      {{},
       {"-", "stderr:", "fd:5", "fifo:f", "exec:c", "file", "tcp://h:1", "udp://h:1", "unix:u", "unixgram:g", "null:"},
       {}},
      known, wrong);
  REQUIRE(wrong.empty());
  for (std::size_t i = 0; i < config.outputs.size(); ++i) {
    CAPTURE(config.outputs[i].name);
    CHECK(config.outputs[i].options.text("overflow") == (i < 5 ? "block" : "adaptive"));
  }
}

}  // namespace
}  // namespace logrelay
