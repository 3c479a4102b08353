// What there is not enough of ends a start with status 2 and without a trace, whatever it was for.
#include <catch2/catch.hpp>
#include <support/process.hpp>
#include <support/temp_folder.hpp>

#include <string>
#include <vector>

using namespace logrelay::support;

TEST_CASE("a start with too few descriptors names the way out and leaves nothing behind") {
  constexpr int enough_for_a_shell = 8, enough = 100;
  bool ran = false;
  for (int limit = enough_for_a_shell; !ran; ++limit) {
    REQUIRE(limit < enough);
    const temp_folder folder;
    process relay({"sh", "-c", "ulimit -n " + std::to_string(limit) + "; exec \"$@\" 3>&1", "sh", LOGRELAY_PROGRAM, "--metrics", "127.0.0.1:0", "-i", "-",
                   "-i", "tcp://127.0.0.1:0", "-i", "tail:*.log,checkpoint=checkpoint", "one,rotate=1K,compress=gzip", "two", "three,spool=spool",
                   "--ready-fd", "3"},
                  {.folder = folder.path().string()});
    REQUIRE(eventually([&] { return !relay.running() || relay.output() == "\n"; }));
    ran = relay.running();
    if (ran) break;  // it is killed with the test
    INFO(limit << " descriptors: " << relay.errors());
    CHECK(relay.status() == 2);
    CHECK_THAT(relay.errors(), Catch::Contains("Too many open files, raise `ulimit -n`"));
    CHECK(names_in(folder.path()).empty());
  }
}
