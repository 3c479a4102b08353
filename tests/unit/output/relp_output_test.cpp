#include "output_contract.hpp"

#include <support/relp.hpp>

#include <catch2/catch.hpp>

#include <sys/socket.h>

namespace logrelay {
namespace {

using namespace support;

std::string raw(const relp_server& to) { return to.endpoint() + ",format=raw"; }

class relp_peer final : public output_peer {
 public:
  std::string endpoint() const override { return raw(server_) + ",window=16384"; }
  std::string text() override { return server_.text(); }

 private:
  relp_server server_;
};

TEST_CASE("RELP keeps the contract of outputs") {
  // An answer for each line makes half a million of them take too long: the test below has a peer that hangs.
  check_output_contract([](bool hangs) { return hangs ? nullptr : std::make_unique<relp_peer>(); });
}

TEST_CASE("a RELP peer that hangs holds nobody up and gets everything when it wakes up") {
  const bool wakes = GENERATE(false, true);
  relp_server server({.reads = false});
  sending out(raw(server));
  out.start();
  out.push(numbered_lines(0, 5000));
  out.close();
  if (wakes) {
    server.wake_up();
    CHECK(out.ends());
    CHECK(difference(server.text(), numbered_lines(0, 5000)) == "");
  } else {
    CHECK_FALSE(out.ends(20ms));
    out.abandon();
    CHECK(out.ends());
    CHECK(out.account().pending.lines == 5000);
  }
  CHECK(out.account().balances());
}

TEST_CASE("a RELP host that answers nothing for too long is given up and the next place gets everything") {
  const fd listener = bound_tcp();
  listen_on(listener);
  relp_server next;
  sending out("relp://127.0.0.1:" + std::to_string(port_of(listener)) + ",format=raw,write-timeout=100ms,failover=" +
              next.endpoint().substr(std::string_view("relp://").size()));
  out.start();
  const fd deaf(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  std::string welcome;
  append_relp_frame(1, "rsp", "200 OK\n" + relp_offers(), welcome);
  write_all(deaf, welcome);
  make_deaf(deaf);
  out.push(numbered_lines(0, 10));
  REQUIRE(out.retries());
  CHECK_THAT(out.report().last_error, Catch::Contains("has not answered for 100 ms"));
  CHECK(out.delivers());
  CHECK(difference(next.text(), numbered_lines(0, 10)) == "");
}

TEST_CASE("a RELP peer that takes lines and never answers is what is told of them at the end") {
  relp_server server({.answers = false});
  sending out(raw(server));
  out.start();
  out.push("one\ntwo\n");
  REQUIRE(eventually([&] { return server.text() == "one\ntwo\n"; }));
  CHECK(out.report().last_error.empty());
  out.abandon();
  CHECK(out.ends());
  CHECK(out.report().last_error == server.endpoint() + " has not answered 2 lines");
}

TEST_CASE("a line is delivered when its peer says so and the session is closed at the end") {
  relp_server server({.answers = false});
  sending out(raw(server));
  out.start();
  out.push("one\ntwo\n");
  REQUIRE(eventually([&] { return server.text() == "one\ntwo\n"; }));
  CHECK(out.account().delivered.lines == 0);
  CHECK(out.account().pending.lines == 2);
  server.answer_lines();
  CHECK(out.delivers());
  out.close();
  CHECK(out.ends());
  CHECK(server.was_closed());
  CHECK(server.connections() == 1);
}

TEST_CASE("no more lines are on their way than the window says") {
  relp_server server({.answers = false});
  const std::size_t window = GENERATE(1, 7, 128);
  sending out(raw(server) + ",window=" + std::to_string(window));
  out.start();
  out.push(numbered_lines(0, 1000));
  REQUIRE(eventually([&] { return server.lines().size() == window; }));
  CHECK(eventually([] { return cost_of_idling() < 50ms; }));
  server.answer_lines();
  CHECK(out.delivers());
  CHECK(difference(server.text(), numbered_lines(0, 1000)) == "");
  CHECK(server.most_waiting() <= window);
}

TEST_CASE("answers may come in any order") {
  relp_server server({.backwards = true});
  sending out(raw(server));
  out.start();
  out.push(numbered_lines(0, 2000));
  CHECK(out.delivers());
  CHECK(out.account().delivered.lines == 2000);
  CHECK(difference(server.text(), numbered_lines(0, 2000)) == "");
}

TEST_CASE("a line that its peer refuses is rejected and no other") {
  const bool backwards = GENERATE(false, true);
  const std::string options = GENERATE(as<std::string>(), "", ",reject=nothing");  // as it comes, and rebuilt
  relp_server server({.backwards = backwards, .answer = [](const std::string& line) { return line == "bad" ? "500 I do not like it" : "200 OK"; }});
  sending out(raw(server) + options);
  out.start();
  out.push("good\nbad\ngood\ngood\nbad\n");
  CHECK(out.delivers());
  CHECK(out.account().delivered == tally{3, 15});
  CHECK(out.account().rejected == tally{2, 8});
  CHECK(out.account().balances());
  CHECK_THAT(out.report().last_error, Catch::Contains("does not take a line: 500 I do not like it"));
  CHECK(out.report().retries == 0);
}

TEST_CASE("after a reconnect what was not answered is sent again and nothing else") {
  relp_server server({.close_after = 100, .unanswered = 30, .connections = 3});
  sending out(raw(server) + ",window=50");
  out.start();
  out.push(numbered_lines(0, 1000));
  CHECK(out.delivers());
  CHECK(out.account().delivered.lines == 1000);
  CHECK(server.connections() == 4);
  const auto got = server.lines();
  CHECK(got.size() == 1000 + 3 * 30);
  std::string wanted = numbered_lines(0, 100) + numbered_lines(70, 100) + numbered_lines(140, 100) + numbered_lines(210, 790);
  CHECK(difference(server.text(), wanted) == "");
}

TEST_CASE("a peer that ends the session is left and everything comes in the next one") {
  relp_server server({.answers = false});
  sending out(raw(server));
  out.start();
  out.push("one\n");
  REQUIRE(eventually([&] { return server.text() == "one\n"; }));
  server.hint_and_close();
  REQUIRE(out.retries());
  CHECK_THAT(out.report().last_error, Catch::Contains("ends the session") || Catch::Contains("has closed the connection"));
  server.answer_lines();
  CHECK(out.delivers());
  CHECK(server.text() == "one\none\n");
}

TEST_CASE("a peer that does not take syslog is told of") {
  relp_server server({.offers = "relp_version=0\ncommands=eventlog"});
  sending out(raw(server));
  out.start();
  out.push("one\n");
  REQUIRE(out.retries());
  CHECK_THAT(out.report().last_error, Catch::Contains("it does not speak of syslog"));
  CHECK(server.lines().empty());
}

TEST_CASE("a message with newlines keeps them and so does a large one") {
  relp_server server;
  sending out(server.endpoint() + ",format={message}\nsecond");
  out.start();
  out.push("first\n" + std::string(300'000, 'x') + "\n");
  CHECK(out.delivers());
  REQUIRE(server.lines().size() == 2);
  CHECK(server.lines()[0] == "first\nsecond");
  CHECK(server.lines()[1] == std::string(300'000, 'x') + "\nsecond");
}

}  // namespace
}  // namespace logrelay
