#include "shelf.hpp"

#include <catch2/catch.hpp>
#include <logrelay/embed/async_room.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <support/temp_folder.hpp>

#include <optional>
#include <thread>

namespace logrelay {
namespace {

namespace asio = boost::asio;
using namespace logrelay::support;

void fill(publisher& to) {
  while (to.has_room()) to.publish(std::string(1000, 'x'));
}

/// Waits for room and publishes, so many times.
asio::awaitable<void> publish_all(publisher& to, int records, std::atomic<int>& published) {
  for (int i = 0; i < records; ++i, ++published) {
    co_await async_room(to, asio::use_awaitable);
    to.publish(std::string(1000, 'y'));
  }
}

}  // namespace

TEST_CASE("async_room: a coroutine waits for room, and then publishes without loss") {
  const auto one = std::make_shared<shelf>();
  one->shut = true;
  publisher to(onto(one));
  fill(to);
  asio::io_context io;
  int published = 0;
  asio::co_spawn(
      io,
      [&]() -> asio::awaitable<void> {
        for (; published < 1000; ++published) {
          co_await async_room(to, asio::use_awaitable);
          to.publish(std::string(1000, 'y'));
        }
      },
      asio::detached);
  io.run_for(std::chrono::milliseconds(1));
  CHECK(published < 1000);
  one->shut = false;
  io.run();
  CHECK(published == 1000);
  const auto report = to.stop(patience);
  CHECK(report.dropped() == 0);
  CHECK(report.account.balances());
}

TEST_CASE("async_room: where a disk takes what a dead peer does not, who waits goes on, and loses nothing") {
  const std::string kept = GENERATE("spool", "spill"), size = GENERATE("64K", "4K");
  const temp_folder folder;
  publisher to("unix:" + (folder / "nobody.sock") + ",queue=" + size + "," + kept + "=" + (folder / "kept"));
  asio::io_context io;
  std::atomic<int> published{0};
  asio::co_spawn(io, publish_all(to, 1000, published), asio::detached);
  io.run_for(patience);
  CHECK(published == 1000);
  CHECK(to.report().account.accepted.lines == 1000);
  CHECK(to.report().dropped() == 0);
  to.stop(std::chrono::milliseconds(0));
}

TEST_CASE("async_room: the wait for room is cancelled as Asio cancels") {
  const auto one = std::make_shared<shelf>();
  one->shut = true;
  publisher to(onto(one));
  fill(to);
  asio::io_context io;
  asio::cancellation_signal signal;
  boost::system::error_code got;
  bool completed = false;
  async_room(to, asio::bind_cancellation_slot(signal.slot(), asio::bind_executor(io, [&](boost::system::error_code ec) {
    completed = true;
    got = ec;
  })));
  io.poll();
  CHECK_FALSE(completed);
  const auto type = GENERATE(asio::cancellation_type::total, asio::cancellation_type::partial, asio::cancellation_type::terminal);
  signal.emit(type);
  CHECK_FALSE(completed);  // never within the call
  io.run();
  CHECK(completed);
  CHECK(got == asio::error::operation_aborted);
  signal.emit(type);  // too late, and without effect
  one->shut = false;
}

TEST_CASE("async_room: who waits is told when it is stopped") {
  const auto one = std::make_shared<shelf>();
  one->shut = true;
  auto to = std::make_unique<publisher>(onto(one));
  fill(*to);
  asio::io_context io;
  bool completed = false;
  async_room(*to, asio::bind_executor(io, [&](boost::system::error_code) { completed = true; }));
  to->begin_stop();
  io.run();
  CHECK(completed);
  one->shut = false;
}

TEST_CASE("async_room: of many that wait, as many go on as find room, and nothing is lost") {
  const auto one = std::make_shared<shelf>();
  one->shut = true;
  publisher to(onto(one));
  asio::io_context io;
  std::atomic<int> published{0};
  for (int each = 0; each < 200; ++each) asio::co_spawn(io, publish_all(to, 5, published), asio::detached);
  io.run_for(std::chrono::milliseconds(1));
  CHECK(published < 200);
  one->shut = false;
  io.run();
  CHECK(published == 1000);
  CHECK(to.stop(patience).dropped() == 0);
}

TEST_CASE("async_room: a context may be run by several threads") {
  const auto one = std::make_shared<shelf>();
  publisher to(onto(one));
  asio::io_context io;
  std::atomic<int> published{0};
  for (int each = 0; each < 8; ++each) asio::co_spawn(io, publish_all(to, 500, published), asio::detached);
  std::vector<std::thread> threads;
  for (int each = 0; each < 3; ++each) threads.emplace_back([&] { io.run(); });
  for (auto& each : threads) each.join();
  CHECK(published == 4000);
  CHECK(to.stop(patience).dropped() == 0);
}

TEST_CASE("async_room: who was told of room that another took is cancelled all the same") {
  const auto one = std::make_shared<shelf>();
  one->shut = true;
  publisher to(onto(one));
  fill(to);
  asio::io_context io;
  asio::cancellation_signal signal;
  bool taken = false;
  std::optional<boost::system::error_code> got;
  async_room(to, asio::bind_executor(io, [&](boost::system::error_code) {
    one->shut = true;
    const auto tries = to.report().retries;
    fill(to);
    CHECK(eventually([&] { return to.report().retries > tries; }));  // what the listener had before has come
    fill(to);
    taken = true;
  }));
  async_room(to, asio::bind_cancellation_slot(signal.slot(), asio::bind_executor(io, [&](boost::system::error_code ec) { got = ec; })));
  one->shut = false;
  while (!taken) io.run_one();
  const bool waits_again = GENERATE(false, true);
  if (waits_again) io.run_for(std::chrono::milliseconds(1));
  CHECK_FALSE(got);
  signal.emit(asio::cancellation_type::total);
  io.run();
  REQUIRE(got);
  CHECK(*got == asio::error::operation_aborted);
  one->shut = false;
}

TEST_CASE("async_room: a context that is destroyed takes along who waits in it") {
  const auto one = std::make_shared<shelf>();
  one->shut = true;
  publisher to(onto(one));
  fill(to);
  const auto alive = std::make_shared<int>();
  {
    asio::io_context io;
    asio::co_spawn(
        io,
        [](publisher& into, std::shared_ptr<int>) -> asio::awaitable<void> { co_await async_room(into, asio::use_awaitable); }(to, alive),
        asio::detached);
    io.poll();
    CHECK(alive.use_count() == 2);
  }
  CHECK(alive.use_count() == 1);
  one->shut = false;
  CHECK(to.flush(patience));  // there is room, and nobody to be told
}

}  // namespace logrelay
