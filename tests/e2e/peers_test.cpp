// Programs that everybody has, on the other side. Real lines go each way, and every one of them is compared.
#include "syslog_messages.hpp"

using namespace logrelay;
using namespace logrelay::support;

TEST_CASE("rsyslog takes real lines from us over TCP with either framing") {
  if (!have({"rsyslogd"})) return;
  for (const std::string framing : {"newline", "octet"}) {
    INFO(framing);
    const temp_folder folder, ours;
    // Without octet counting it would take a line that begins with digits for a length.
    auto rsyslog = start_rsyslog(folder, from_tcp(folder, framing == "octet") + to_file(folder));
    relay_under_test relay(ours,
                           {"tcp://127.0.0.1:" + std::to_string(rsyslog.tcp_port()) + ",name=out,framing=" + framing});
    const auto text = syslog_lines();
    relay.write(text);
    REQUIRE(relay.finish().output("out").delivered() == real_line_count);
    INFO(rsyslog.errors());
    REQUIRE(eventually_holds(folder / "out.log", text.size()));
    REQUIRE(difference(read_file(folder / "out.log"), text) == "");
  }
}

TEST_CASE("rsyslog takes real lines from us over UDP") {
  if (!have({"rsyslogd"})) return;
  const temp_folder folder, ours;
  const auto port = std::to_string(free_udp_port());
  auto rsyslog = start_rsyslog(folder, "module(load=\"imudp\")\ninput(type=\"imudp\" address=\"127.0.0.1\" port=\"" +
                                           port + "\" rcvbufSize=\"8m\")\n" + to_file(folder));
  REQUIRE(std::to_string(rsyslog.udp_port()) == port);
  relay_under_test relay(ours, {"udp://127.0.0.1:" + port + ",name=out"});
  const auto text = syslog_lines();
  // A hundred at a time: UDP has no way to say that it is too much.
  std::size_t sent = 0;
  const auto lines = split_lines(text);
  for (std::size_t i = 0; i < lines.size(); i += 100) {
    for (auto each = i; each < std::min(i + 100, lines.size()); ++each) {
      relay.write(lines[each] + "\n");
      sent += lines[each].size() + 1;
    }
    REQUIRE(eventually([&] { return file_size(folder / "out.log") == sent; }));
  }
  REQUIRE(relay.finish().output("out").delivered() == real_line_count);
  REQUIRE(difference(read_file(folder / "out.log"), text) == "");
}

TEST_CASE("rsyslog forwards real lines to us over TCP with either framing") {
  if (!have({"rsyslogd"})) return;
  for (const std::string framing : {"newline", "octet"}) {
    INFO(framing);
    const temp_folder folder, ours;
    relay_under_test relay(ours, {"-i", "tcp://127.0.0.1:0,name=in,framing=" + framing, "all.log"});
    auto rsyslog = start_rsyslog(
        folder, from_tcp(folder, false) + "action(type=\"omfwd\" target=\"127.0.0.1\" port=\"" +
                    std::to_string(relay.tcp_port()) + "\" protocol=\"tcp\" template=\"bare\" TCP_Framing=\"" +
                    (framing == "octet" ? "octet-counted" : "traditional") + "\")\n");
    const auto text = syslog_lines();
    const auto feed = connected_tcp(rsyslog.tcp_port());
    write_all(feed, text);
    INFO(rsyslog.errors());
    REQUIRE(eventually([&] { return relay.now().lines_read() == real_line_count; }));
    const auto balance = relay.terminate();
    REQUIRE(balance.input("in").count("framing_errors") == 0);
    REQUIRE(balance.output("all.log").delivered() == real_line_count);
    REQUIRE(difference(read_file(ours / "all.log"), text) == "");
  }
}

