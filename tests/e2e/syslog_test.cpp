// Messages of syslog, both ways, with the programs that everybody has: every field of every message is compared.
#include <fmt/format.h>
#include <unistd.h>

#include <support/certificates.hpp>

#include "peer_programs.hpp"

using namespace logrelay;
using namespace logrelay::support;

namespace {

constexpr std::size_t message_count = 50'000;
// One field behind the other, as all sides of these tests write them.
constexpr std::string_view our_fields = "format={facility}|{level}|{stamp}|{host}|{app}|{pid}|{msgid}|{sd}|{message}";

constexpr std::array<std::string_view, 24> facilities = {"kern",   "user",   "mail",     "daemon", "auth",   "syslog", "lpr",    "news",
                                                         "uucp",   "cron",   "authpriv", "ftp",    "ntp",    "audit",  "alert",  "clock",
                                                         "local0", "local1", "local2",   "local3", "local4", "local5", "local6", "local7"};
constexpr std::array<std::string_view, 8> levels = {"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"};

struct messages {
  std::string rfc5424, fields;  ///< a message a line, and what is in it
};

/// Real lines with made-up headers, all different. Facilities from 16: what the others are called, peers disagree about.
messages made_up(std::size_t count) {
  messages made;
  std::size_t n = 0;
  for (const auto& text : split_lines(syslog_lines(count))) {
    const auto facility = 16 + n % 8, level = n / 8 % 8;
    const auto time = fmt::format("2026-11-{:02}T{:02}:{:02}:{:02}.{:06}Z", 1 + n % 28, n % 24, n % 60, n / 60 % 60, n * 7 % 1'000'000);
    const auto sd = n % 3 == 0 ? std::string("-") : fmt::format(R"([id@{0} number="{0}" quote="\"\\\]"])", n);
    const auto header = fmt::format("host{}.example.com|app-{}|{}|ID{}|{}", n % 100, n % 10, n, n % 7, sd);
    auto spaced = header;
    std::replace(spaced.begin(), spaced.begin() + static_cast<std::ptrdiff_t>(header.size() - sd.size()), '|', ' ');
    made.rfc5424 += fmt::format("<{}>1 {} {} {}\n", facility * 8 + level, time, spaced, text);
    made.fields += fmt::format("{}|{}|{}|{}|{}\n", facilities[facility], levels[level], time, header, text);
    ++n;
  }
  return made;
}

/// An rsyslogd that parses what it gets and writes the fields.
std::string rsyslog_fields_to_file(const temp_folder& folder) {
  return "template(name=\"fields\" type=\"string\" string=\"%syslogfacility-text%|%syslogseverity-text%|%timereported:::date-rfc3339%|"
         "%hostname%|%app-name%|%procid%|%msgid%|%structured-data%|%msg%\\n\")\n"
         "action(type=\"omfile\" file=\"" + folder / "fields.log" + "\" template=\"fields\" asyncWriting=\"off\" flushOnTXEnd=\"on\")\n";
}

struct mode {
  std::string name;
  std::vector<std::string> options;
};

}  // namespace

TEST_CASE("rsyslog reads every field of our RFC 5424") {
  if (!have({"rsyslogd"})) return;
  const temp_folder folder, ours;
  auto rsyslog = start_rsyslog(folder, from_tcp(folder, true) + rsyslog_fields_to_file(folder));
  relay_under_test relay(ours, {"-i", "-,decode=syslog", "syslog+tcp://127.0.0.1:" + std::to_string(rsyslog.tcp_port()) + ",name=out"});
  const auto sent = made_up(message_count);
  relay.write(sent.rfc5424);
  REQUIRE(relay.finish().output("out").delivered() == message_count);
  INFO(rsyslog.errors());
  REQUIRE(eventually_holds(folder / "fields.log", sent.fields.size()));
  REQUIRE(difference(read_file(folder / "fields.log"), sent.fields) == "");
}

TEST_CASE("rsyslog reads our RFC 3164") {
  if (!have({"rsyslogd"})) return;
  const temp_folder folder, ours;
  auto rsyslog = start_rsyslog(folder, from_tcp(folder, false) + rsyslog_fields_to_file(folder));
  relay_under_test relay(ours, {"-i", "-,decode=syslog", "tcp://127.0.0.1:" + std::to_string(rsyslog.tcp_port()) + ",name=out,format=rfc3164"});
  relay.write("<165>1 2026-11-22T14:05:01.5Z web1 nginx 77 ID4 - it is up\n");
  REQUIRE(relay.finish().output("out").delivered() == 1);
  REQUIRE(eventually([&] { return read_if_there(folder / "fields.log").ends_with("\n"); }));
  CHECK_THAT(read_file(folder / "fields.log"), Catch::Contains("|web1|nginx|77|-|-| it is up\n"));
}

