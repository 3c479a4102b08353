// A coroutine that publishes faster than its output takes: it waits for room, loses nothing, and the event loop goes on.
// The output is a command that sleeps for a second first. Run with a folder.
#include <logrelay/embed/async_room.hpp>

#include <boost/asio.hpp>

#include <cstdio>
#include <string>

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr int records = 100'000;

// [publish_all]
asio::awaitable<void> publish_all(logrelay::publisher& audit) {
  for (int i = 0; i < records; ++i) {
    co_await logrelay::async_room(audit, asio::use_awaitable);
    audit.publish("record " + std::to_string(i) + " of some that are made faster than anybody takes them");
  }
}
// []

asio::awaitable<void> tick(int& ticks) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  for (;; ++ticks) {
    timer.expires_after(10ms);
    co_await timer.async_wait(asio::use_awaitable);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  logrelay::publisher audit("exec:sleep 1; cat > " + std::string(argv[1]) + "/audit.log,queue=1M");
  asio::io_context loop(1);
  int ticks = 0;
  asio::co_spawn(loop, tick(ticks), asio::detached);
  asio::co_spawn(loop, publish_all(audit), [&](const std::exception_ptr&) { loop.stop(); });
  loop.run();
  const auto report = audit.stop(60s);
  std::printf("delivered %lu, dropped %lu; the loop went on: %s\n", static_cast<unsigned long>(report.delivered()),
              static_cast<unsigned long>(report.dropped()), ticks > 10 ? "yes" : "no");
}
