#include "relay_program.hpp"

#include <logrelay/error.hpp>
#include <logrelay/output/output.hpp>

#include <support/eventually.hpp>
#include <support/lines.hpp>
#include <support/pipe_sink.hpp>
#include <support/sockets.hpp>
#include <support/stand_in.hpp>
#include <support/temp_folder.hpp>

#include <catch2/catch.hpp>

#include <poll.h>
#include <sys/socket.h>

#include <condition_variable>
#include <mutex>

namespace logrelay {
namespace {

using namespace support;
using namespace std::string_literals;
using names = std::vector<std::string>;

std::string endpoint(const fd& descriptor) { return "fd:" + std::to_string(descriptor.get()); }

TEST_CASE("after TERM what is ready is read and delivered and the sockets' paths go") {
  const temp_folder folder;
  const pipe_ends pipe = make_pipe();
  program relay({endpoint(pipe.reading), "unix:" + folder / "socket"}, {folder / "out"});
  relay.start();
  write_all(pipe.writing, numbered_lines(0, 1000));
  relay.it().stop(stop_kind::terminate);
  CHECK(relay.ends());
  CHECK(relay.status() == 0);
  CHECK(difference(read_file(folder / "out"), numbered_lines(0, 1000)) == "");
  CHECK(names_in(folder.path()) == names{"out"});
}

TEST_CASE("after INT a standard input that is a pipe is read to its end or for the drain timeout less a moment") {
  const temp_folder folder;
  pipe_ends pipe = make_pipe();
  const stand_in as_stdin(STDIN_FILENO, pipe.reading);
  pipe.reading.reset();
  program relay({"-"}, {folder / "out"});
  relay.start();
  relay.it().stop(stop_kind::interrupt);
  CHECK(relay.goes_on());
  write_all(pipe.writing, "late\n");
  SECTION("its writer ends") {
    pipe.writing.reset();
    CHECK(relay.ends());
  }
  SECTION("its writer does not end") {
    REQUIRE(relay.until([&] { return relay.out().account.delivered.lines == 1; }));
    relay.clock.pass(6900ms);
    CHECK(relay.goes_on());
    relay.clock.pass(200ms);
    CHECK(relay.ends());
  }
  CHECK(read_file(folder / "out") == "late\n");
  CHECK(relay.status() == 0);
}

TEST_CASE("after the end of the inputs an output may make no progress for the drain timeout and what is left is told") {
  const temp_folder folder;
  pipe_ends pipe = make_pipe();
  program relay({endpoint(pipe.reading)}, {"fifo:" + folder / "fifo", folder / "good"}, {{"drain-timeout", "10s"}});
  relay.start();
  write_all(pipe.writing, "one\ntwo\n");
  pipe.writing.reset();
  REQUIRE(relay.until([&] { return relay.out(1).account.delivered.lines == 2; }));
  REQUIRE(relay.drains());
  relay.clock.pass(9s);
  CHECK(relay.goes_on());
  relay.clock.pass(2s);
  CHECK(relay.ends());
  CHECK(relay.status() == 1);
  CHECK(relay.it().losses() == names{"output 'fifo:" + folder / "fifo" +
                                     "': 2 lines (8 B) not delivered; last error: nobody reads " + folder / "fifo"});
  CHECK(read_file(folder / "good") == "one\ntwo\n");
}

TEST_CASE("an output that makes progress is drained for as long as it takes") {
  pipe_ends in = make_pipe(), out = make_pipe();
  program relay({endpoint(in.reading)}, {endpoint(out.writing)}, {{"drain-timeout", "10s"}});
  relay.start();
  const std::string lines = numbered_lines(0, 50'000);  // less than would pace the input
  write_all(in.writing, lines);
  in.writing.reset();
  REQUIRE(relay.until([&] { return relay.in().lines == 50'000; }));
  std::string got;
  char some[65536];
  for (int i = 0; i < 10; ++i) {
    relay.clock.pass(9s);
    const auto before = relay.out().account.delivered.bytes;
    const auto n = ::read(out.reading.get(), some, sizeof some);
    REQUIRE(n > 0);
    got.append(some, static_cast<std::size_t>(n));
    REQUIRE(relay.until([&] { return relay.out().account.delivered.bytes > before; }));
    CHECK_FALSE(relay.it().over());
  }
  const pipe_sink rest(std::move(out.reading));
  CHECK(relay.ends());
  CHECK(relay.status() == 0);
  REQUIRE(eventually([&] { return rest.ended(); }));
  CHECK(difference(got + rest.text(), lines) == "");
}

TEST_CASE("after TERM a hung output costs the drain timeout which is eight seconds unless it was given") {
  const temp_folder folder;
  const pipe_ends pipe = make_pipe();
  const bool given = GENERATE(false, true);
  program relay({endpoint(pipe.reading)}, {"fifo:" + folder / "fifo"},
                given ? given_options{{"drain-timeout", "2s"}} : given_options{});
  relay.start();
  write_all(pipe.writing, "line\n");
  REQUIRE(relay.until([&] { return relay.out().account.accepted.lines == 1; }));
  relay.it().stop(stop_kind::terminate);
  relay.clock.pass(given ? 1900ms : 7900ms);
  CHECK(relay.goes_on());
  relay.clock.pass(200ms);
  CHECK(relay.ends());
  CHECK(relay.status() == 1);
}

TEST_CASE("what is ready at TERM is read even where a full queue holds it up and if there is no time for that it is told") {
  const pipe_ends in = make_pipe();
  pipe_ends out = make_pipe();
  program relay({endpoint(in.reading)}, {endpoint(out.writing) + ",overflow=block,queue=16K"});
  relay.start();
  const std::string lines = numbered_lines(0, 20'000);
  write_all(in.writing, lines.substr(0, lines.size() / 2));
  REQUIRE(relay.until([&] { return relay.clock.pass(1ms), relay.in().paused_seconds > 0; }));
  write_all(in.writing, lines.substr(lines.size() / 2));
  relay.it().stop(stop_kind::terminate);
  REQUIRE(relay.until([&] { return relay.in().unread_bytes > 0; }));
  relay.clock.pass(1100ms);
  CHECK(relay.goes_on());
  relay.clock.pass(5800ms);
  CHECK(relay.goes_on());
  SECTION("there is time") {
    const pipe_sink rest(std::move(out.reading));
    CHECK(relay.ends());
    CHECK(relay.status() == 0);
    REQUIRE(eventually([&] { return rest.ended(); }));
    CHECK(difference(rest.text(), lines) == "");
  }
  SECTION("nobody wants it any more") {
    out.reading.reset();
    CHECK(relay.ends());
    CHECK(relay.status() == 0);
    CHECK(relay.it().losses().empty());
  }
  SECTION("there is none") {
    relay.clock.pass(1200ms);
    CHECK(relay.ends());
    CHECK(relay.status() == 1);
    REQUIRE(relay.it().losses().size() == 2);
    CHECK_THAT(relay.it().losses()[0], Catch::StartsWith("input '" + endpoint(in.reading) + "': about ") &&
                                           Catch::EndsWith(" of what was ready when it was asked to stop are not read"));
    CHECK_THAT(relay.it().losses()[1], Catch::Contains("not delivered"));
  }
}

TEST_CASE("a TERM while it drains sets one deadline for all") {
  const temp_folder folder;
  pipe_ends pipe = make_pipe();
  program relay({endpoint(pipe.reading)}, {"fifo:" + folder / "fifo"});
  relay.start();
  write_all(pipe.writing, "line\n");
  pipe.writing.reset();
  REQUIRE(relay.until([&] { return relay.out().account.accepted.lines == 1; }));
  CHECK(relay.goes_on());
  relay.it().stop(stop_kind::terminate);
  relay.clock.pass(8100ms);
  CHECK(relay.ends());
}

TEST_CASE("a second TERM ends it now and says what is left and a partial line is part of it") {
  const temp_folder folder;
  const pipe_ends pipe = make_pipe();
  program relay({endpoint(pipe.reading), "unix:" + folder / "socket"}, {"fifo:" + folder / "fifo"});
  relay.start();
  write_all(pipe.writing, "line\npart");
  REQUIRE(relay.until([&] { return relay.out().account.accepted.lines == 1; }));
  SECTION("after a first one") { relay.it().stop(stop_kind::terminate); }
  SECTION("also without a first one") {}
  relay.it().stop_now();
  CHECK(relay.ends());
  CHECK(relay.status() == 1);
  CHECK(relay.in().lines == 2);
  CHECK(relay.out().account.pending.lines == 2);
  REQUIRE(relay.it().losses().size() == 1);
  CHECK_THAT(relay.it().losses()[0], Catch::Contains("2 lines (10 B) not delivered"));
  CHECK(names_in(folder.path()) == names{"fifo"});
}

/// A write that does not return until the test says so, as in a device that hangs.
struct hung_write {
  std::mutex mutex;
  std::condition_variable changed;
  bool hangs = false, goes_on = false, over = false;

  void write() {
    std::unique_lock lock(mutex);
    hangs = true;
    changed.notify_all();
    changed.wait(lock, [this] { return goes_on; });
  }
  /// Lets it return, and waits until its listener is done with everything.
  void release() {
    std::unique_lock lock(mutex);
    goes_on = true;
    changed.notify_all();
    changed.wait(lock, [this] { return over; });
  }
  void end() {
    const std::lock_guard lock(mutex);
    over = true;
    changed.notify_all();
  }
  bool in_it() {
    const std::lock_guard lock(mutex);
    return hangs;
  }
};

hung_write& the_hung_write() {
  static auto& one = *new hung_write;  // its last user may outlive main
  return one;
}

class hung_output final : public output {
 public:
  ~hung_output() override { the_hung_write().end(); }  // a listener lets go of its output last
  result open(waiter&) override { return {}; }
  write_result write(const outgoing& lines) override {
    the_hung_write().write();
    return {lines.bytes()};
  }
  void close(std::size_t) noexcept override {}
};

TEST_CASE("a listener that hangs in a write is let go at the deadline and touches nothing when it wakes up") {
  auto known = standard_registries();
  known.outputs.push_back({"hung", "hung:", "hangs", {}, nullptr, [](const output_config&) -> std::unique_ptr<output> {
                             return std::make_unique<hung_output>();
                           }});
  pipe_ends in = make_pipe();
  program relay({endpoint(in.reading)}, {"hung:", "null:"}, {}, known);
  relay.start();
  write_all(in.writing, "line\n");
  REQUIRE(relay.until([] { return the_hung_write().in_it(); }));
  in.writing.reset();
  REQUIRE(relay.until([&] { return relay.out(1).account.delivered.lines == 1; }));
  REQUIRE(relay.drains());
  CHECK(relay.goes_on());
  relay.clock.pass(31s);
  static_cast<void>(relay.it().step());
  relay.clock.pass(1s);  // what a listener that was told to stop has for its farewell
  CHECK(relay.ends());
  CHECK(relay.status() == 1);
  CHECK(relay.out(0).account.pending.lines == 1);
  relay.destroy();
  the_hung_write().release();
}

}  // namespace
}  // namespace logrelay