TEST_CASE("we read every field of rsyslog's RFC 5424") {
  if (!have({"rsyslogd"})) return;
  for (const std::string framing : {"octet-counted", "traditional"}) {
    INFO(framing);
    const temp_folder folder, ours;
    relay_under_test relay(ours, {"-i", "syslog+tcp://127.0.0.1:0,name=in", "all.log," + std::string(our_fields), "raw.log"});
    auto rsyslog = start_rsyslog(folder, from_tcp(folder, false) + "action(type=\"omfwd\" target=\"127.0.0.1\" port=\"" +
                                             std::to_string(relay.tcp_port()) +
                                             "\" protocol=\"tcp\" template=\"RSYSLOG_SyslogProtocol23Format\" TCP_Framing=\"" + framing + "\")\n");
    const auto sent = made_up(message_count);
    write_all(connected_tcp(rsyslog.tcp_port()), sent.rfc5424);
    INFO(rsyslog.errors());
    REQUIRE(eventually([&] { return relay.now().lines_read() == message_count; }));
    REQUIRE(relay.terminate().input("in").count("framing_errors") == 0);
    REQUIRE(difference(read_file(ours / "all.log"), sent.fields) == "");
    REQUIRE(difference(read_file(ours / "raw.log"), sent.rfc5424) == "");  // also of the newline that its frames end with
  }
}

TEST_CASE("rsyslog and we read every field of each other over UDP") {
  if (!have({"rsyslogd"})) return;
  const temp_folder folder, ours, sending;
  relay_under_test relay(ours, {"-i", "syslog://127.0.0.1:0,name=in", "all.log," + std::string(our_fields)});
  const auto port = std::to_string(free_udp_port());
  auto rsyslog = start_rsyslog(folder, "module(load=\"imudp\")\ninput(type=\"imudp\" address=\"127.0.0.1\" port=\"" + port + "\" rcvbufSize=\"8m\")\n" +
                                           rsyslog_fields_to_file(folder) + "action(type=\"omfwd\" target=\"127.0.0.1\" port=\"" +
                                           std::to_string(relay.udp_port()) + "\" protocol=\"udp\" template=\"RSYSLOG_SyslogProtocol23Format\")\n");
  REQUIRE(std::to_string(rsyslog.udp_port()) == port);
  relay_under_test sender(sending, {"-i", "-,decode=syslog", "syslog://127.0.0.1:" + port + ",name=out"});
  constexpr std::size_t count = 10'000;
  const auto sent = made_up(count);
  const auto lines = split_lines(sent.rfc5424);
  // A hundred at a time: UDP has no way to say that it is too much.
  for (std::size_t i = 0; i < count; i += 100) {
    for (auto each = i; each < i + 100; ++each) sender.write(lines[each] + "\n");
    REQUIRE(eventually([&] { return relay.now().lines_read() == i + 100; }));
  }
  REQUIRE(sender.finish().output("out").delivered() == count);
  INFO(rsyslog.errors());
  REQUIRE(eventually_holds(folder / "fields.log", sent.fields.size()));
  relay.terminate();
  CHECK(difference(read_file(folder / "fields.log"), sent.fields) == "");
  CHECK(difference(read_file(ours / "all.log"), sent.fields) == "");
}

