// What comes in by sockets: TCP, UDP and unix, streams and datagrams, one peer or fifty.
#include <sys/socket.h>

#include <filesystem>
#include <map>
#include <support/lines.hpp>
#include <support/pipe_sink.hpp>
#include <support/sink.hpp>

#include "relay_under_test.hpp"

using namespace logrelay;
using namespace logrelay::support;

namespace {

/// The lines of "PEER LINE", by peer.
std::map<std::string, std::string> by_peer(std::string_view text) {
  std::map<std::string, std::string> all;
  for (const auto& line : split_lines(text)) {
    const auto space = line.find(' ');
    all[line.substr(0, space)] += line.substr(space + 1) + "\n";
  }
  return all;
}

bool eventually_holds(const std::string& path, const std::string& text) {
  return eventually([&] { return read_if_there(path) == text; });
}

}  // namespace

TEST_CASE("inputs of every kind are relayed at once") {
  const temp_folder folder;
  relay_under_test relay(
      folder, {"-i", "-", "-i", "tcp://127.0.0.1:0,name=tcp4", "-i", "tcp://[::1]:0,name=tcp6", "-i",
               "udp://127.0.0.1:0,name=udp4", "-i", "udp://[::1]:0,name=udp6", "-i", "unix:stream.sock,name=stream",
               "-i", "unixgram:gram.sock,name=gram", "all.log,format={input} {line}"});
  const auto text = numbered_lines(0, 200);
  relay.write(text);
  write_all(connected_tcp(relay.port("tcp4")), text);
  write_all(connected_tcp(relay.port("tcp6"), family::ipv6), text);
  write_all(connected_unix(folder / "stream.sock"), text);
  const auto udp4 = connected_udp(relay.port("udp4"));
  const auto udp6 = connected_udp(relay.port("udp6"), family::ipv6);
  const auto gram = connected_unixgram(folder / "gram.sock");
  for (const auto& line : split_lines(text)) {
    for (const auto* each : {&udp4, &udp6, &gram}) send_datagram(*each, line);
  }
  REQUIRE(eventually([&] { return count_newlines(read_if_there(folder / "all.log")) == 7 * 200; }));
  const auto balance = relay.terminate();
  REQUIRE(balance.output("all.log").delivered() == 7 * 200);
  const auto inputs = by_peer(read_file(folder / "all.log"));  // by input, here
  REQUIRE(inputs.size() == 7);
  for (const auto& [name, lines] : inputs) {
    INFO(name);
    REQUIRE(difference(lines, text) == "");
    REQUIRE(balance.input(name).count("lines") == 200);
    REQUIRE(balance.input(name).count("bytes") == text.size());
  }
}

TEST_CASE("an input without a host listens on IPv4 and IPv6") {
  const temp_folder folder;
  relay_under_test relay(folder, {"-i", "tcp://:0", "-i", "udp://:0", "all.log"});
  const auto tcp = relay.port("tcp://:0"), udp = relay.port("udp://:0");
  write_all(connected_tcp(tcp), "tcp, IPv4\n");
  write_all(connected_tcp(tcp, family::ipv6), "tcp, IPv6\n");
  send_datagram(connected_udp(udp), "udp, IPv4");
  send_datagram(connected_udp(udp, family::ipv6), "udp, IPv6");
  REQUIRE(eventually([&] { return count_newlines(read_if_there(folder / "all.log")) == 4; }));
  relay.terminate();
  REQUIRE(sorted_lines(read_file(folder / "all.log")) ==
          std::vector<std::string>{"tcp, IPv4", "tcp, IPv6", "udp, IPv4", "udp, IPv6"});
}

TEST_CASE("a line can tell who sent it and by which input it came") {
  const temp_folder folder;
  relay_under_test relay(folder, {"-i", "tcp://:0,name=tcp", "-i", "tcp://[::1]:0,name=six", "-i", "udp://127.0.0.1:0",
                                  "-i", "unix:s.sock", "all.log,format={input} {peer} {line}"});
  const auto tcp = connected_tcp(relay.port("tcp"));
  const auto six = connected_tcp(relay.port("six"), family::ipv6);
  const auto udp = connected_udp(relay.port("udp://127.0.0.1:0"));
  write_all(tcp, "one\n");
  write_all(six, "two\n");
  send_datagram(udp, "three");
  write_all(connected_unix(folder / "s.sock"), "four\n");
  REQUIRE(eventually([&] { return count_newlines(read_if_there(folder / "all.log")) == 4; }));
  relay.terminate();
  REQUIRE(sorted_lines(read_file(folder / "all.log")) ==
          std::vector<std::string>{"six [::1]:" + std::to_string(port_of(six)) + " two",
                                   "tcp 127.0.0.1:" + std::to_string(port_of(tcp)) + " one",
                                   "udp://127.0.0.1:0 127.0.0.1:" + std::to_string(port_of(udp)) + " three",
                                   "unix:s.sock - four"});
}

