#include <catch2/catch.hpp>
#include <logrelay/embed/async_room.hpp>
#include <logrelay/embed/publisher.hpp>
#include <logrelay/output/output.hpp>
#include <logrelay/util/guarded.hpp>
#include <support/eventually.hpp>
#include <support/lines.hpp>
#include <support/temp_folder.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <thread>

namespace logrelay {
namespace {

namespace asio = boost::asio;
using namespace logrelay::support;

/// What the output of a test has taken; it takes nothing while it is shut.
struct shelf {
  std::atomic<bool> shut{false};
  guarded<std::string> text;
  [[nodiscard]] std::string all() const {
    return text.with([](const auto& t) { return t; });
  }
};

class shelf_output final : public output {
 public:
  explicit shelf_output(std::shared_ptr<shelf> to) : to_(std::move(to)) {}
  bool keeps_place() const override { return true; }
  result open(waiter&) override { return {}; }
  write_result write(const outgoing& lines) override {
    if (to_->shut) return {0, outcome::retry, "shut"};
    to_->text.with([&](auto& text) {
      for (const auto& piece : lines.pieces()) text.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
    });
    return {lines.bytes()};
  }
  void close(std::size_t) noexcept override {}

 private:
  std::shared_ptr<shelf> to_;
};

custom_output onto(const std::shared_ptr<shelf>& one) {
  custom_output made;
  made.name = "shelf";
  made.make = [one] { return std::make_unique<shelf_output>(one); };
  made.rules.capacity_bytes = 64 * 1024;
  made.drain = patience;
  return made;
}

void fill(publisher& to) {
  while (to.has_room()) to.publish(std::string(1000, 'x'));
}

}  // namespace

TEST_CASE("publisher: lines of any thread come to an output of one's own") {
  const auto one = std::make_shared<shelf>();
  publisher to(onto(one));
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 100; ++i) to.publish("line");
    });
  for (auto& each : threads) each.join();
  const auto report = to.stop(patience);
  CHECK(report.delivered() == 300);
  CHECK(report.account.balances());
  CHECK(split_lines(one->all()) == std::vector<std::string>(300, "line"));
}

TEST_CASE("publisher: an endpoint is written as for the program") {
  const temp_folder folder;
  publisher to((folder / "a.log") + ",format={level} {message}");
  CHECK(to.publish("said", level::notice));
  CHECK(to.stop(patience).delivered() == 1);
  CHECK(read_file(folder / "a.log") == "notice said\n");
  CHECK_FALSE(to.publish("too late"));
  CHECK(to.report().refused == 1);
}

TEST_CASE("publisher: a file that cannot be opened is an error, and nothing is started") {
  CHECK_THROWS_AS(publisher("/proc/nowhere/a.log"), error);
}

TEST_CASE("publisher: flush waits for what was published before") {
  const auto one = std::make_shared<shelf>();
  publisher to(onto(one));
  to.publish("here");
  CHECK(to.flush(patience));
  CHECK(one->all() == "here\n");
}

TEST_CASE("publisher: a coroutine waits for room, and then publishes without loss") {
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

TEST_CASE("publisher: the wait for room is cancelled as Asio cancels") {
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

TEST_CASE("publisher: who waits for room is told when it is stopped") {
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

}  // namespace logrelay