TEST_CASE("rsyslog and we read every field of each other over TLS") {
  if (!have({"rsyslogd", "openssl"})) return;
  const temp_folder folder, ours, sending, keys;
  const certificates authority(keys.path().string());
  const auto server = authority.sign("server", "DNS:localhost,IP:127.0.0.1"), client = authority.sign("client", "DNS:client.example.com");
  relay_under_test relay(ours, {"-i", "syslog+tls://127.0.0.1:0,name=in,peer-name=client.example.com,cert=" + server.cert + ",key=" + server.key +
                                          ",ca=" + authority.authority(), "all.log," + std::string(our_fields)});
  // One driver for both: its certificate is the client's here, and nobody asks for another's name.
  auto rsyslog = start_rsyslog(
      folder, fmt::format("global(defaultNetstreamDriver=\"ossl\" defaultNetstreamDriverCAFile=\"{}\" defaultNetstreamDriverCertFile=\"{}\" "
                          "defaultNetstreamDriverKeyFile=\"{}\")\n"
                          "module(load=\"imtcp\" streamDriver.name=\"ossl\" streamDriver.mode=\"1\" streamDriver.authMode=\"anon\")\n"
                          "input(type=\"imtcp\" address=\"127.0.0.1\" port=\"0\" listenPortFileName=\"{}\")\n",
                          authority.authority(), client.cert, client.key, folder / "port") +
                  rsyslog_fields_to_file(folder) +
                  fmt::format("action(type=\"omfwd\" target=\"127.0.0.1\" port=\"{}\" protocol=\"tcp\" template=\"RSYSLOG_SyslogProtocol23Format\" "
                              "TCP_Framing=\"octet-counted\" streamDriver=\"ossl\" streamDriverMode=\"1\" streamDriverAuthMode=\"anon\")\n",
                              relay.tcp_port()));
  relay_under_test sender(sending, {"-i", "-,decode=syslog", fmt::format("syslog+tls://127.0.0.1:{},name=out,peer-name=client.example.com,ca={}",
                                                                         rsyslog.tcp_port(), authority.authority())});
  const auto sent = made_up(message_count);
  sender.write(sent.rfc5424);
  REQUIRE(sender.finish().output("out").delivered() == message_count);
  INFO(rsyslog.errors());
  REQUIRE(eventually([&] { return relay.now().lines_read() == message_count; }));
  REQUIRE(eventually_holds(folder / "fields.log", sent.fields.size()));
  CHECK(relay.terminate().input("in").count("framing_errors") == 0);
  CHECK(difference(read_file(folder / "fields.log"), sent.fields) == "");
  CHECK(difference(read_file(ours / "all.log"), sent.fields) == "");
}

TEST_CASE("syslog-ng reads our messages and sends us its own") {
  const auto program = syslog_ng_program("syslog-ng");
  if (!program) return;
  const temp_folder folder, ours, sending;
  relay_under_test relay(ours, {"-i", "syslog+tcp://127.0.0.1:0,name=in", "all.log," + std::string(our_fields)});
  write_file(folder / "syslog-ng.conf",
             "@version: 3.35\noptions { keep-hostname(yes); use-dns(no); stats-freq(0); flush-lines(100); frac-digits(6); };\n"
             "source s_in { syslog(ip(127.0.0.1) port(" + std::to_string(port_of(bound_tcp())) +
                 ") transport(tcp) keep-timestamp(yes) log-iw-size(10000)); };\n"
                 "destination d_out { syslog(\"127.0.0.1\" transport(tcp) port(" + std::to_string(relay.port("in")) + ")); };\n"
                 "log { source(s_in); destination(d_out); flags(flow-control); };\n");
  std::vector<std::string> command{program->path,      "-F", "--no-caps",    "-f", folder / "syslog-ng.conf", "-R",
                                   folder / "persist", "-p", folder / "pid", "-c", folder / "control"};
  if (!program->modules.empty()) command.push_back("--module-path=" + program->modules);
  process syslog_ng(command, {.environment = program->environment});
  relay_under_test sender(sending, {"-i", "-,decode=syslog", "syslog+tcp://127.0.0.1:" + std::to_string(syslog_ng.tcp_port()) + ",name=out"});
  const auto sent = made_up(message_count);
  sender.write(sent.rfc5424);
  REQUIRE(sender.finish().output("out").delivered() == message_count);
  INFO(syslog_ng.errors());
  REQUIRE(eventually([&] { return relay.now().lines_read() == message_count; }));
  REQUIRE(relay.terminate().input("in").count("framing_errors") == 0);
  // It adds structured data of its own, and its zone is a number.
  std::string came;
  for (auto line : split_lines(read_file(ours / "all.log"))) {
    if (const auto meta = line.find("[meta sequenceId=\""); meta != std::string::npos) {
      const auto end = line.find(']', meta) + 1;
      const bool alone = line[meta - 1] == '|' && line[end] == '|';
      line.replace(meta, end - meta, alone ? "-" : "");
    }
    came += line + "\n";
  }
  REQUIRE(difference(came, sent.fields) == "");
}

