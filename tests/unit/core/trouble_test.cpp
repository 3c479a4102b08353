#include <logrelay/core/trouble.hpp>
#include <support/fake_clock.hpp>

#include <catch2/catch.hpp>

#include <string>
#include <vector>

namespace logrelay {
namespace {

using namespace std::chrono_literals;
using Catch::Matches;

struct trouble_of_one_output {
  support::fake_clock clock;
  std::vector<std::string> said;
  trouble it{"app", [this](severity, std::string_view text) { said.emplace_back(text); }, [this] { return clock.now(); }};

  std::chrono::milliseconds fail(std::string_view why, std::chrono::milliseconds longest = 1h) { return it.failed(why, 2048, longest); }
};

TEST_CASE("failures are told once, with the first reason and the time of the next try") {
  trouble_of_one_output one;
  CHECK_FALSE(one.it);
  const auto wait = one.fail("no route");
  CHECK(one.it);
  static_cast<void>(one.fail("no route"));
  static_cast<void>(one.fail("connection refused"));
  REQUIRE(one.said.size() == 1);
  CHECK(one.said[0] == "output 'app': no route; 2.0 KiB queued, retrying in " + std::to_string(wait.count()) + " ms");
}

TEST_CASE("failures that last tell each other reason once, and none sooner than a minute after the one before") {
  trouble_of_one_output one;
  static_cast<void>(one.fail("it has closed the connection"));
  one.clock.pass(59s);
  static_cast<void>(one.fail("port 1234: not trusted"));
  CHECK(one.said.size() == 1);
  one.clock.pass(1s);
  static_cast<void>(one.fail("port 1234: not trusted"));
  REQUIRE(one.said.size() == 2);
  CHECK_THAT(one.said[1], Catch::StartsWith("output 'app': port 1234: not trusted; 2.0 KiB queued, retrying in "));
  one.clock.pass(1h);
  static_cast<void>(one.fail("port 1235: not trusted"));  // the same but for a number
  static_cast<void>(one.fail("it has closed the connection"));
  CHECK(one.said.size() == 2);
  static_cast<void>(one.fail("no route"));
  static_cast<void>(one.fail("refused"));
  CHECK(one.said.size() == 3);
  for (const auto why : {"refused", "one more", "and another"}) {
    one.clock.pass(1min);
    static_cast<void>(one.fail(why));
  }
  CHECK(one.said.size() == trouble::most_reasons);
  one.it.recovered();
  CHECK_THAT(one.said.back(), Catch::Contains("goes on after ") && Catch::EndsWith(" and 10 retries"));
  static_cast<void>(one.fail("no route"));
  CHECK_THAT(one.said.back(), Catch::Contains("no route"));
}

TEST_CASE("who goes on says after how many tries, and its next failure is news") {
  trouble_of_one_output one;
  static_cast<void>(one.fail("no route"));
  one.it.recovered();
  CHECK_FALSE(one.it);
  static_cast<void>(one.fail("no route"));
  static_cast<void>(one.fail("no route"));
  one.it.recovered();
  REQUIRE(one.said.size() == 4);
  CHECK_THAT(one.said[1], Matches("output 'app': goes on after [0-9.]+ m?s and 1 retry"));
  CHECK_THAT(one.said[3], Matches("output 'app': goes on after [0-9.]+ m?s and 2 retries"));
}

TEST_CASE("the waits grow up to the longest that is allowed, and begin anew after success") {
  trouble_of_one_output one;
  CHECK(one.fail("full") <= 100ms);
  for (int i = 0; i < 12; ++i) static_cast<void>(one.fail("full"));
  CHECK(one.fail("full") >= 15s);
  CHECK(one.fail("full", 500ms) == 500ms);
  one.it.recovered();
  CHECK(one.fail("full") <= 100ms);
}

TEST_CASE("an output that has ended has no more to say") {
  trouble_of_one_output one;
  static_cast<void>(one.fail("closed"));
  one.it.end();
  CHECK_FALSE(one.it);
  CHECK(one.said.size() == 1);
}

}  // namespace
}  // namespace logrelay