TEST_CASE("fifty connections that write in pieces keep their lines whole and in order") {
  constexpr int peers = 50;
  constexpr std::uint64_t lines = 400;
  const temp_folder folder;
  relay_under_test relay(folder, {"-i", "tcp://127.0.0.1:0", "all.log,format={peer} {line}"});
  const auto port = relay.tcp_port();
  std::vector<fd> sockets;
  for (int i = 0; i < peers; ++i) sockets.push_back(connected_tcp(port));
  const auto text = numbered_lines(0, lines, 50);
  // Each of its own size, so that every connection is cut at other places of its lines.
  std::vector<std::size_t> sent(peers, 0);
  for (bool more = true; more;) {
    more = false;
    for (std::size_t i = 0; i < peers; ++i) {
      const auto piece = std::string_view(text).substr(sent[i], 13 + 17 * i);
      write_all(sockets[i], piece);
      sent[i] += piece.size();
      more |= sent[i] < text.size();
    }
  }
  sockets.clear();
  REQUIRE(eventually([&] { return relay.now().lines_read() == peers * lines; }));
  const auto balance = relay.terminate();
  REQUIRE(balance.output("all.log").delivered() == peers * lines);
  const auto came = by_peer(read_file(folder / "all.log"));
  REQUIRE(came.size() == peers);
  for (const auto& [peer, of_peer] : came) {
    INFO(peer);
    REQUIRE(difference(of_peer, text) == "");
  }
}

TEST_CASE("a peer's last line needs no newline and a peer's reset is no failure") {
  const temp_folder folder;
  relay_under_test relay(folder, {"-i", "tcp://127.0.0.1:0", "-i", "unix:s.sock", "all.log"});
  write_all(connected_tcp(relay.tcp_port()), "first\nunfinished");
  REQUIRE(eventually_holds(folder / "all.log", "first\nunfinished\n"));
  auto abrupt = connected_tcp(relay.tcp_port());
  write_all(abrupt, "second\ntorn");
  REQUIRE(eventually([&] { return relay.now().lines_read() == 3; }));
  reset(std::move(abrupt));
  write_all(connected_unix(folder / "s.sock"), "third");
  REQUIRE(eventually([&] { return count_newlines(read_if_there(folder / "all.log")) == 5; }));
  REQUIRE(relay.terminate().lines_read() == 5);
  REQUIRE(sorted_lines(read_file(folder / "all.log")) ==
          std::vector<std::string>{"first", "second", "third", "torn", "unfinished"});
}

TEST_CASE("a peer that is silent for too long is let go and one that talks is not") {
  const temp_folder folder;
  relay_under_test relay(folder, {"-i", "tcp://127.0.0.1:0,idle-timeout=1s,name=in", "all.log,format={peer} {line}"});
  const auto talks = connected_tcp(relay.tcp_port());
  const auto silent = connected_tcp(relay.tcp_port());
  const auto silent_port = std::to_string(port_of(silent));
  write_all(silent, "half a line");
  std::string wanted;
  char byte = 0;
  // Until the silent one is gone, and as long again.
  auto end = std::chrono::steady_clock::time_point::max();
  for (const auto start = std::chrono::steady_clock::now(); std::chrono::steady_clock::now() < end;) {
    write_all(talks, "still here\n");
    wanted += "still here\n";
    if (end == std::chrono::steady_clock::time_point::max() && ::recv(silent.get(), &byte, 1, MSG_DONTWAIT) == 0)
      end = std::chrono::steady_clock::now() + (std::chrono::steady_clock::now() - start);
    REQUIRE(std::chrono::steady_clock::now() - start < patience);
    std::this_thread::sleep_for(20ms);  // a pace
  }
  REQUIRE(eventually([&] { return relay.now().input("in").count("connections") == 1; }));
  relay.terminate();
  auto came = by_peer(read_file(folder / "all.log"));
  REQUIRE(came["127.0.0.1:" + silent_port] == "half a line\n");
  REQUIRE(difference(came["127.0.0.1:" + std::to_string(port_of(talks))], wanted) == "");
}