TEST_CASE("logger's messages have their fields in all of its modes") {
  if (!have({"logger"})) return;
  const temp_folder folder;
  relay_under_test relay(folder, {"-i", "syslog+tcp://127.0.0.1:0,name=tcp", "-i", "syslog://127.0.0.1:0,name=udp", "-i",
                                  "unixgram:g.sock,name=gram,decode=syslog", "-i", "unix:s.sock,name=stream,decode=syslog,framing=auto",
                                  "all.log,format={input}|{facility}.{level}|{app}|{pid}|{msgid}|{sd}|{message}"});
  const auto tcp = std::to_string(relay.port("tcp")), udp = std::to_string(relay.udp_port());
  const std::vector<mode> transports = {{"tcp", {"--server", "127.0.0.1", "--port", tcp, "--tcp"}},
                                        {"tcp", {"--server", "127.0.0.1", "--port", tcp, "--tcp", "--octet-count"}},
                                        {"udp", {"--server", "127.0.0.1", "--port", udp, "--udp"}},
                                        {"gram", {"--socket", folder / "g.sock"}},
                                        {"stream", {"--socket", folder / "s.sock"}}};
  const std::vector<mode> forms = {{"-", {"--rfc3164"}},
                                   {"ID7", {"--rfc5424=notq", "--msgid", "ID7", "--sd-id", "zoo@123", "--sd-param", "tiger=\"hungry\""}}};
  std::string wanted;
  std::size_t sent = 0;
  for (const auto& transport : transports)
    for (const auto& form : forms) {
      std::vector<std::string> command{"logger", "--priority", "local3.warning", "--tag", "from-logger", "--id=77"};
      command.insert(command.end(), transport.options.begin(), transport.options.end());
      command.insert(command.end(), form.options.begin(), form.options.end());
      command.push_back("12 <13>x: a message");
      const auto done = run(command);
      INFO(done.errors);
      REQUIRE(done.status == 0);
      wanted += fmt::format("{}|local3.warning|from-logger|77|{}|{}|12 <13>x: a message\n", transport.name, form.name,
                            form.name == "-" ? "-" : "[zoo@123 tiger=\"hungry\"]");
      ++sent;
      REQUIRE(eventually([&] { return relay.now().lines_read() == sent; }));
    }
  relay.terminate();
  REQUIRE(difference(read_file(folder / "all.log"), wanted) == "");
}

TEST_CASE("the kernel tells whose program speaks to a unix socket") {
  if (!have({"logger"})) return;
  const temp_folder folder;
  relay_under_test relay(folder, {"-i", "unixgram:g.sock,decode=syslog", "-i", "unix:s.sock,decode=syslog,framing=auto",
                                  "all.log,format={app} {pid} {uid} {message}", "all.json,format=json"});
  std::string wanted;
  for (const std::string name : {"g.sock", "s.sock"}) {
    process logger({"logger", "--socket", folder / name, "--tag", "app", "hello"});
    const auto id = logger.id();
    REQUIRE(logger.status() == 0);
    wanted += fmt::format("app {} {} hello\n", id, ::getuid());
    REQUIRE(eventually([&] { return relay.now().lines_read() == (name == "g.sock" ? 1 : 2); }));
  }
  relay.terminate();
  CHECK(read_file(folder / "all.log") == wanted);
  CHECK_THAT(read_file(folder / "all.json"), Catch::Contains(fmt::format("\"uid\":\"{}\"", ::getuid())));
}

TEST_CASE("many programs may speak to a unix socket in turns") {
  const temp_folder folder;
  relay_under_test relay(folder, {"-i", "unixgram:g.sock", "all.log,format={pid} {line}"});
  // A descriptor for each: the peers are told apart by the kernel alone.
  const std::string script = "import socket, sys\ns = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\ns.connect('g.sock')\n"
                             "for line in sys.stdin: s.send(line.encode())\n";
  if (!have({"python3"})) return;
  std::vector<process> speakers;
  for (int i = 0; i < 3; ++i) speakers.emplace_back(std::vector<std::string>{"python3", "-c", script},
                                                    process_options{.input = stream::pipe(), .folder = folder.path().string()});
  std::string wanted;
  for (int turn = 0; turn < 5; ++turn)
    for (auto& each : speakers) {
      each.write("hello " + std::to_string(turn) + "\n");
      if (turn == 4) each.close_input();
      wanted += fmt::format("{} hello {}\n", each.id(), turn);
    }
  for (auto& each : speakers) REQUIRE(each.status() == 0);
  REQUIRE(eventually([&] { return relay.now().lines_read() == 15; }));
  relay.terminate();
  REQUIRE(sorted_lines(read_file(folder / "all.log")) == sorted_lines(wanted));
}

