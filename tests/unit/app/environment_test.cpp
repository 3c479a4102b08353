#include <app/environment.hpp>
#include <support/variable.hpp>

#include <catch2/catch.hpp>

namespace logrelay {
namespace {

using support::variable;
using texts = std::vector<std::string>;

const std::vector<option_row> rows{{.name = "drain-timeout", .type = option_type::duration, .fallback = "30s", .help = ""},
                                   {.name = "report", .type = option_type::text, .fallback = "", .help = ""},
                                   {.name = "version", .type = option_type::yes_no, .fallback = "no", .help = ""}};

}  // namespace

TEST_CASE("environment: a variable that is nearly one of ours is doubted and others of the prefix are not") {
  const variable mistyped("LOGRELAY_DRAIN_TIMEUT", "5s"), known("LOGRELAY_VERSION", "1.2"), hook("LOGRELAY_FILE", "a.log.1"), image("LOGRELAY_SHA256", "1f");
  CHECK(doubtful_variables(rows) == texts{"environment LOGRELAY_DRAIN_TIMEUT means nothing (did you mean 'LOGRELAY_DRAIN_TIMEOUT'?)"});
}

TEST_CASE("environment: what Kubernetes tells of a service that is called as we are is not doubted") {
  const variable port("LOGRELAY_PORT", "tcp://10.0.0.1:5140"), its_port("LOGRELAY_PORT_5140_TCP", "tcp://10.0.0.1:5140"),
      host("LOGRELAY_SERVICE_HOST", "10.0.0.1");
  CHECK(doubtful_variables(rows) == texts{});
}

TEST_CASE("environment: an option has its variable's value, unless that is empty or wrong") {
  const variable timeout("LOGRELAY_DRAIN_TIMEOUT", "5s"), report("LOGRELAY_REPORT", ""), version("LOGRELAY_VERSION", "yes");
  mistakes wrong;
  CHECK(from_environment(rows[0], wrong) == "5s");
  CHECK(from_environment(rows[1], wrong) == std::nullopt);
  CHECK(from_environment(rows[2], wrong) == std::nullopt);
  CHECK(wrong.empty());
  const variable mistaken("LOGRELAY_DRAIN_TIMEOUT", "12Q");
  CHECK(from_environment(rows[0], wrong) == std::nullopt);
  CHECK_THAT(wrong.texts().at(0), Catch::StartsWith("environment LOGRELAY_DRAIN_TIMEOUT: 'drain-timeout=12Q' is no time"));
}

}  // namespace logrelay
