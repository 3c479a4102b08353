#include "input_contract.hpp"

#include <support/relp.hpp>

#include <logrelay/error.hpp>
#include <logrelay/input/relp_dialogue.hpp>

#include <catch2/catch.hpp>

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <optional>
#include <thread>

namespace logrelay {
namespace {

using namespace support;
using namespace std::string_literals;

class relp_peer final : public input_peer {
 public:
  std::string endpoint() const override { return "relp://127.0.0.1:0"; }
  void connect(reading& to) override { client_ = relp_client::opened(to.port()); }
  void write(std::string_view lines) override { client_->send(lines); }
  bool is_answered() const override { return true; }
  bool leave() override {
    client_->send("close", {});
    client_->leave();
    return false;
  }

 private:
  std::optional<relp_client> client_;
};

TEST_CASE("RELP keeps the contract of inputs") {
  check_input_contract([] { return std::make_unique<relp_peer>(); });
}

// "2 200 OK", each in its line.
std::string said(const std::vector<relp_frame>& answers) {
  std::string all;
  for (const auto& each : answers) all += std::to_string(each.number) + (each.command == "rsp" ? "" : " " + each.command) + " " + each.data + "\n";
  return all;
}

TEST_CASE("a RELP session is opened, used and closed") {
  reading in("relp://127.0.0.1:0");
  in.start();
  relp_client client(connected_tcp(in.port()));
  client.send("open", relp_offers());
  REQUIRE(client.answers(1).size() == 1);
  const auto answer = read_relp_answer(client.answers(1)[0].data);
  CHECK(answer.code == 200);
  CHECK(wrong_with_relp_offers(answer.offers).empty());
  client.send("one\n");
  REQUIRE(in.comes("one\n"));
  CHECK(client.answers(2).size() == 2);
  client.send("close", {});
  const auto all = client.answers(3);
  REQUIRE(all.size() == 3);
  CHECK(said({all.begin() + 1, all.end()}) == "2 200 OK\n3 200 OK\n");
}

TEST_CASE("a line is answered once it is delivered and not before") {
  reading in("relp://127.0.0.1:0");
  in.start();
  auto client = relp_client::opened(in.port());
  client.send("one\ntwo\n");
  client.send("close", {});
  REQUIRE(eventually([&] { return in.account().pending.lines == 2; }));
  CHECK(client.answers(0).empty());  // not even to what comes behind them
  REQUIRE(in.comes("one\ntwo\n"));
  CHECK(said(client.answers(3)) == "2 200 OK\n3 200 OK\n4 200 OK\n");
}

TEST_CASE("a line that is dropped is answered so") {
  queue_rules small;
  small.capacity_bytes = 1000;
  small.when_full = overflow::drop_newest;
  reading in("relp://127.0.0.1:0", small);
  in.start();
  auto client = relp_client::opened(in.port());
  client.send(std::string(600, 'a') + "\n");
  REQUIRE(eventually([&] { return in.account().pending.lines == 1; }));
  client.send(std::string(600, 'b') + "\n");
  REQUIRE(eventually([&] { return in.account().dropped().lines == 1; }));
  CHECK(client.answers(0).empty());  // in their order
  CHECK(eventually([&] { return in.lines().size() >= 1; }));
  CHECK(said(client.answers(2)) == "2 200 OK\n3 500 dropped or rejected\n");
  client.send("c\n");
  CHECK(eventually([&] { return in.account().pending.lines == 1; }));
  static_cast<void>(in.lines());
  CHECK(client.answers(3).back().data == "200 OK");
}

TEST_CASE("a message of which a piece was lost is answered so also where another ended in the same read") {
  queue_rules small;
  small.capacity_bytes = 1000;
  small.when_full = overflow::drop_newest;
  reading in("relp://127.0.0.1:0,max-line=800", small);
  in.start();
  auto client = relp_client::opened(in.port());
  std::string frames;
  append_relp_frame(2, "syslog", "good", frames);
  append_relp_frame(3, "syslog", std::string(2400, 'x'), frames);
  append_relp_frame(4, "syslog", "end", frames);
  const auto first = frames.find("xx") + 2000;  // two pieces of the long one, of which one finds no room
  client.send_bytes(std::string_view(frames).substr(0, first));
  REQUIRE(eventually([&] { return in.account().dropped().lines == 1; }));
  static_cast<void>(in.lines());
  client.send_bytes(std::string_view(frames).substr(first));
  REQUIRE(eventually([&] { return static_cast<void>(in.lines()), in.account().delivered.lines == 4; }));
  CHECK(said(client.answers(3)) == "2 500 dropped or rejected\n3 500 dropped or rejected\n4 200 OK\n");
}

TEST_CASE("a peer that was owed an answer is let go when it is silent after that") {
  reading in("relp://127.0.0.1:0,idle-timeout=20ms");
  in.start();
  auto client = relp_client::opened(in.port());
  client.send("one\n");
  REQUIRE(eventually([&] { return in.account().pending.lines == 1; }));
  std::this_thread::sleep_for(60ms);  // looked at meanwhile
  CHECK(in.in().connections == 1);
  static_cast<void>(in.lines());
  CHECK(client.is_let_go());
  CHECK(said(client.answers(1)).starts_with("2 200 OK\n"));
}

TEST_CASE("messages keep their newlines and NULs and come in whatever pieces") {
  reading in("relp://127.0.0.1:0");
  in.start();
  auto client = relp_client::opened(in.port());
  const auto message = "a\nb\0c\n"s;
  std::string frames;
  append_relp_frame(2, "syslog", message, frames);
  append_relp_frame(3, "syslog", {}, frames);
  append_relp_frame(4, "syslog", "x", frames);
  append_relp_frame(5, "syslog", "hello world", frames);
  for (const char each : frames) {
    client.send_bytes({&each, 1});
    static_cast<void>(in.lines());
  }
  CHECK(in.comes(message + "\n\nx\nhello world\n"));
  CHECK(said(client.answers(4)) == "2 200 OK\n3 200 OK\n4 200 OK\n5 200 OK\n");
}

TEST_CASE("a message longer than max-line is cut and answered once") {
  reading in("relp://127.0.0.1:0,max-line=10");
  in.start();
  auto client = relp_client::opened(in.port());
  client.send(std::string(25, 'x') + "\nend\n");
  CHECK(in.comes("xxxxxxxxxx\nxxxxxxxxxx\nxxxxx\nend\n"));
  CHECK(said(client.answers(2)) == "2 200 OK\n3 200 OK\n");
  CHECK(in.in().counters.long_lines == 1);
}

TEST_CASE("half a frame is no line when its peer goes") {
  reading in("relp://127.0.0.1:0");
  in.start();
  auto client = relp_client::opened(in.port());
  client.send("one\n");
  client.send_bytes("3 syslog 100 half a fra");
  REQUIRE(in.comes("one\n"));
  client.leave();
  REQUIRE(eventually([&] { return in.in().connections == 0; }));
  CHECK(in.text() == "one\n");
  CHECK(in.account().accepted.lines == 1);
}

TEST_CASE("who does not speak RELP is let go and nobody else") {
  const std::string bytes = GENERATE(as<std::string>(), "hello\n", "2 syslog x", "2 syslog 1 xy", "3 syslog 1 x\n", "0 syslog 1 x\n",
                                     "2 open 4097 " + std::string(4097, 'x') + "\n", "2 close 0\n3 syslog 1 x\n");
  reading in("relp://127.0.0.1:0");
  in.start();
  auto good = relp_client::opened(in.port());
  auto bad = relp_client::opened(in.port());
  bad.send_bytes(bytes);
  CHECK(bad.is_let_go());
  CHECK(in.in().counters.framing_errors == 1);
  good.send("one\n");
  CHECK(in.comes("one\n"));
  CHECK(said(good.answers(1)) == "2 200 OK\n");
  CHECK_FALSE(in.in().failed);
}

TEST_CASE("a line before the session is opened is no line") {
  reading in("relp://127.0.0.1:0");
  in.start();
  relp_client client(connected_tcp(in.port()));
  client.send("one\n");
  CHECK(client.is_let_go());
  CHECK(in.account().accepted.lines == 0);
}

TEST_CASE("RELP commands that are not known, and offers that are not good, are answered so") {
  reading in("relp://127.0.0.1:0");
  in.start();
  relp_client client(connected_tcp(in.port()));
  client.send("open", "relp_version=7");
  client.send("eventlog", "x");
  client.send("open", relp_offers());
  client.send_bytes("0 hint 3 abc\n");
  const auto all = client.answers(3);
  REQUIRE(all.size() == 3);
  CHECK(all[0].data == "500 it speaks no version of RELP that we do");
  CHECK(all[1].data == "500 unknown command");
  CHECK(all[2].data.starts_with("200 OK\n"));
}

TEST_CASE("RELP numbers begin again at 1") {
  reading in("relp://127.0.0.1:0");
  in.start();
  relp_client client(connected_tcp(in.port()));
  std::string frames;
  append_relp_frame(999'999'998, "open", relp_offers(), frames);
  append_relp_frame(999'999'999, "syslog", "a", frames);
  append_relp_frame(1, "syslog", "b", frames);
  client.send_bytes(frames);
  REQUIRE(in.comes("a\nb\n"));
  const auto all = client.answers(3);
  REQUIRE(all.size() == 3);
  CHECK(all[1].number == 999'999'999);
  CHECK(all[2].number == 1);
}

TEST_CASE("a peer that takes no answers is not read any more and is served again when it does") {
  reading in("relp://127.0.0.1:0");
  in.start();
  fd socket = connected_tcp(in.port());
  const int little = 64 * 1024;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &little, sizeof little);
  std::string frames;
  append_relp_frame(1, "open", relp_offers(), frames);
  constexpr std::uint32_t count = 400'000;
  for (std::uint32_t i = 0; i < count; ++i) append_relp_frame(i + 2, "syslog", "x", frames);
  std::atomic<bool> reads{false}, over{false};
  std::atomic<std::size_t> answers{0};
  std::thread peer([&] {
    std::string_view rest = frames;
    std::string text;
    std::array<char, 65536> bytes;
    while (answers < count + 1 && !over) {
      pollfd now{socket.get(), static_cast<short>((reads ? POLLIN : 0) | (rest.empty() ? 0 : POLLOUT)), 0};
      ::poll(&now, 1, 5);
      if ((now.revents & POLLOUT) != 0)
        if (const auto sent = ::send(socket.get(), rest.data(), rest.size(), MSG_DONTWAIT | MSG_NOSIGNAL); sent > 0) rest.remove_prefix(static_cast<std::size_t>(sent));
      if ((now.revents & POLLIN) == 0) continue;
      const auto got = ::recv(socket.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
      if (got <= 0) return;
      text.append(bytes.data(), static_cast<std::size_t>(got));
      answers += take_relp_frames(text).size();
    }
  });
  // It has read no more than what it could answer, and what it may owe.
  std::uint64_t lines = 0;
  CHECK(eventually([&] {
    static_cast<void>(in.lines());
    const auto now = in.in().counters.lines.load();
    return std::exchange(lines, now) == now && now > 0 && now < count;
  }));
  reads = true;
  CHECK(in.comes_lines(count));
  CHECK(eventually([&] { return answers == count + 1; }));
  over = true;
  peer.join();
}

TEST_CASE("asked to stop, RELP still gives the answers that it owes, and says goodbye") {
  reading in("relp://127.0.0.1:0");
  in.start();
  auto client = relp_client::opened(in.port());
  client.send("one\n");
  REQUIRE(eventually([&] { return in.account().pending.lines == 1; }));
  in.stop();
  CHECK(in.comes("one\n"));
  CHECK(said(client.answers(2)) == "2 200 OK\n0 serverclose \n");
  CHECK(client.is_let_go());
  CHECK(in.ends());
}

TEST_CASE("asked to stop, RELP does not wait for ever for what it owes, and never says that it is delivered") {
  reading in("relp://127.0.0.1:0");
  in.start();
  auto client = relp_client::opened(in.port());
  client.send("one\n");
  REQUIRE(eventually([&] { return in.account().pending.lines == 1; }));
  in.stop();
  CHECK(in.ends());
  CHECK(said(client.answers(1)) == "0 serverclose \n");
}

TEST_CASE("RELP leaves nothing to choose in how lines are framed") {
  CHECK_THROWS_AS(reading("relp://127.0.0.1:0,framing=newline"), error);
}

}  // namespace
}  // namespace logrelay
