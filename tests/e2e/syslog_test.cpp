// Messages of syslog, both ways, with the programs that everybody has: every field of every message is compared.
#include <fmt/format.h>
#include <unistd.h>

#include <support/certificates.hpp>

#include "syslog_messages.hpp"

using namespace logrelay;
using namespace logrelay::support;

namespace {

/// An rsyslogd that parses what it gets and writes the fields.
std::string rsyslog_fields_to_file(const temp_folder& folder, const std::string& time = "date-rfc3339", const std::string& message = "msg") {
  return "template(name=\"fields\" type=\"string\" string=\"%syslogfacility-text%|%syslogseverity-text%|%timereported:::" + time +
         "%|%hostname%|%app-name%|%procid%|%msgid%|%structured-data%|%" + message + "%\\n\")\n"
         "action(type=\"omfile\" file=\"" + folder / "fields.log" + "\" template=\"fields\" asyncWriting=\"off\" flushOnTXEnd=\"on\")\n";
}

std::string logger_host() {
  char name[256] = {};
  static_cast<void>(::gethostname(name, sizeof name - 1));
  return name;
}

/// logger's messages with "now" for a time between `began` and now, and without what it says about the clock.
std::string of_logger(std::string_view fields, std::time_t began) {
  const auto stamp = [](std::time_t time) { return fmt::format("{:%Y-%m-%dT%H:%M:%S}", fmt::gmtime(time)); };
  const auto first = stamp(began), last = stamp(std::time(nullptr)) + ".999999Z";
  std::string made;
  for (auto line : split_lines(fields)) {
    if (const auto quality = line.find("|[timeQuality tzKnown=\"1\" isSynced="); quality != std::string::npos)
      line.replace(quality + 1, line.find(']', quality) - quality, "timeQuality");
    std::size_t at = 0;
    for (int field = 0; field < 3; ++field) at = line.find('|', at) + 1;
    const auto size = line.find('|', at) - at;
    if (const auto time = line.substr(at, size); time >= first && time <= last) line.replace(at, size, "now");
    made += line + "\n";
  }
  return made;
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
  const auto sent = made_up();
  relay.write(sent.text);
  REQUIRE(relay.finish().output("out").delivered() == message_count);
  INFO(rsyslog.errors());
  REQUIRE(eventually_holds(folder / "fields.log", sent.fields.size()));
  REQUIRE(difference(read_file(folder / "fields.log"), sent.fields) == "");
}

TEST_CASE("rsyslog reads every field of our RFC 3164") {
  if (!have({"rsyslogd"})) return;
  const utc_for_all utc;
  const temp_folder folder, ours;
  // The space behind a tag is message to it.
  auto rsyslog = start_rsyslog(folder, from_tcp(folder, false) + rsyslog_fields_to_file(folder, "date-rfc3164", "msg:2:$"));
  relay_under_test relay(ours, {"-i", "-,decode=syslog", "tcp://127.0.0.1:" + std::to_string(rsyslog.tcp_port()) + ",name=out,format=rfc3164"});
  const auto sent = made_up_rfc3164(message_count, stamps::as_sent);
  relay.write(sent.text);
  REQUIRE(relay.finish().output("out").delivered() == message_count);
  INFO(rsyslog.errors());
  REQUIRE(eventually_holds(folder / "fields.log", sent.fields.size()));
  REQUIRE(difference(read_file(folder / "fields.log"), sent.fields) == "");
}

TEST_CASE("we read every field of rsyslog's RFC 3164") {
  if (!have({"rsyslogd"})) return;
  const utc_for_all utc;
  // The second is what it forwards by default: its time is one of RFC 3339.
  for (const std::string form : {"RSYSLOG_TraditionalForwardFormat", "RSYSLOG_ForwardFormat"}) {
    INFO(form);
    const temp_folder folder, ours;
    relay_under_test relay(ours, {"-i", "syslog+tcp://127.0.0.1:0,name=in", "all.log," + our_fields});
    auto rsyslog = start_rsyslog(folder, from_tcp(folder, false) + "action(type=\"omfwd\" target=\"127.0.0.1\" port=\"" +
                                             std::to_string(relay.tcp_port()) + "\" protocol=\"tcp\" template=\"" + form + "\")\n");
    const auto sent = made_up_rfc3164();
    write_all(connected_tcp(rsyslog.tcp_port()), sent.text);
    INFO(rsyslog.errors());
    REQUIRE(eventually([&] { return relay.now().lines_read() == message_count; }));
    REQUIRE(relay.terminate().input("in").count("framing_errors") == 0);
    REQUIRE(difference(read_file(ours / "all.log"), sent.fields) == "");
  }
}

TEST_CASE("we read every field of rsyslog's RFC 5424") {
  if (!have({"rsyslogd"})) return;
  for (const std::string framing : {"octet-counted", "traditional"}) {
    INFO(framing);
    const temp_folder folder, ours;
    relay_under_test relay(ours, {"-i", "syslog+tcp://127.0.0.1:0,name=in", "all.log," + our_fields, "raw.log"});
    auto rsyslog = start_rsyslog(folder, from_tcp(folder, false) + "action(type=\"omfwd\" target=\"127.0.0.1\" port=\"" +
                                             std::to_string(relay.tcp_port()) +
                                             "\" protocol=\"tcp\" template=\"RSYSLOG_SyslogProtocol23Format\" TCP_Framing=\"" + framing + "\")\n");
    const auto sent = made_up();
    write_all(connected_tcp(rsyslog.tcp_port()), sent.text);
    INFO(rsyslog.errors());
    REQUIRE(eventually([&] { return relay.now().lines_read() == message_count; }));
    REQUIRE(relay.terminate().input("in").count("framing_errors") == 0);
    REQUIRE(difference(read_file(ours / "all.log"), sent.fields) == "");
    REQUIRE(difference(read_file(ours / "raw.log"), sent.text) == "");  // also of the newline that its frames end with
  }
}

TEST_CASE("rsyslog and we read every field of each other over UDP") {
  if (!have({"rsyslogd"})) return;
  const temp_folder folder, ours, sending;
  relay_under_test relay(ours, {"-i", "syslog://127.0.0.1:0,name=in", "all.log," + our_fields});
  const auto port = std::to_string(free_udp_port());
  auto rsyslog = start_rsyslog(folder, "module(load=\"imudp\")\ninput(type=\"imudp\" address=\"127.0.0.1\" port=\"" + port + "\" rcvbufSize=\"8m\")\n" +
                                           rsyslog_fields_to_file(folder) + "action(type=\"omfwd\" target=\"127.0.0.1\" port=\"" +
                                           std::to_string(relay.udp_port()) + "\" protocol=\"udp\" template=\"RSYSLOG_SyslogProtocol23Format\")\n");
  REQUIRE(std::to_string(rsyslog.udp_port()) == port);
  relay_under_test sender(sending, {"-i", "-,decode=syslog", "syslog://127.0.0.1:" + port + ",name=out"});
  const auto sent = made_up();
  const auto lines = split_lines(sent.text);
  // A hundred at a time: UDP has no way to say that it is too much.
  for (std::size_t i = 0; i < message_count; i += 100) {
    for (auto each = i; each < i + 100; ++each) sender.write(lines[each] + "\n");
    REQUIRE(eventually([&] { return relay.now().lines_read() == i + 100; }));
  }
  REQUIRE(sender.finish().output("out").delivered() == message_count);
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
                                          ",ca=" + authority.authority(), "all.log," + our_fields});
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
  const auto sent = made_up();
  sender.write(sent.text);
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
  relay_under_test relay(ours, {"-i", "syslog+tcp://127.0.0.1:0,name=in", "all.log," + our_fields});
  auto syslog_ng = start_syslog_ng(*program, folder,
                                   "source s_in { syslog(ip(127.0.0.1) port(" + std::to_string(port_of(bound_tcp())) +
                                       ") transport(tcp) keep-timestamp(yes) log-iw-size(10000)); };\n"
                                       "destination d_out { syslog(\"127.0.0.1\" transport(tcp) port(" + std::to_string(relay.port("in")) + ")); };\n"
                                       "log { source(s_in); destination(d_out); flags(flow-control); };\n");
  relay_under_test sender(sending, {"-i", "-,decode=syslog", "syslog+tcp://127.0.0.1:" + std::to_string(syslog_ng.tcp_port()) + ",name=out"});
  const auto sent = made_up();
  sender.write(sent.text);
  REQUIRE(sender.finish().output("out").delivered() == message_count);
  INFO(syslog_ng.errors());
  REQUIRE(eventually([&] { return relay.now().lines_read() == message_count; }));
  REQUIRE(relay.terminate().input("in").count("framing_errors") == 0);
  REQUIRE(difference(without_sequence_ids(read_file(ours / "all.log")), sent.fields) == "");
}