TEST_CASE("logger sends real lines to our TCP inputs with either framing") {
  if (!have({"logger"})) return;
  const temp_folder folder;
  relay_under_test relay(folder,
                         {"-i", "tcp://127.0.0.1:0,name=newline", "-i", "tcp://127.0.0.1:0,name=octet,framing=octet",
                          "newline.log,from=newline", "octet.log,from=octet"});
  const auto text = syslog_lines();
  write_file(folder / "text", text);
  for (const std::string framing : {"newline", "octet"}) {
    std::vector<std::string> command{
        "logger",      "--server",  "127.0.0.1",    "--port", std::to_string(relay.port(framing)),
        "--tcp",       "--rfc3164", "--size",       "8K",     "--tag",
        "from-logger", "--file",    folder / "text"};
    if (framing == "octet") command.push_back("--octet-count");
    const auto sent = run(command);
    INFO(sent.errors);
    REQUIRE(sent.status == 0);
  }
  REQUIRE(eventually([&] { return relay.now().lines_read() == 2 * real_line_count; }));
  REQUIRE(relay.terminate().input("octet").count("framing_errors") == 0);
  for (const std::string framing : {"newline", "octet"}) {
    const auto came = read_file(folder / (framing + ".log"));
    REQUIRE_THAT(came, Catch::StartsWith("<13>"));
    REQUIRE(difference(behind(came, " from-logger: "), text) == "");
  }
}

TEST_CASE("logger sends real lines to our UDP input and to our unix sockets") {
  if (!have({"logger"})) return;
  const temp_folder folder;
  relay_under_test relay(folder, {"-i", "udp://127.0.0.1:0,name=udp", "-i", "unixgram:g.sock,name=gram", "-i",
                                  "unix:s.sock,name=stream,framing=nul", "udp.log,from=udp", "gram.log,from=gram",
                                  "stream.log,from=stream"});
  const auto text = syslog_lines();
  write_file(folder / "text", text);
  const auto port = std::to_string(relay.udp_port());
  const auto send = [&](std::vector<std::string> to) {
    std::vector<std::string> command{"logger", "--rfc3164",   "--size", "8K",
                                     "--tag",  "from-logger", "--file", folder / "text"};
    command.insert(command.end(), to.begin(), to.end());
    const auto sent = run(command);
    INFO(sent.errors);
    REQUIRE(sent.status == 0);
  };
  send({"--server", "127.0.0.1", "--port", port, "--udp"});
  send({"--socket", folder / "g.sock"});
  REQUIRE(eventually([&] {
    const auto now = relay.now();
    return now.input("gram").count("lines") == real_line_count &&
           now.input("udp").count("lines") + now.input("udp").count("kernel_drops") == real_line_count;
  }));
  const auto balance = relay.terminate();
  REQUIRE(difference(behind(read_file(folder / "gram.log"), " from-logger: "), text) == "");
  REQUIRE(difference_less(behind(read_file(folder / "udp.log"), " from-logger: "), text, balance.input("udp").count("kernel_drops")) == "");
}

TEST_CASE("socat takes real lines from us over TCP and a unix socket") {
  if (!have({"socat"})) return;
  const temp_folder folder;
  process tcp({"socat", "-u", "TCP-LISTEN:0,bind=127.0.0.1", "OPEN:" + folder / "tcp.log" + ",creat"});
  process stream({"socat", "-u", "UNIX-LISTEN:" + folder / "s.sock", "OPEN:" + folder / "unix.log" + ",creat"});
  relay_under_test relay(folder,
                         {"tcp://127.0.0.1:" + std::to_string(tcp.tcp_port()) + ",name=tcp", "unix:s.sock,name=unix"});
  const auto text = real_lines(4 << 20);
  relay.write(text);
  const auto balance = relay.finish();
  REQUIRE(balance.output("tcp").delivered() == count_newlines(text));
  REQUIRE(balance.output("unix").delivered() == count_newlines(text));
  REQUIRE(tcp.status() == 0);
  REQUIRE(stream.status() == 0);
  REQUIRE(difference(read_file(folder / "tcp.log"), text) == "");
  REQUIRE(difference(read_file(folder / "unix.log"), text) == "");
}