TEST_CASE("beyond max-connections peers wait until one leaves") {
  const temp_folder folder;
  relay_under_test relay(folder, {"-i", "unix:s.sock,max-connections=2,name=in", "all.log"});
  auto first = connected_unix(folder / "s.sock");
  write_all(first, "first\n");
  REQUIRE(eventually_holds(folder / "all.log", "first\n"));
  const auto second = connected_unix(folder / "s.sock");
  const auto third = connected_unix(folder / "s.sock");
  write_all(third, "third\n");
  write_all(second, "second\n");
  REQUIRE(eventually_holds(folder / "all.log", "first\nsecond\n"));
  REQUIRE(relay.now().input("in").count("connections") == 2);
  first.reset();
  REQUIRE(eventually_holds(folder / "all.log", "first\nsecond\nthird\n"));
  REQUIRE(relay.now().input("in").count("connections") == 2);
  REQUIRE(relay.terminate().lines_read() == 3);
}

TEST_CASE("what peers have sent is read before TERM ends it") {
  const temp_folder folder;
  relay_under_test relay(folder, {"-i", "tcp://127.0.0.1:0,name=tcp", "-i", "udp://127.0.0.1:0,name=udp", "-i",
                                  "unix:s.sock", "-i", "unixgram:g.sock", "all.log"});
  const auto tcp = connected_tcp(relay.port("tcp"));
  const auto unix = connected_unix(folder / "s.sock");
  const auto udp = connected_udp(relay.port("udp"));
  const auto gram = connected_unixgram(folder / "g.sock");
  // Taken in before TERM comes: a connection that still waits in the kernel then is not.
  write_all(tcp, "0\n");
  write_all(unix, "0\n");
  REQUIRE(eventually_holds(folder / "all.log", "0\n0\n"));
  relay.send(SIGSTOP);
  write_all(tcp, numbered_lines(0, 1000));
  write_all(unix, numbered_lines(0, 1000));
  for (int i = 0; i < 100; ++i) {
    send_datagram(udp, "datagram");
    if (i < 5) send_datagram(gram, "datagram");  // the kernel holds a dozen
  }
  relay.send(SIGTERM);
  relay.send(SIGCONT);
  REQUIRE(relay.ended().output("all.log").delivered() == 2 + 2000 + 105);
}

TEST_CASE("NUL framing over TCP carries newlines") {
  const temp_folder folder;
  relay_under_test relay(folder, {"-i", "tcp://127.0.0.1:0,framing=nul", "lines.log", "messages.log,framing=nul"});
  const std::string messages("one\0two\nlines\0\0last", 19);
  write_all(connected_tcp(relay.tcp_port()), messages);
  REQUIRE(eventually([&] { return relay.now().lines_read() == 4; }));
  relay.terminate();
  REQUIRE(read_file(folder / "lines.log") == "one\ntwo\\nlines\n\nlast\n");
  REQUIRE(read_file(folder / "messages.log") == messages + std::string(1, '\0'));
}

TEST_CASE("octet framing over TCP carries every byte however its pieces come") {
  const temp_folder folder;
  relay_under_test relay(folder,
                         {"-i", "tcp://127.0.0.1:0,framing=octet,name=in", "lines.log", "messages.log,framing=octet"});
  const std::string messages("3 one9 two\nlines0 7 \0 bytes4 last", 33);
  const auto socket = connected_tcp(relay.tcp_port());
  for (const char each : messages) write_all(socket, std::string(1, each));
  write_all(socket, "not framed\n5 again");
  REQUIRE(eventually([&] { return relay.now().lines_read() == 7; }));
  const auto balance = relay.terminate();
  REQUIRE(balance.input("in").count("framing_errors") == 1);
  REQUIRE(read_file(folder / "lines.log") ==
          std::string("one\ntwo\\nlines\n\n\0 bytes\nlast\nnot framed\nagain\n", 46));
  REQUIRE(read_file(folder / "messages.log") == messages + "10 not framed5 again");
}