TEST_CASE("syslog-ng reads our RFC 3164 and sends us its own") {
  const auto program = syslog_ng_program("syslog-ng");
  if (!program) return;
  const utc_for_all utc;
  const temp_folder folder, ours, sending;
  relay_under_test relay(ours, {"-i", "syslog+tcp://127.0.0.1:0,name=in", "all.log," + our_fields});
  auto syslog_ng = start_syslog_ng(*program, folder,
                                   "source s_in { network(ip(127.0.0.1) port(" + std::to_string(port_of(bound_tcp())) +
                                       ") transport(tcp) keep-timestamp(yes) log-iw-size(10000)); };\n"
                                       "destination d_out { network(\"127.0.0.1\" transport(tcp) frac-digits(0) port(" +
                                       std::to_string(relay.port("in")) + ")); };\n"
                                       "log { source(s_in); destination(d_out); flags(flow-control); };\n");
  relay_under_test sender(sending, {"-i", "-,decode=syslog", "tcp://127.0.0.1:" + std::to_string(syslog_ng.tcp_port()) + ",name=out,format=rfc3164"});
  const auto sent = made_up_rfc3164();
  sender.write(sent.text);
  REQUIRE(sender.finish().output("out").delivered() == message_count);
  INFO(syslog_ng.errors());
  REQUIRE(eventually([&] { return relay.now().lines_read() == message_count; }));
  REQUIRE(relay.terminate().input("in").count("framing_errors") == 0);
  REQUIRE(difference(read_file(ours / "all.log"), sent.fields) == "");
}