TEST_CASE("socat that is killed and restarted on its port gets what it had not acknowledged") {
  if (!have({"socat"})) return;
  const temp_folder folder;
  const auto start = [&](std::uint16_t port, const std::string& file) {
    return process({"socat", "-u", "TCP-LISTEN:" + std::to_string(port) + ",bind=127.0.0.1,reuseaddr,rcvbuf=16384",
                    "OPEN:" + folder / file + ",creat"});
  };
  auto first = start(0, "first");
  const auto port = first.tcp_port();
  first.send(SIGSTOP);  // from here on its kernel takes what it has room for, and nobody reads it
  relay_under_test relay(folder, {"tcp://127.0.0.1:" + std::to_string(port) + ",name=out"});
  constexpr std::uint64_t count = 200'000;
  relay.write(numbered_lines(0, count));
  std::uint64_t acked = 0;
  REQUIRE(eventually([&] {
    const auto out = relay.now().output("out");
    const auto before = std::exchange(acked, out.delivered());
    std::this_thread::sleep_for(600ms);  // longer than the relay goes without looking
    return acked > 0 && acked == before && out.accepted() == count;
  }));
  REQUIRE(acked < count);
  first.send(SIGKILL);
  REQUIRE(first.wait().has_value());
  REQUIRE(eventually([&] { return relay.now().output("out").count("retries") >= 2; }));
  auto second = start(port, "second");
  REQUIRE(relay.finish().output("out").delivered() == count);
  REQUIRE(second.status() == 0);
  REQUIRE(difference(read_file(folder / "second"), numbered_lines(acked, count - acked)) == "");
}

TEST_CASE("socat sends real lines to us over IPv4 and IPv6 and a unix socket") {
  if (!have({"socat"})) return;
  const temp_folder folder;
  relay_under_test relay(
      folder, {"-i", "tcp://127.0.0.1:0,name=tcp", "-i", "tcp://[::1]:0,name=six", "-i", "unix:s.sock,name=unix",
               "tcp.log,from=tcp", "six.log,from=six", "unix.log,from=unix"});
  const auto text = real_lines(4 << 20);
  write_file(folder / "text", text);
  for (const auto& to : {"TCP:127.0.0.1:" + std::to_string(relay.port("tcp")),
                         "TCP6:[::1]:" + std::to_string(relay.port("six")), "UNIX-CONNECT:" + folder / "s.sock"}) {
    const auto sent = run({"socat", "-u", "OPEN:" + folder / "text", to});
    INFO(sent.errors);
    REQUIRE(sent.status == 0);
  }
  REQUIRE(eventually([&] { return relay.now().lines_read() == 3 * count_newlines(text); }));
  relay.terminate();
  for (const std::string name : {"tcp", "six", "unix"})
    REQUIRE(difference(read_file(folder / (name + ".log")), text) == "");
}

TEST_CASE("every field goes through socat as datagrams both ways") {
  if (!have({"socat"})) return;
  const temp_folder folder, sending;
  relay_under_test relay(folder, {"-i", "syslog://127.0.0.1:0,name=in", "all.log," + our_fields});
  // unix datagrams from a relay, through socat, to UDP datagrams for ours.
  process between({"socat", "-u", "-b", "65507", "UNIX-RECV:" + sending / "g.sock",
                   "UDP:127.0.0.1:" + std::to_string(relay.udp_port())});
  relay_under_test sender(sending, {"-i", "-,decode=syslog", "unixgram:g.sock,name=out,format=rfc5424"});
  const auto sent = made_up();
  sender.write(sent.text);
  REQUIRE(sender.finish().output("out").delivered() == message_count);
  REQUIRE(eventually([&] {
    const auto now = relay.now();
    return now.lines_read() + now.input("in").count("kernel_drops") == message_count;
  }));
  const auto dropped = relay.terminate().input("in").count("kernel_drops");
  REQUIRE(difference_less(read_file(folder / "all.log"), sent.fields, dropped) == "");
}

