// RELP with rsyslog on the other side, both ways, and with ourselves: through restarts and kills nothing is lost, and what
// comes twice is what was on its way.
#include <fmt/format.h>

#include <optional>
#include <set>
#include <support/certificates.hpp>

#include "peer_programs.hpp"

using namespace logrelay;
using namespace logrelay::support;

namespace {

constexpr std::size_t message_count = 50'000;

/// Real lines with headers of RFC 5424, all different.
std::string messages(std::size_t count) {
  std::string made;
  std::size_t n = 0;
  for (const auto& text : split_lines(syslog_lines(count))) {
    fmt::format_to(std::back_inserter(made), "<{}>1 2026-11-{:02}T{:02}:{:02}:{:02}.{:06}Z host{}.example.com app-{} {} ID{} {} {}\n", 128 + n % 64,
                   1 + n % 28, n % 24, n % 60, n / 60 % 60, n * 7 % 1'000'000, n % 100, n % 10, n, n % 7,
                   n % 3 == 0 ? "-" : fmt::format(R"([id@1 number="{}" quote="\"\\\]"])", n), text);
    ++n;
  }
  return made;
}

/// An rsyslogd that answers what it has written. On a port of its choice, 0, or on one that it had before.
process rsyslog_with_imrelp(const temp_folder& folder, std::uint16_t port) {
  return start_rsyslog(folder, "module(load=\"imrelp\")\nruleset(name=\"all\" queue.type=\"direct\") {\n" + to_file(folder) +
                                   "}\ninput(type=\"imrelp\" address=\"127.0.0.1\" port=\"" + std::to_string(port) +
                                   "\" ruleset=\"all\" maxDataSize=\"64k\")\n");
}

/// One that forwards to a port. It corks its socket for a batch: with a window smaller than that, and segments as large as
/// loopback's, each window would wait 200 ms for the kernel to let it go.
process rsyslog_with_omrelp(const temp_folder& folder, std::uint16_t to) {
  return start_rsyslog(folder, "module(load=\"omrelp\")\n" + from_tcp(folder, false) + "action(type=\"omrelp\" target=\"127.0.0.1\" port=\"" +
                                   std::to_string(to) + "\" template=\"bare\" windowSize=\"5000\" action.resumeRetryCount=\"-1\" action.resumeInterval=\"1\")\n");
}

void kill_and_wait(process& one) {
  one.send(SIGKILL);
  REQUIRE(one.wait());
}

std::string relp_to(std::uint16_t port) { return "relp://127.0.0.1:" + std::to_string(port); }

/// Numbered lines that did not come at all.
std::size_t lost(const std::string& text, std::size_t count) {
  const auto came = split_lines(text);
  const std::set<std::string> all(came.begin(), came.end());
  std::size_t missing = 0;
  for (const auto& each : split_lines(numbered_lines(0, count))) missing += all.count(each) == 0;
  return missing;
}

}  // namespace

TEST_CASE("rsyslog takes every byte of real messages from us over RELP") {
  if (!have({"rsyslogd"})) return;
  const temp_folder folder, ours;
  auto rsyslog = rsyslog_with_imrelp(folder, 0);
  relay_under_test relay(ours, {relp_to(rsyslog.tcp_port()) + ",name=out,format=raw"});
  const auto text = messages(message_count);
  relay.write(text);
  const auto balance = relay.finish();
  INFO(rsyslog.errors());
  CHECK(balance.output("out").delivered() == message_count);
  CHECK(difference(read_file(folder / "out.log"), text) == "");  // it has answered
}

TEST_CASE("rsyslog gives us every byte of real messages over RELP") {
  if (!have({"rsyslogd"})) return;
  const temp_folder folder, ours;
  relay_under_test relay(ours, {"-i", "relp://127.0.0.1:0,name=in", "all.log"});
  auto rsyslog = rsyslog_with_omrelp(folder, relay.tcp_port());
  const auto text = messages(message_count);
  const auto feed = connected_tcp(rsyslog.tcp_port());
  write_all(feed, text);
  INFO(rsyslog.errors());
  REQUIRE(eventually([&] { return relay.now().lines_read() == message_count; }));
  const auto balance = relay.terminate();
  CHECK(balance.input("in").count("framing_errors") == 0);
  CHECK(balance.output("all.log").delivered() == message_count);
  CHECK(difference(read_file(ours / "all.log"), text) == "");
}