TEST_CASE("every field of loggen's messages comes in by all of its sockets") {
  const auto program = syslog_ng_program("loggen");
  if (!program) return;
  const utc_for_all utc;
  const temp_folder folder;
  relay_under_test relay(folder, {"-i", "syslog+tcp://127.0.0.1:0,name=tcp", "-i", "syslog://127.0.0.1:0,name=udp", "-i",
                                  "unix:s.sock,name=stream,decode=syslog,framing=auto", "-i", "unixgram:g.sock,name=gram,decode=syslog",
                                  "all.log," + fields_of_inputs});
  const auto tcp = std::to_string(relay.port("tcp")), udp = std::to_string(relay.udp_port());
  const std::vector<mode> sockets = {{"tcp", {"--inet", "--stream", "127.0.0.1", tcp}},
                                     {"udp", {"--inet", "--dgram", "127.0.0.1", udp}},
                                     {"stream", {"--unix", "--stream", folder / "s.sock"}},
                                     {"gram", {"--unix", "--dgram", folder / "g.sock"}}};
  const std::string sd = "[zoo@123 tiger=\"hungry\"]";
  arrivals coming(relay, folder / "all.log", "udp");
  for (const auto& socket : sockets)
    for (const bool rfc5424 : {false, true}) {
      INFO(socket.name << (rfc5424 ? ", RFC 5424" : ", RFC 3164"));
      std::vector<std::string> command{program->path, fmt::format("--number={}", message_count), "--rate=100000", "--size=200", "--active-connections=1",
                                       "--quiet"};
      if (rfc5424) command.emplace_back("--syslog-proto");
      if (rfc5424) command.push_back("--sdata=" + sd);
      // It counts octets in datagrams too where it is not told otherwise.
      if (rfc5424 && socket.name != "tcp") command.emplace_back("--no-framing");
      command.insert(command.end(), socket.options.begin(), socket.options.end());
      const auto done = run(command, {.environment = program->environment});
      INFO(done.errors);
      REQUIRE(done.status == 0);
      const auto came = coming.next(message_count);
      REQUIRE(wrong_of_loggen(behind(came, socket.name + "|"), message_count, rfc5424 ? sd : "-", coming.dropped()) == "");
    }
  CHECK(relay.terminate().input("tcp").count("framing_errors") == 0);
}