TEST_CASE("a datagram is a line whatever is in it") {
  for (const std::string scheme : {"udp", "unixgram"}) {
    INFO(scheme);
    const temp_folder folder;
    const bool udp = scheme == "udp";
    relay_under_test relay(
        folder, {"-i", udp ? "udp://127.0.0.1:0" : "unixgram:g.sock", "lines.log", "messages.log,framing=octet"});
    const auto port = udp ? relay.udp_port() : 0;
    const auto socket = udp ? connected_udp(port) : connected_unixgram(folder / "g.sock");
    const std::string large(60 * 1024, 'y');
    for (const std::string& each :
         {std::string("plain"), std::string("ended\n"), std::string("two\nlines\n"), std::string(), std::string("\n"),
          std::string("a\0b\xff\r", 5), large, std::string("\n\n"), std::string("last")})
      send_datagram(socket, each);
    REQUIRE(eventually([&] { return relay.now().lines_read() == 9; }));
    relay.terminate();
    REQUIRE(difference(read_file(folder / "lines.log"),
                       "plain\nended\ntwo\\nlines\n\n\n" + std::string("a\0b\xff\r\n", 6) + large + "\n\nlast\n") ==
            "");
    REQUIRE(difference(read_file(folder / "messages.log"), "5 plain5 ended9 two\nlines0 0 " +
                                                               std::string("5 a\0b\xff\r", 7) + "61440 " + large +
                                                               "1 \n4 last") == "");
  }
}

TEST_CASE("datagrams that the kernel had no room for are counted") {
  const temp_folder folder;
  relay_under_test relay(folder,
                         {"-i", "udp://127.0.0.1:0,name=udp", "fifo:out.fifo,queue=64K,overflow=block,name=out"});
  const auto socket = connected_udp(relay.udp_port());
  const std::string large(32 * 1024 - 1, 'x');
  std::uint64_t sent = 0;
  // The receive buffer is 8 MiB at most; nobody reads the FIFO, so the relay soon takes nothing more.
  for (; sent < 1000; ++sent) send_datagram(socket, large);
  REQUIRE(eventually([&] { return relay.now().input("udp").count("kernel_drops") > 0; }));
  const pipe_sink reader(folder / "out.fifo");
  REQUIRE(eventually([&] {
    const auto in = relay.now().input("udp");
    return in.count("lines") + in.count("kernel_drops") == sent;
  }));
  const auto balance = relay.terminate();
  const auto in = balance.input("udp");
  REQUIRE(in.count("lines") + in.count("kernel_drops") == sent);
  REQUIRE(balance.output("out").delivered() == in.count("lines"));
  REQUIRE(in.number("paused_seconds") > 0);
  REQUIRE(eventually([&] { return reader.bytes() == in.count("lines") * 32 * 1024; }));
  REQUIRE(difference(reader.text(), equal_lines(in.count("lines"), 32 * 1024)) == "");
}

TEST_CASE("a unix socket that a dead program left is replaced and removed at the end") {
  const temp_folder folder;
  bound_unix(folder / "stream.sock").reset();
  bound_unixgram(folder / "gram.sock").reset();
  relay_under_test relay(folder, {"-i", "unix:stream.sock,mode=0600", "-i", "unixgram:gram.sock,mode=0620", "all.log"});
  write_all(connected_unix(folder / "stream.sock"), "stream\n");
  REQUIRE(eventually_holds(folder / "all.log", "stream\n"));
  send_datagram(connected_unixgram(folder / "gram.sock"), "gram");
  REQUIRE(eventually_holds(folder / "all.log", "stream\ngram\n"));
  using std::filesystem::perms;
  REQUIRE((std::filesystem::status(folder / "stream.sock").permissions() & perms::mask) == perms(0600));
  REQUIRE((std::filesystem::status(folder / "gram.sock").permissions() & perms::mask) == perms(0620));
  relay.terminate();
  REQUIRE(names_in(folder.path()) == std::vector<std::string>{"all.log", "report.json"});
}

TEST_CASE("everyone may write to the system's log and only its owner to another socket") {
  const temp_folder folder;
  const std::vector<std::string> elsewhere{"unshare", "--user", "--map-root-user", "--mount", "sh", "-c"};
  const auto run_there = [&](const std::string& script) {
    auto argv = elsewhere;
    argv.insert(argv.end(), {"mount -t tmpfs none /dev && : >/dev/null && " + script, LOGRELAY_PROGRAM});
    return run(argv, {.folder = folder.path().string()});
  };
  if (!has("unshare") || run_there("true").status != 0) {
    WARN("no /dev of our own can be made here: that of the system is left alone");
    return;
  }
  const auto ran = run_there("umask 022 && touch ready && { \"$0\" -i unixgram:/dev/log -i unixgram:own.sock --ready-fd=3 null: 3>ready & }\n"
                             "until [ -s ready ] || ! kill -0 $!; do sleep 0.01; done\n"
                             "stat -c %a /dev/log own.sock; kill $!; wait $!");
  INFO(ran.errors);
  CHECK(ran.output == "666\n755\n");
  CHECK(ran.status == 0);
}