TEST_CASE("nc takes real lines from us and sends them to us") {
  if (!have({"nc"})) return;
  const temp_folder folder;
  const auto text = real_lines(4 << 20);
  write_file(folder / "text", text);
  process listens({"nc", "-l", "127.0.0.1", "0"}, {.output = stream::file(folder / "tcp.log")});
  process local({"nc", "-l", "-U", folder / "nc.sock"}, {.output = stream::file(folder / "unix.log")});
  relay_under_test relay(
      folder, {"-i", "tcp://127.0.0.1:0,name=tcp", "-i", "unix:s.sock,name=unix",
               "tcp://127.0.0.1:" + std::to_string(listens.tcp_port()) + ",from=tcp", "unix:nc.sock,from=unix"});
  REQUIRE(run({"nc", "-N", "127.0.0.1", std::to_string(relay.port("tcp"))}, {.input = stream::file(folder / "text")})
              .status == 0);
  REQUIRE(run({"nc", "-N", "-U", folder / "s.sock"}, {.input = stream::file(folder / "text")}).status == 0);
  REQUIRE(eventually([&] { return relay.now().lines_read() == 2 * count_newlines(text); }));
  relay.terminate();
  REQUIRE(listens.status() == 0);
  REQUIRE(local.status() == 0);
  REQUIRE(difference(read_file(folder / "tcp.log"), text) == "");
  REQUIRE(difference(read_file(folder / "unix.log"), text) == "");
}

TEST_CASE("a line that nc sends by UDP is one line") {
  if (!have({"nc"})) return;
  const temp_folder folder;
  relay_under_test relay(folder, {"-i", "udp://:0", "all.log"});
  process sender({"nc", "-u", "127.0.0.1", std::to_string(relay.udp_port())}, {.input = stream::pipe()});
  sender.write("hello\n");
  REQUIRE(eventually([&] { return read_if_there(folder / "all.log") == "hello\n"; }));
  relay.terminate();
}

TEST_CASE("syslog-ng takes real lines from us and forwards them to us") {
  const auto program = syslog_ng_program("syslog-ng");
  if (!program) return;
  const temp_folder folder, ours;
  relay_under_test relay(ours,
                         {"-i", "tcp://127.0.0.1:0,name=newline", "-i", "tcp://127.0.0.1:0,framing=octet,name=octet",
                          "newline.log,from=newline", "octet.log,from=octet"});
  // Flags: every line as it came; flow control, so that it loses nothing.
  auto syslog_ng = start_syslog_ng(*program, folder,
                                   "source s_in { network(ip(127.0.0.1) port(" + std::to_string(port_of(bound_tcp())) +
                                       ") transport(tcp) flags(no-parse) log-iw-size(10000)); };\n"
                                       "destination d_newline { network(\"127.0.0.1\" port(" +
                                       std::to_string(relay.port("newline")) +
                                       ") template(\"$MSG\\n\")); };\n"
                                       "destination d_octet { syslog(\"127.0.0.1\" transport(tcp) port(" +
                                       std::to_string(relay.port("octet")) +
                                       ") template(\"$MSG\")); };\n"
                                       "log { source(s_in); destination(d_newline); destination(d_octet); flags(flow-control); };\n");
  const temp_folder sending;
  relay_under_test sender(sending, {"tcp://127.0.0.1:" + std::to_string(syslog_ng.tcp_port()) + ",name=out"});
  const auto text = syslog_lines();
  sender.write(text);
  REQUIRE(sender.finish().output("out").delivered() == real_line_count);
  INFO(syslog_ng.errors());
  REQUIRE(eventually([&] { return relay.now().lines_read() == 2 * real_line_count; }));
  const auto balance = relay.terminate();
  REQUIRE(balance.input("octet").count("framing_errors") == 0);
  REQUIRE(difference(read_file(ours / "newline.log"), text) == "");
  // It ends each message with a newline inside its frame, which is the line's.
  REQUIRE(difference(behind(read_file(ours / "octet.log"), " - - - - "), text) == "");
}