TEST_CASE("every field of logger's messages comes in by all of its sockets in all of its forms") {
  if (!have({"logger"})) return;
  const utc_for_all utc;
  const temp_folder folder;
  relay_under_test relay(folder, {"-i", "syslog+tcp://127.0.0.1:0,name=tcp", "-i", "syslog://127.0.0.1:0,name=udp", "-i",
                                  "unixgram:g.sock,name=gram,decode=syslog", "-i", "unix:s.sock,name=stream,decode=syslog,framing=auto",
                                  "all.log," + fields_of_inputs});
  const auto tcp = std::to_string(relay.port("tcp")), udp = std::to_string(relay.udp_port());
  const std::vector<mode> sockets = {{"tcp", {"--server", "127.0.0.1", "--port", tcp, "--tcp"}},
                                     {"tcp", {"--server", "127.0.0.1", "--port", tcp, "--tcp", "--octet-count"}},
                                     {"udp", {"--server", "127.0.0.1", "--port", udp, "--udp"}},
                                     {"gram", {"--socket", folder / "g.sock"}},
                                     {"stream", {"--socket", folder / "s.sock"}}};
  const std::vector<mode> forms = {{"-|-", {"--rfc3164"}},
                                   {"-|timeQuality", {"--rfc5424"}},
                                   {"ID7|[zoo@123 tiger=\"hungry\"]", {"--rfc5424=notq", "--msgid", "ID7", "--sd-id", "zoo@123", "--sd-param", "tiger=\"hungry\""}},
                                   {"-|-", {"--rfc5424=notq", "--prio-prefix"}}};
  const auto host = logger_host();
  const auto lines = split_lines(syslog_lines(message_count));
  const std::size_t of_each = message_count / forms.size();  // each socket has the full count
  arrivals coming(relay, folder / "all.log", "udp");
  for (const auto& socket : sockets)
    for (std::size_t form = 0; form < forms.size(); ++form) {
      INFO(fmt::format("{}: {}", fmt::join(socket.options, " "), fmt::join(forms[form].options, " ")));
      const bool prefixes = forms[form].options.back() == "--prio-prefix";
      std::string text, wanted;
      for (std::size_t n = form * of_each; n < (form + 1) * of_each; ++n) {
        text += (prefixes ? fmt::format("<{}>", facility_of(n) * 8 + level_of(n)) : "") + lines[n] + "\n";
        wanted += fmt::format("{}|{}|{}|now|{}|from-logger|77|{}|{}\n", socket.name, prefixes ? facilities[facility_of(n)] : "local3",
                              prefixes ? levels[level_of(n)] : "warning", form == 0 ? host.substr(0, host.find('.')) : host, forms[form].name, lines[n]);
      }
      write_file(folder / "text", text);
      std::vector<std::string> command{"logger", "--priority", "local3.warning", "--tag", "from-logger", "--id=77", "--size", "8K", "--file", folder / "text"};
      command.insert(command.end(), socket.options.begin(), socket.options.end());
      command.insert(command.end(), forms[form].options.begin(), forms[form].options.end());
      const auto began = std::time(nullptr);
      const auto done = run(command);
      INFO(done.errors);
      REQUIRE(done.status == 0);
      const auto came = of_logger(coming.next(of_each), began);
      REQUIRE(difference_less(came, wanted, coming.dropped()) == "");
    }
  REQUIRE(relay.terminate().input("tcp").count("framing_errors") == 0);
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

TEST_CASE("every field of Python's SysLogHandler comes in over TCP and UDP and unix sockets") {
  if (!have({"python3"})) return;
  const utc_for_all utc;
  const temp_folder folder;
  relay_under_test relay(folder, {"-i", "syslog+tcp://127.0.0.1:0,name=tcp", "-i", "syslog+tcp://127.0.0.1:0,name=nul,framing=nul", "-i",
                                  "syslog://127.0.0.1:0,name=udp", "-i", "unixgram:g.sock,name=gram,decode=syslog", "-i",
                                  "unix:s.sock,name=stream,decode=syslog,framing=nul", "all.log," + fields_of_inputs});
  // The end of each of its messages is a NUL, and some have several lines.
  write_file(folder / "log.py",
             "import logging, logging.handlers as h, socket, sys\n"
             "to, several = eval(sys.argv[1]), sys.argv[3] == 'several'\n"
             "handler = h.SysLogHandler(to, socktype=getattr(socket, sys.argv[2]))\n"
             "names = ('emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug')\n"
             "handler.priority_map = {name: name for name in names}\n"
             "for n, line in enumerate(open('text', encoding='utf-8', newline='\\n')):\n"
             "  number, text = line[1:-1].split('>', 1)\n"
             "  handler.facility = int(number) >> 3\n"
             "  if several and n % 10 == 3: text += '\\n  second line'\n"
             "  handler.emit(logging.makeLogRecord({'levelname': names[int(number) & 7], 'msg': text}))\n"
             "handler.close()\n");
  const auto sent = made_up_rfc3164();
  write_file(folder / "text", sent.text);
  const auto tcp = [&](const std::string& name) { return fmt::format("('127.0.0.1', {})", relay.port(name)); };
  const std::vector<mode> sockets = {{"tcp", {tcp("tcp"), "SOCK_STREAM", "one"}},
                                     {"nul", {tcp("nul"), "SOCK_STREAM", "several"}},
                                     {"udp", {fmt::format("('127.0.0.1', {})", relay.udp_port()), "SOCK_DGRAM", "several"}},
                                     {"gram", {"'g.sock'", "SOCK_DGRAM", "several"}},
                                     {"stream", {"'s.sock'", "SOCK_STREAM", "several"}}};
  arrivals coming(relay, folder / "all.log", "udp");
  for (const auto& socket : sockets) {
    INFO(socket.name);
    std::string wanted;
    std::size_t n = 0;
    for (const auto& line : split_lines(sent.fields))
      wanted += socket.name + "|" + line + (n++ % 10 == 3 && socket.options.back() == "several" ? "\\n  second line\n" : "\n");
    std::vector<std::string> command{"python3", "log.py"};
    command.insert(command.end(), socket.options.begin(), socket.options.end());
    const auto done = run(command, {.folder = folder.path().string()});
    INFO(done.errors);
    REQUIRE(done.status == 0);
    const auto came = coming.next(message_count);
    REQUIRE(difference_less(came, wanted, coming.dropped()) == "");
  }
  relay.terminate();
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
