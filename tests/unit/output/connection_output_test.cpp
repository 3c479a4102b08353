#include "output_contract.hpp"

#include <support/no_more_descriptors.hpp>
#include <support/sink.hpp>
#include <support/sockets.hpp>
#include <support/temp_folder.hpp>

#include <catch2/catch.hpp>

#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <functional>
#include <thread>

namespace logrelay {
namespace {

using namespace support;

class stream_peer final : public output_peer {
 public:
  stream_peer(family of, bool hangs) : sink_(stream_sink::tcp({.reads = !hangs}, of)) {}
  explicit stream_peer(bool hangs) : sink_(stream_sink::unix(folder_ / "socket", {.reads = !hangs})) {}
  std::string endpoint() const override { return sink_.endpoint(); }
  std::string text() override { return sink_.text(); }
  void wake_up() override { sink_.start_reading(); }

 private:
  const temp_folder folder_;
  stream_sink sink_;
};

TEST_CASE("a TCP connection keeps the contract of outputs") {
  check_output_contract([](bool hangs) { return std::make_unique<stream_peer>(family::ipv4, hangs); });
}

TEST_CASE("a TCP connection over IPv6 keeps the contract of outputs") {
  check_output_contract([](bool hangs) { return std::make_unique<stream_peer>(family::ipv6, hangs); });
}

TEST_CASE("a connection to a unix socket keeps the contract of outputs") {
  check_output_contract([](bool hangs) { return std::make_unique<stream_peer>(hangs); });
}

TEST_CASE("a peer that refuses gets everything once it listens") {
  const temp_folder folder;
  const bool tcp = GENERATE(false, true);
  stream_sink sink =
      tcp ? stream_sink::tcp({.listens = false}) : stream_sink::unix(folder / "socket", {.listens = false});
  sending out(sink.endpoint());
  out.start();
  out.push(numbered_lines(0, 1000));
  REQUIRE(out.retries(2));
  CHECK_THAT(out.report().last_error, Catch::Contains("unable to connect") && Catch::Contains("Connection refused"));
  CHECK(out.account().pending.lines == 1000);
  sink.listen();
  CHECK(out.delivers());
  CHECK(eventually([&] { return sink.text() == numbered_lines(0, 1000); }));
}

TEST_CASE("a peer that closes between lines is noticed at once and no line is written to it any more") {
  const temp_folder folder;
  const bool tcp = GENERATE(false, true);
  stream_sink sink = tcp ? stream_sink::tcp() : stream_sink::unix(folder / "socket");
  sending out(sink.endpoint());
  out.start();
  out.push("one\n");
  REQUIRE(out.delivers());
  REQUIRE(eventually([&] { return sink.text() == "one\n"; }));
  sink.hang_up();
  REQUIRE(out.retries());  // also with nothing to write
  CHECK_THAT(out.report().last_error, Catch::Contains("has closed the connection"));
  out.push("two\n");
  CHECK(out.delivers());
  REQUIRE(eventually([&] { return sink.texts().size() == 2; }));
  CHECK(sink.texts()[0] == "one\n");
  CHECK(eventually([&] { return sink.texts()[1] == "two\n"; }));
}

// A peer's kernel may have acknowledged what its program never reads; nothing else is missing.
TEST_CASE("a peer that breaks off in mid-line gets whole lines from there on and none is missing") {
  const temp_folder folder;
  const bool tcp = GENERATE(false, true);
  const bool resets = GENERATE(false, true);
  const sink_behaviour broken{.close_after = 100'010, .resets = resets, .receive_buffer = 8192, .connections = 3};
  stream_sink sink = tcp ? stream_sink::tcp(broken) : stream_sink::unix(folder / "socket", broken);
  sending out(sink.endpoint());
  out.start();
  out.push(numbered_lines(0, 200'000));
  REQUIRE(out.delivers());
  REQUIRE(eventually([&] { return sink.text().ends_with(numbered_lines(199'999, 1)); }));
  const auto texts = sink.texts();
  CHECK(texts.size() == 4);
  std::uint64_t next = 0;
  for (const auto& each : texts) {
    const auto got = read_sequence(each.substr(0, each.rfind('\n') + 1));
    CAPTURE(to_string(got));
    CHECK(got.foreign + got.misplaced == 0);
    CHECK(got.lines == got.last - got.first + 1);
    if (tcp) {
      CHECK(got.first <= next + 400'000 / 20);  // what the kernel on the other side had taken
    } else {
      CHECK(got.first <= next);  // a unix peer's kernel tells what was read
    }
    next = got.last + 1;
  }
  CHECK(out.account().delivered.lines == 200'000);
  CHECK(out.account().balances());
}

TEST_CASE("a unix peer that closes with lines unread gets them again") {
  const temp_folder folder;
  stream_sink sink = stream_sink::unix(folder / "socket", {.reads = false});
  sending out(sink.endpoint());
  out.start();
  out.push(numbered_lines(0, 100));
  REQUIRE(eventually([&] { return sink.connections() == 1; }));
  REQUIRE_FALSE(eventually([&] { return out.account().pending.lines == 0; }, 20ms));
  sink.hang_up();
  REQUIRE(eventually([&] { return sink.connections() == 2; }));
  CHECK(out.account().pending.lines == 100);
  sink.start_reading();
  CHECK(out.delivers());
  CHECK(eventually([&] { return sink.text() == numbered_lines(0, 100); }));
}

TEST_CASE("a peer that talks all the time does not keep lines from it") {
  const fd listener = bound_tcp();
  listen_on(listener);
  sending out("tcp://127.0.0.1:" + std::to_string(port_of(listener)));
  out.start();
  const fd peer(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  std::atomic<bool> enough = false;
  std::thread talker([&] {
    const std::string words(65536, 'x');
    while (!enough) {
      if (::send(peer.get(), words.data(), words.size(), MSG_DONTWAIT | MSG_NOSIGNAL) < 0) std::this_thread::yield();
    }
  });
  out.push("line\n");
  char got[5] = {};
  CHECK(::recv(peer.get(), got, 5, MSG_WAITALL) == 5);
  CHECK(out.delivers());
  out.abandon();
  CHECK(out.ends());
  enough = true;
  talker.join();
}

TEST_CASE("the host's name is looked up and each of its addresses is tried") {
  stream_sink sink = stream_sink::tcp({}, family::ipv4);
  sending out("tcp://localhost:" + std::to_string(sink.port()));  // [::1] refuses
  out.start();
  out.push("line\n");
  CHECK(out.delivers());
}

TEST_CASE("a name that nobody knows is retried and the listener can be told to stop meanwhile") {
  sending out("tcp://does-not-exist.invalid:514");
  out.start();
  out.push("line\n");
  REQUIRE(out.retries());
  CHECK_THAT(out.report().last_error, Catch::Contains("unable to connect to tcp://does-not-exist.invalid:514"));
  out.abandon();
  CHECK(out.ends(1s));
}

TEST_CASE("a peer whose backlog is full is waited for and the listener can be told to stop meanwhile") {
  const temp_folder folder;
  const fd listener = bound_unix(folder / "socket");
  REQUIRE(::listen(listener.get(), 0) == 0);
  const fd in_the_way = connected_unix(folder / "socket");
  sending out("unix:" + folder / "socket");
  out.start();
  out.push("line\n");
  REQUIRE(out.retries(2));
  const fd taken(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  const fd ours(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));  // waits for it
  char got[5] = {};
  CHECK(::recv(ours.get(), got, 5, MSG_WAITALL) == 5);
  CHECK(out.delivers());
}

TEST_CASE("a peer that dies with lines unread gets them again where resend is asked for") {
  const temp_folder folder;
  const bool tcp = GENERATE(false, true);
  stream_sink sink = tcp ? stream_sink::tcp({.close_after = 30, .resets = true, .connections = 1})
                         : stream_sink::unix(folder / "socket", {.close_after = 30, .resets = true, .connections = 1});
  sending out(sink.endpoint() + ",resend=1M");
  out.start();
  out.push(numbered_lines(0, 1000));
  REQUIRE(out.delivers());
  REQUIRE(eventually([&] { return sink.texts().size() == 2 && sink.texts()[1] == numbered_lines(0, 1000); }));
  CHECK(out.account().delivered.lines == 1000);
  CHECK(out.account().balances());
}

TEST_CASE("with resend a peer that resets after the end gets the last lines again") {
  const fd listener = bound_tcp();
  listen_on(listener);
  sending out("tcp://127.0.0.1:" + std::to_string(port_of(listener)) + ",resend=1K");
  out.start();
  out.push("one\ntwo\n");
  out.close();
  fd peer(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  char got[64] = {};
  REQUIRE(::recv(peer.get(), got, 8, MSG_WAITALL) == 8);
  REQUIRE(::recv(peer.get(), got, sizeof got, 0) == 0);  // it has said goodbye, and waits for us to
  CHECK_FALSE(out.ends(10ms));
  reset(std::move(peer));
  const fd again(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  REQUIRE(::recv(again.get(), got, sizeof got, MSG_WAITALL) == 8);
  CHECK(std::string_view(got, 8) == "one\ntwo\n");
  ::shutdown(again.get(), SHUT_WR);
  CHECK(out.ends());
  CHECK(out.account().delivered.lines == 2);
}

TEST_CASE("a connection that is idle for too long is closed in good order and made again for the next line") {
  const temp_folder folder;
  const bool tcp = GENERATE(false, true);
  const fd listener = tcp ? bound_tcp() : bound_unix(folder / "socket");
  listen_on(listener);
  sending out((tcp ? "tcp://127.0.0.1:" + std::to_string(port_of(listener)) : "unix:" + folder / "socket") + ",idle-timeout=20ms");
  out.start();
  for (const std::string line : {"", "two\n", "three\n"}) {
    if (!line.empty()) out.push(line);
    const fd peer(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    char got[16] = {};
    CHECK(::recv(peer.get(), got, sizeof got, MSG_WAITALL) == static_cast<ssize_t>(line.size()));  // and its end, no reset
    CHECK(got == line);
  }
  CHECK(out.delivers());
  CHECK(out.report().retries == 0);
  CHECK(out.account().balances());
}

TEST_CASE("a peer that is only slow is not closed for being idle") {
  stream_sink sink = stream_sink::tcp({.reads = false, .receive_buffer = 4096});
  sending out(sink.endpoint() + ",idle-timeout=10ms");
  out.push(numbered_lines(0, 200'000));
  out.start();
  REQUIRE(eventually([&] { return out.account().delivered.lines > 0; }));
  std::this_thread::sleep_for(50ms);  // idle for longer than that, as far as it is written to
  sink.start_reading();
  CHECK(out.delivers());
  REQUIRE(eventually([&] { return sink.text() == numbered_lines(0, 200'000); }));
  CHECK(sink.texts().front() == numbered_lines(0, 200'000));
}

TEST_CASE("a host that answers nothing for too long is given up and gets everything by another connection") {
  const bool much = GENERATE(false, true);  // more than fits into the kernel
  const fd listener = bound_tcp();
  listen_on(listener);
  sending out("tcp://127.0.0.1:" + std::to_string(port_of(listener)) + ",write-timeout=100ms");
  out.start();
  const fd deaf(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  make_deaf(deaf);
  const auto text = numbered_lines(0, much ? 500'000 : 10);
  out.push(text);
  REQUIRE(out.retries());
  CHECK_THAT(out.report().last_error, Catch::Contains("has not answered for 100 ms"));
  const fd hears(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  std::string got(text.size(), '\0');
  REQUIRE(::recv(hears.get(), got.data(), got.size(), MSG_WAITALL) == static_cast<ssize_t>(text.size()));
  CHECK(got == text);
  CHECK(out.delivers());
}

TEST_CASE("a host that answers nothing is given up while more and more lines come") {
  const fd listener = bound_tcp();
  listen_on(listener);
  sending out("tcp://127.0.0.1:" + std::to_string(port_of(listener)) + ",write-timeout=100ms");
  out.start();
  const fd deaf(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  make_deaf(deaf);
  CHECK(out.retries_while_lines_come());
  CHECK_THAT(out.report().last_error, Catch::Contains("has not answered for 100 ms"));
}

TEST_CASE("a peer that does not read is waited for however long that takes") {
  stream_sink sink = stream_sink::tcp({.reads = false, .receive_buffer = 4096});
  sending out(sink.endpoint() + ",write-timeout=20ms");
  out.start();
  out.push(numbered_lines(0, 200'000));
  CHECK_FALSE(eventually([&] { return out.report().retries > 0; }, 500ms));
  sink.start_reading();
  CHECK(out.delivers());
  CHECK(eventually([&] { return sink.text() == numbered_lines(0, 200'000); }));
  CHECK(sink.connections() == 1);
}

TEST_CASE("lines go to the next place while the first refuses and the first gets them again when it is back") {
  stream_sink first = stream_sink::tcp({.listens = false});
  const fd refuses = bound_tcp();
  stream_sink last = stream_sink::tcp();
  sending out(first.endpoint() + ",failover=127.0.0.1:" + std::to_string(port_of(refuses)) + ",failover=127.0.0.1:" +
              std::to_string(last.port()) + ",failback=20ms,connect-timeout=10s");
  out.start();
  out.push("one\n");
  REQUIRE(out.delivers());
  CHECK(out.report().retries == 0);
  REQUIRE(eventually([&] { return last.text() == "one\n"; }));
  std::string wanted = "one\n";
  for (const auto looked = std::chrono::steady_clock::now() + 100ms; std::chrono::steady_clock::now() < looked;) {  // in vain
    out.push("meanwhile\n");
    wanted += "meanwhile\n";
    REQUIRE(out.delivers());
  }
  first.listen();
  const auto listens = std::chrono::steady_clock::now();
  for (int n = 0; first.text().empty(); ++n) {
    const auto line = "line " + std::to_string(n) + "\n";
    out.push(line);
    wanted += line;
    REQUIRE(out.delivers());
    REQUIRE(eventually([&] { return last.text() + first.text() == wanted; }));  // each once, and in order
  }
  CHECK(std::chrono::steady_clock::now() - listens < std::chrono::seconds(5));  // a look that was refused is over, and another due
  CHECK(out.report().retries == 0);  // nothing was wrong
  CHECK(last.connections() == 1);
}

TEST_CASE("a busy connection goes back to the first place at a line's end and no line comes twice") {
  stream_sink first = stream_sink::tcp({.listens = false});
  stream_sink second = stream_sink::tcp({.bytes_a_second = 1'000'000});
  sending out(first.endpoint() + ",failover=127.0.0.1:" + std::to_string(second.port()) + ",failback=10ms");
  out.start();
  std::string pushed;
  const auto push = [&] {
    const auto more = numbered_lines(pushed.size() / 20, 5000);  // of 20 bytes each
    out.push(more);
    pushed += more;
  };
  push();
  REQUIRE(eventually([&] { return second.bytes() > 0; }));
  first.listen();
  REQUIRE(eventually([&] {
    if (out.account().pending.lines < 5000) push();  // there is always something to bring
    return first.bytes() > 0;
  }));
  REQUIRE(out.delivers());
  REQUIRE(eventually([&] { return first.bytes() + second.bytes() == pushed.size(); }));
  CHECK((second.text() + first.text() == pushed));
  CHECK(out.report().retries == 0);
}

/// A place that says yes, and then goes, to whoever comes until somebody has come to another one.
class rude_place {
 public:
  rude_place(const stream_sink& until, std::function<void(fd)> treat) : socket_(bound_tcp()) {
    listen_on(socket_);
    thread_ = std::thread([this, &until, treat = std::move(treat)] {
      while (until.connections() == 0) {
        pollfd one{socket_.get(), POLLIN, 0};
        if (::poll(&one, 1, 1) == 1) treat(fd(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC)));
      }
    });
  }
  ~rude_place() { thread_.join(); }
  rude_place(const rude_place&) = delete;
  rude_place& operator=(const rude_place&) = delete;
  [[nodiscard]] std::string endpoint() const { return "tcp://127.0.0.1:" + std::to_string(port_of(socket_)); }

 private:
  fd socket_;
  std::thread thread_;
};

TEST_CASE("a first place that takes connections and no line is not tried again before the next") {
  stream_sink second = stream_sink::tcp();
  const rude_place first(second, [](fd peer) { reset(std::move(peer)); });  // at once and with nothing written
  sending out(first.endpoint() + ",failover=127.0.0.1:" + std::to_string(second.port()) + ",failback=0");
  out.start();
  CHECK(eventually([&] { return second.connections() == 1; }));
  out.push("one\n");
  CHECK(out.delivers());
  CHECK(eventually([&] { return second.text() == "one\n"; }));
}

TEST_CASE("a first place that takes lines and goes at once is not tried again before the next") {
  stream_sink second = stream_sink::tcp();
  const rude_place first(second, [](const fd& peer) {  // takes whatever comes
    char some[16];
    static_cast<void>(::recv(peer.get(), some, sizeof some, 0));
  });
  sending out(first.endpoint() + ",failover=127.0.0.1:" + std::to_string(second.port()) + ",failback=0");
  out.start();
  out.push("one\n");
  CHECK(out.delivers());  // to its kernel
  for (bool there = false; !there; there = eventually([&] { return second.connections() == 1; }, 100ms)) out.push("more\n");
  out.push("last\n");
  CHECK(out.delivers());
  CHECK(eventually([&] { return second.text().ends_with("last\n"); }));
}

TEST_CASE("out of descriptors nobody looks for the first place and lines go on to the other") {
  stream_sink first = stream_sink::tcp({.listens = false});
  stream_sink second = stream_sink::tcp();
  sending out(first.endpoint() + ",failover=127.0.0.1:" + std::to_string(second.port()) + ",failback=1ms");
  out.start();
  out.push("one\n");
  REQUIRE(out.delivers());
  {
    const no_more_descriptors meanwhile;
    for (const auto until = std::chrono::steady_clock::now() + 30ms; std::chrono::steady_clock::now() < until;) {
      out.push("more\n");
      CHECK(out.delivers());
    }
  }
  CHECK(out.report().retries == 0);
  first.listen();
  CHECK(eventually([&] { return out.push("last\n"), out.delivers() && first.bytes() > 0; }));
}

TEST_CASE("several places in one failover are a mistake") {
  CHECK_THROWS_WITH(sending("tcp://a:1,failover=b:2,c:3"), Catch::EndsWith("'failover=b:2,c:3' names several: give 'failover' once for each"));
}

TEST_CASE("at the end the peer sees that the stream is over") {
  stream_sink sink = stream_sink::tcp();
  const fd listener = bound_tcp();
  listen_on(listener);
  sending out("tcp://127.0.0.1:" + std::to_string(port_of(listener)));
  out.start();
  out.push("line\n");
  out.close();
  const fd peer(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  char got[6] = {};
  CHECK(::recv(peer.get(), got, sizeof got, MSG_WAITALL) == 5);  // and then its end, not a reset
  CHECK(out.ends());
}

}  // namespace
}  // namespace logrelay