TEST_CASE("Python's SysLogHandler is understood over TCP and UDP and unix sockets") {
  if (!have({"python3"})) return;
  const temp_folder folder;
  relay_under_test relay(folder, {"-i", "syslog+tcp://127.0.0.1:0,name=tcp", "-i", "syslog://127.0.0.1:0,name=udp", "-i",
                                  "unixgram:g.sock,name=gram,decode=syslog", "-i", "unix:s.sock,name=stream,decode=syslog,framing=auto",
                                  "all.log,format={input}|{facility}.{level}|{app}|{message}"});
  write_file(folder / "log.py",
             "import logging, logging.handlers as h, socket, sys\n"
             "for to, kind in ((('127.0.0.1', int(sys.argv[1])), socket.SOCK_STREAM), (('127.0.0.1', int(sys.argv[2])), socket.SOCK_DGRAM),\n"
             "                 ('g.sock', socket.SOCK_DGRAM), ('s.sock', socket.SOCK_STREAM)):\n"
             "  handler = h.SysLogHandler(to, 'local1', kind)\n"
             "  handler.ident = 'myapp: '\n"
             "  for i in range(1000): handler.emit(logging.LogRecord('x', logging.WARNING, '', 0, '%d two words', (i,), None))\n"
             "  handler.close()\n");
  const auto done = run({"python3", "log.py", std::to_string(relay.port("tcp")), std::to_string(relay.udp_port())}, {.folder = folder.path().string()});
  INFO(done.errors);
  REQUIRE(done.status == 0);
  REQUIRE(eventually([&] { return relay.now().lines_read() == 4000; }));
  relay.terminate();
  std::map<std::string, std::string> came;
  for (const auto& line : split_lines(read_file(folder / "all.log"))) came[line.substr(0, line.find('|'))] += line.substr(line.find('|')) + "\n";
  std::string wanted;
  for (int i = 0; i < 1000; ++i) wanted += fmt::format("|local1.warning|myapp|{} two words\n", i);
  for (const std::string name : {"tcp", "udp", "gram", "stream"}) REQUIRE(difference(came[name], wanted) == "");
}

TEST_CASE("a message of several lines survives octet framing and is escaped where newlines frame") {
  const temp_folder first_folder, second_folder;
  relay_under_test second(second_folder, {"-i", "syslog+tcp://127.0.0.1:0,name=in", "raw.log", "nul.log,framing=nul", "all.log,format=json"});
  relay_under_test first(first_folder, {"-i", "unixgram:g.sock,decode=syslog", "syslog+tcp://127.0.0.1:" + std::to_string(second.tcp_port()) + ",host=h"});
  send_datagram(connected_unixgram(first_folder / "g.sock"), "<13>Nov 22 14:05:01 app[1]: one\n\ttwo\n");
  REQUIRE(eventually([&] { return second.now().lines_read() == 1; }));
  first.terminate();
  second.terminate();
  CHECK_THAT(read_file(second_folder / "raw.log"), Catch::EndsWith(" h app 1 - - one\\n\ttwo\n"));
  CHECK_THAT(read_file(second_folder / "nul.log"), Catch::EndsWith(" h app 1 - - one\n\ttwo" + std::string(1, '\0')));
  CHECK_THAT(read_file(second_folder / "all.log"), Catch::Contains(R"("host":"h","app":"app","pid":"1","input":"in",)"));
  CHECK_THAT(read_file(second_folder / "all.log"), Catch::EndsWith("\"message\":\"one\\n\\ttwo\"}\n"));
}

TEST_CASE("GELF goes in chunks over UDP and ends with NUL over TCP") {
  const temp_folder folder;
  auto graylog = datagram_sink::udp();
  auto stream = stream_sink::tcp();
  relay_under_test relay(folder, {graylog.endpoint() + ",format=gelf,chunk=200,host=h", stream.endpoint() + ",format=gelf,host=h"});
  const std::string text(5000, 'x');
  relay.write("short\n" + text + "\nshort again\n");
  relay.finish();
  REQUIRE(eventually([&] { return graylog.count() == 30; }));
  std::string whole;
  for (const auto& each : graylog.messages())
    if (each.starts_with("\x1e\x0f")) whole += each.substr(12);
  CHECK(nlohmann::json::parse(whole).at("short_message") == text);
  CHECK(nlohmann::json::parse(graylog.messages().front()).at("short_message") == "short");
  CHECK(nlohmann::json::parse(graylog.messages().back()).at("short_message") == "short again");
  const auto came = stream.text();
  CHECK(std::count(came.begin(), came.end(), '\0') == 3);
  CHECK(nlohmann::json::parse(came.substr(0, came.find('\0'))).at("short_message") == "short");
}

TEST_CASE("what a format has no place for is a mistake that names those that do") {
  const auto tried = run({LOGRELAY_PROGRAM, "--check", "a.log,app=x", "b.log,format=rfc3164,field=a:b"});
  CHECK(tried.status == 2);
  CHECK_THAT(tried.errors, Catch::Contains("output 'a.log': format=raw has no place for 'app': take rfc5424, rfc3164, json, gelf, logfmt or journal"));
  CHECK_THAT(tried.errors, Catch::Contains("output 'b.log': format=rfc3164 has no place for 'field': take rfc5424, json, gelf, logfmt or journal"));
}
