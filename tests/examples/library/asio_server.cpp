// An echo server on one event loop that logs each request to a disk that stalls, here a FIFO whose reader takes a second's
// rest in the middle. Prints by how much the loop was ever late: with a sink that blocks, with spdlog's asynchronous logger,
// and with logrelay. Run with a folder.
#include <logrelay/embed/adopt.hpp>

#include <boost/asio.hpp>
#include <spdlog/async.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/spdlog.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <functional>
#include <string>
#include <thread>

namespace asio = boost::asio;
using asio::ip::tcp;
using namespace std::chrono_literals;

namespace {

constexpr auto rest = 1000ms;
constexpr int requests = 4000, lines_each = 10;

// Reads the FIFO to its end, but for a rest when the server is at work.
void stalling_disk(const std::string& path) {
  const int fifo = ::open(path.c_str(), O_RDONLY);
  std::string some(65536, '\0');
  std::size_t read = 0;
  bool rested = false;
  for (ssize_t n = 0; (n = ::read(fifo, some.data(), some.size())) > 0;) {
    read += static_cast<std::size_t>(n);
    if (!rested && read > 100'000) {
      rested = true;
      std::this_thread::sleep_for(rest);
    }
  }
  ::close(fifo);
}

// A timer that is due every millisecond, and how late the latest was.
asio::awaitable<void> watch(std::chrono::nanoseconds& worst) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  for (;;) {
    timer.expires_after(1ms);
    co_await timer.async_wait(asio::use_awaitable);
    const auto late = std::chrono::steady_clock::now() - timer.expiry();
    if (late > worst) worst = late;
  }
}

// [session]
asio::awaitable<void> serve(tcp::socket peer, spdlog::logger& log) {
  char request[256];
  for (;;) {
    const auto size = co_await peer.async_read_some(asio::buffer(request), asio::use_awaitable);
    for (int i = 0; i < lines_each; ++i) log.info("request of {} bytes, step {}: nothing waits for this line", size, i);
    co_await asio::async_write(peer, asio::buffer(request, size), asio::use_awaitable);
  }
}
// []

// `requests` requests, one after the other, from a thread of its own.
void ask(std::uint16_t port) {
  asio::io_context io;
  tcp::socket server(io);
  server.connect({asio::ip::address_v4::loopback(), port});
  for (int i = 0; i < requests; ++i) {
    char line[] = "hello\n";
    asio::write(server, asio::buffer(line, 6));
    asio::read(server, asio::buffer(line, 6));
  }
}

std::chrono::nanoseconds worst_latency(spdlog::logger& log) {
  asio::io_context loop(1);
  std::chrono::nanoseconds worst{0};
  tcp::acceptor acceptor(loop, {asio::ip::address_v4::loopback(), 0});
  std::thread client([&] {
    ask(acceptor.local_endpoint().port());
    loop.stop();
  });
  asio::co_spawn(loop, watch(worst), asio::detached);
  asio::co_spawn(loop, serve(acceptor.accept(), log), asio::detached);
  loop.run();
  client.join();
  return worst;
}

using logger_maker = std::function<std::shared_ptr<spdlog::logger>(const std::string& file)>;

void compare(const char* name, const std::string& folder, const logger_maker& make, bool adopted) {
  const std::string path = folder + "/" + name + ".fifo";
  ::mkfifo(path.c_str(), 0600);
  std::thread disk(stalling_disk, path);
  {
    auto log = make(path);
    std::chrono::nanoseconds worst{0};
    if (adopted) {
      // [adopt]
      auto queued = logrelay::adopt(log);
      worst = worst_latency(*log);  // the loop runs, and nothing in it waits for the disk
      const auto report = queued.stop(60s);
      // []
      std::printf("%-24s delivered %lu, dropped %lu, left %lu\n", name, static_cast<unsigned long>(report.delivered()),
                  static_cast<unsigned long>(report.dropped()), static_cast<unsigned long>(report.left()));
    } else {
      worst = worst_latency(*log);
    }
    std::printf("%-24s worst latency %.1f ms\n", name, static_cast<double>(worst.count()) / 1e6);
    std::fflush(stdout);
  }
  spdlog::shutdown();  // ends the asynchronous logger's thread
  disk.join();
}

std::shared_ptr<spdlog::logger> plain(const std::string& file) {
  return std::make_shared<spdlog::logger>("server", std::make_shared<spdlog::sinks::basic_file_sink_mt>(file));
}

std::shared_ptr<spdlog::logger> asynchronous(const std::string& file) {
  return spdlog::create_async<spdlog::sinks::basic_file_sink_mt>("server", file);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  compare("blocking", argv[1], plain, false);
  compare("spdlog-async", argv[1], asynchronous, false);
  compare("logrelay", argv[1], plain, true);
}