TEST_CASE("a unix socket that is served or a path that is no socket is refused and left alone") {
  const temp_folder folder;
  auto stream = stream_sink::unix(folder / "stream.sock");
  const auto gram = datagram_sink::unixgram(folder / "gram.sock");
  write_file(folder / "file", "precious\n");
  for (const std::string input : {"unix:stream.sock", "unixgram:gram.sock", "unix:file", "unixgram:file"}) {
    const auto refused = run({LOGRELAY_PROGRAM, "-i", input, "new.log"}, {.folder = folder.path()});
    INFO(refused.errors);
    REQUIRE(refused.status == 2);
    const auto path = input.substr(input.find(':') + 1);
    REQUIRE_THAT(
        refused.errors,
        Catch::StartsWith("logrelay: error: input '" + input + "': unable to listen on " + path +
                          (path == "file" ? ": there is a file that is no socket\n" : ": Address already in use\n")));
  }
  REQUIRE(names_in(folder.path()) == std::vector<std::string>{"file", "gram.sock", "stream.sock"});
  REQUIRE(read_file(folder / "file") == "precious\n");
  write_all(connected_unix(folder / "stream.sock"), "still served\n");
  REQUIRE(eventually([&] { return stream.text() == "still served\n"; }));
}

TEST_CASE("an address in use is refused and nothing is left behind") {
  const temp_folder folder;
  const auto tcp = bound_tcp();
  listen_on(tcp);
  const auto udp = bound_udp(family::ipv6);
  for (const auto& input :
       {"tcp://127.0.0.1:" + std::to_string(port_of(tcp)), "udp://[::1]:" + std::to_string(port_of(udp))}) {
    const auto refused = run({LOGRELAY_PROGRAM, "-i", "unix:first.sock", "-i", "fifo:first.fifo", "-i", input, "-i",
                              "unix:last.sock", "sub/new.log", "fifo:out.fifo"},
                             {.folder = folder.path()});
    REQUIRE(refused.status == 2);
    REQUIRE(refused.errors ==
            "logrelay: error: input '" + input + "': unable to listen on " + input + ": Address already in use\n");
    REQUIRE(names_in(folder.path()).empty());
  }
}

TEST_CASE("an abstract unix socket leaves no name in the file system") {
  const temp_folder folder;
  const auto name = "@logrelay-" + folder.path().filename().string();
  relay_under_test relay(folder, {"-i", "unix:" + name, "-v", "all.log"});
  REQUIRE(eventually([&] { return relay.errors().find("listening on " + name) != std::string::npos; }));
  write_file(folder / "in", "abstract\n");
  REQUIRE(run({LOGRELAY_PROGRAM, "unix:" + name}, {.input = stream::file(folder / "in")}).status == 0);
  REQUIRE(eventually_holds(folder / "all.log", "abstract\n"));
  relay.terminate();
  REQUIRE(names_in(folder.path()) == std::vector<std::string>{"all.log", "in", "report.json"});
}

TEST_CASE("a peer that hangs up while it is held loses nothing") {
  const temp_folder folder;
  relay_under_test relay(folder, {"-i", "tcp://127.0.0.1:0", "fifo:out.fifo,queue=64K,name=out"});
  const auto text = numbered_lines(0, 20000);
  {
    // More than the queue, and nobody reads: the rest is in the sockets' buffers, and the peer is gone.
    const auto socket = connected_tcp(relay.tcp_port());
    write_all(socket, text);
  }
  REQUIRE(eventually([&] { return relay.now().output("out").count("queue_bytes") > 32 * 1024; }));
  const pipe_sink reader(folder / "out.fifo");
  REQUIRE(eventually([&] { return reader.bytes() >= text.size(); }));
  REQUIRE(relay.terminate().output("out").delivered() == 20000);
  REQUIRE(difference(reader.text(), text) == "");
}