TEST_CASE("the newline that a message of RELP ends with is the line's") {
  const temp_folder folder;
  relay_under_test relay(folder, {"-i", "relp://127.0.0.1:0,name=in", "lines.log", "octet.log,framing=octet", "all.log,format={message}"});
  const std::string hello = "relp_version=0\ncommands=syslog";
  const auto peer = connected_tcp(relay.tcp_port());
  write_all(peer, fmt::format("1 open {} {}\n", hello.size(), hello) + "2 syslog 8 <13>x y\n\n3 syslog 9 <13>x\ny\n\n\n");
  REQUIRE(eventually([&] { return relay.now().lines_read() == 2; }));
  static_cast<void>(relay.terminate());
  CHECK(read_file(folder / "lines.log") == "<13>x y\n<13>x\\ny\\n\n");
  CHECK(read_file(folder / "octet.log") == "8 <13>x y\n9 <13>x\ny\n\n");
  CHECK(read_file(folder / "all.log") == "x y\nx\\ny\n");
}

TEST_CASE("nothing is lost over RELP when rsyslog is killed and comes back") {
  if (!have({"rsyslogd"})) return;
  const temp_folder folder, ours;
  constexpr std::size_t count = 20'000;
  auto rsyslog = rsyslog_with_imrelp(folder, 0);
  const auto port = rsyslog.tcp_port();
  relay_under_test relay(ours, {relp_to(port) + ",name=out,format=raw"});
  for (std::size_t part = 0; part < 4; ++part) {
    relay.write(numbered_lines(part * count / 4, count / 4));
    if (part == 3) break;
    REQUIRE(eventually([&] { return relay.now().output("out").delivered() > part * count / 4; }));
    kill_and_wait(rsyslog);
    rsyslog = rsyslog_with_imrelp(folder, port);
  }
  CHECK(relay.finish().output("out").delivered() == count);
  CHECK(lost(read_file(folder / "out.log"), count) == 0);
}

TEST_CASE("nothing is lost over RELP when we are killed and come back") {
  if (!have({"rsyslogd"})) return;
  const temp_folder folder, ours;
  constexpr std::size_t count = 20'000;
  const std::vector<std::string> first{"-i", "relp://127.0.0.1:0,name=in", "all.log"};
  std::optional<relay_under_test> relay(std::in_place, ours, first);
  const auto port = relay->tcp_port();
  const std::vector<std::string> again{"-i", relp_to(port) + ",name=in", "all.log"};
  auto rsyslog = rsyslog_with_omrelp(folder, port);
  const auto feed = connected_tcp(rsyslog.tcp_port());
  for (std::size_t part = 0; part < 4; ++part) {
    write_all(feed, numbered_lines(part * count / 4, count / 4));
    if (part == 3) break;
    REQUIRE(eventually([&] { return relay->now().lines_read() > 0; }));
    kill_and_wait(*relay);
    relay.emplace(ours, again);
  }
  INFO(rsyslog.errors());
  REQUIRE(eventually([&] { return lost(read_file(ours / "all.log"), count) == 0; }));
  static_cast<void>(relay->terminate());
  CHECK(lost(read_file(ours / "all.log"), count) == 0);
}

TEST_CASE("one of us holds what the other cannot deliver over RELP and nothing comes twice") {
  const temp_folder folder, ours;
  make_fifo(folder / "pipe");
  relay_under_test behind(folder, {"-i", "relp://127.0.0.1:0,name=in", "fifo:" + (folder / "pipe") + ",name=pipe"});
  relay_under_test relay(ours, {relp_to(behind.tcp_port()) + ",name=out"});
  relay.write(numbered_lines(0, 1000));
  REQUIRE(eventually([&] { return behind.now().output("pipe").pending() == 128; }));
  CHECK(relay.now().output("out").delivered() == 0);
  process reader({"cat", folder / "pipe"});
  CHECK(relay.finish().output("out").delivered() == 1000);
  static_cast<void>(behind.terminate());
  REQUIRE(reader.wait());
  CHECK(count_newlines(reader.output()) == 1000);
}

TEST_CASE("RELP goes over TLS") {
  if (!have({"openssl"})) return;
  const temp_folder folder, ours;
  const certificates authority(folder.path().string());
  const auto server = authority.sign("server", "DNS:localhost,IP:127.0.0.1");
  relay_under_test behind(folder, {"-i", "relp+tls://127.0.0.1:0,name=in,cert=" + server.cert + ",key=" + server.key, "all.log"});
  relay_under_test relay(ours, {"relp+tls://127.0.0.1:" + std::to_string(behind.tcp_port()) + ",name=out,format=raw,ca=" + authority.authority()});
  const auto text = numbered_lines(0, message_count);
  relay.write(text);
  CHECK(relay.finish().output("out").delivered() == message_count);
  CHECK(behind.terminate().output("all.log").delivered() == message_count);
  CHECK(difference(read_file(folder / "all.log"), text) == "");
}
