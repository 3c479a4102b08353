// TLS, both ways, with openssl, syslog-ng and ourselves.
#include <fmt/format.h>
#include <support/certificates.hpp>

#include "syslog_messages.hpp"

using namespace logrelay;
using namespace logrelay::support;

namespace {

struct world {
  temp_folder folder;
  certificates authority{folder.path().string()};
  certificates::pair server = authority.sign("server", "DNS:localhost,IP:127.0.0.1");
  certificates::pair client = authority.sign("client", "DNS:client.example.com");

  [[nodiscard]] std::string serving() const { return "cert=" + server.cert + ",key=" + server.key; }
  [[nodiscard]] std::string trusting() const { return "ca=" + authority.authority(); }
  [[nodiscard]] std::string showing() const { return "cert=" + client.cert + ",key=" + client.key; }
};

std::string to(const relay_under_test& relay, const std::string& options) {
  return fmt::format("tls://127.0.0.1:{},name=out,{}", relay.tcp_port(), options);
}

}  // namespace

TEST_CASE("lines go from relay to relay over TLS with certificates on both sides") {
  if (!have({"openssl"})) return;
  const world all;
  const temp_folder near, far;
  relay_under_test server(far, {"-i", "tls://127.0.0.1:0,peer-name=client.example.com," + all.serving() + "," + all.trusting(), "all.log"});
  relay_under_test client(near, {to(server, all.trusting() + "," + all.showing())});
  const auto text = real_lines(32 << 20);
  client.write(text);
  REQUIRE(client.finish().output("out").delivered() == count_newlines(text));
  REQUIRE(eventually([&] { return server.now().lines_read() == count_newlines(text); }));
  server.terminate();
  REQUIRE(difference(read_file(far / "all.log"), text) == "");
}

TEST_CASE("openssl takes our messages and every field comes from it") {
  if (!have({"openssl"})) return;
  const world all;
  const temp_folder folder;
  const auto sent = made_up();
  write_file(folder / "text", sent.text);
  process server({"openssl", "s_server", "-quiet", "-naccept", "1", "-accept", "127.0.0.1:0", "-cert", all.server.cert, "-key", all.server.key},
                 {.input = stream::pipe(), .output = stream::file(folder / "out.log")});  // the end of its input would be its own
  relay_under_test relay(folder, {"-i", "syslog+tls://127.0.0.1:0,name=in," + all.serving(), "-i", "-,name=stdin,decode=syslog",
                                  "in.log,from=in," + our_fields,
                                  fmt::format("syslog+tls://127.0.0.1:{},name=out,from=stdin,{}", server.tcp_port(), all.trusting())});
  relay.write(sent.text);
  relay.close_input();
  REQUIRE(eventually([&] { return relay.now().output("out").delivered() == message_count; }));
  // It would leave at the end of its input only if it also took letters in it for commands.
  std::size_t lines = 0;
  for (const std::string version : {"-tls1_2", "-tls1_3"}) {
    const process client({"openssl", "s_client", "-quiet", version, "-connect", "127.0.0.1:" + std::to_string(relay.port("in"))},
                         {.input = stream::file(folder / "text")});
    lines += message_count;
    REQUIRE(eventually([&] { return relay.now().input("in").count("lines") == lines; }));
  }
  REQUIRE(relay.terminate().input("in").count("framing_errors") == 0);
  REQUIRE(difference(read_file(folder / "in.log"), sent.fields + sent.fields) == "");
  static_cast<void>(server.wait());
  std::string counted;  // RFC 5425, 4.3
  for (const auto& each : split_lines(sent.text)) counted += fmt::format("{} {}", each.size(), each);
  REQUIRE(difference(read_file(folder / "out.log"), counted) == "");
}

TEST_CASE("syslog-ng takes our messages over TLS and sends us its own") {
  const auto program = syslog_ng_program("syslog-ng");
  if (!program || !have({"openssl"})) return;
  const world all;
  const temp_folder folder, ours, sending;
  relay_under_test relay(ours, {"-i", "syslog+tls://127.0.0.1:0,name=in," + all.serving() + "," + all.trusting(), "all.log," + our_fields});
  auto syslog_ng = start_syslog_ng(
      *program, folder,
      fmt::format("source s_in {{ syslog(ip(127.0.0.1) port({}) transport(tls) tls(key-file(\"{}\") cert-file(\"{}\") peer-verify(optional-untrusted)) "
                  "keep-timestamp(yes) log-iw-size(10000)); }};\n"
                  "destination d_out {{ syslog(\"127.0.0.1\" transport(tls) port({}) tls(key-file(\"{}\") cert-file(\"{}\") ca-file(\"{}\") "
                  "peer-verify(required-trusted))); }};\n"
                  "log {{ source(s_in); destination(d_out); flags(flow-control); }};\n",
                  port_of(bound_tcp()), all.server.key, all.server.cert, relay.tcp_port(), all.client.key, all.client.cert, all.authority.authority()));
  relay_under_test sender(sending, {"-i", "-,decode=syslog", fmt::format("syslog+tls://127.0.0.1:{},name=out,{}", syslog_ng.tcp_port(), all.trusting())});
  const auto sent = made_up();
  sender.write(sent.text);
  INFO(syslog_ng.errors());
  REQUIRE(sender.finish().output("out").delivered() == message_count);
  REQUIRE(eventually([&] { return relay.now().lines_read() == message_count; }));
  REQUIRE(relay.terminate().input("in").count("framing_errors") == 0);
  REQUIRE(difference(without_sequence_ids(read_file(ours / "all.log")), sent.fields) == "");
}

TEST_CASE("every field of loggen's messages comes in over TLS") {
  const auto program = syslog_ng_program("loggen");
  if (!program || !have({"openssl"})) return;
  const utc_for_all utc;
  const world all;
  const temp_folder folder;
  relay_under_test relay(folder, {"-i", "syslog+tls://127.0.0.1:0," + all.serving(), "all.log," + our_fields});
  const auto done = run({program->path, "--use-ssl", fmt::format("--number={}", message_count), "--rate=100000", "--size=200", "--active-connections=1",
                         "--quiet", "127.0.0.1", std::to_string(relay.tcp_port())},
                        {.environment = program->environment});
  INFO(done.errors);
  REQUIRE(done.status == 0);
  REQUIRE(eventually([&] { return relay.now().lines_read() == message_count; }));
  relay.terminate();
  REQUIRE(wrong_of_loggen(read_file(folder / "all.log"), message_count, "-") == "");
}

TEST_CASE("a server that we do not trust gets no line and the message says why") {
  if (!have({"openssl"})) return;
  const world all, others;
  const temp_folder near, far;
  relay_under_test server(far, {"-i", "tls://127.0.0.1:0," + all.serving(), "all.log"});
  relay_under_test client(near, {"--drain-timeout=100ms", to(server, others.trusting())});
  client.write("secret\n");
  REQUIRE(eventually([&] { return client.now().output("out").count("retries") > 0; }));
  CHECK(client.finish(1).output("out").delivered() == 0);
  CHECK_THAT(client.errors(), Catch::Contains("TLS: its certificate is not trusted: "));
  CHECK(server.terminate().lines_read() == 0);
}

TEST_CASE("a line counts as delivered only by a server that takes our certificate") {
  if (!have({"openssl"})) return;
  const world all, others;
  const temp_folder near, far;
  relay_under_test server(far, {"-i", "tls://127.0.0.1:0,name=in," + all.serving() + "," + all.trusting(), "all.log"});
  for (const auto& showing : {others.showing(), std::string()}) {
    INFO(showing);
    const temp_folder folder;
    relay_under_test client(folder, {"--drain-timeout=300ms", to(server, all.trusting() + (showing.empty() ? "" : "," + showing))});
    const auto refused = server.now().input("in").count("refused");
    client.write(numbered_lines(0, 1000));
    REQUIRE(eventually([&] { return server.now().input("in").count("refused") > refused; }));
    CHECK(client.finish(1).output("out").delivered() == 0);
  }
  const auto balance = server.terminate();
  CHECK(balance.lines_read() == 0);
  CHECK(balance.input("in").count("refused") > 0);
  CHECK_THAT(server.errors(), Catch::Contains("input 'in': refused 127.0.0.1:"));
}

TEST_CASE("lines go to another TLS server under its own name while the first is away and back") {
  if (!have({"openssl"})) return;
  const world all;
  const auto other = all.authority.sign("other", "DNS:localhost");  // and no address
  const temp_folder near, far, farther;
  relay_under_test second(farther, {"-i", "tls://127.0.0.1:0,cert=" + other.cert + ",key=" + other.key, "all.log"});
  const auto serving = [&](const std::string& port) {
    return std::make_unique<relay_under_test>(far, std::vector<std::string>{"-i", "tls://127.0.0.1:" + port + "," + all.serving(), "all.log"});
  };
  auto first = serving("0");
  const auto port = std::to_string(first->tcp_port());
  first->terminate();
  relay_under_test client(near, {fmt::format("tls://127.0.0.1:{},name=out,failover=localhost:{},failback=100ms,{}", port, second.tcp_port(), all.trusting())});
  client.write("one\n");
  REQUIRE(eventually([&] { return read_if_there(farther / "all.log") == "one\n"; }));
  first = serving(port);
  std::string wanted = "one\n";
  for (int n = 0; read_if_there(far / "all.log").empty(); ++n) {
    client.write(fmt::format("line {}\n", n));
    wanted += fmt::format("line {}\n", n);
    REQUIRE(eventually([&] { return read_if_there(farther / "all.log") + read_if_there(far / "all.log") == wanted; }));
  }
  CHECK(client.finish().output("out").count("retries") == 0);
  first->terminate();
  second.terminate();
  CHECK_THAT(client.errors(), Catch::Contains("lines go to localhost:") && Catch::Contains("goes back to tls://127.0.0.1:" + port));
}

TEST_CASE("a TLS server that ends and comes back has every line once") {
  if (!have({"openssl"})) return;
  const world all;
  const temp_folder near;
  const auto far = std::make_unique<temp_folder>();
  auto server = std::make_unique<relay_under_test>(*far, std::vector<std::string>{"-i", "tls://127.0.0.1:0," + all.serving(), "all.log"});
  const auto port = std::to_string(server->tcp_port());
  relay_under_test client(near, {to(*server, all.trusting())});
  client.write(numbered_lines(0, 1000));
  REQUIRE(eventually([&] { return client.now().output("out").delivered() == 1000; }));
  REQUIRE(eventually([&] { return server->now().lines_read() == 1000; }));
  server->terminate();
  client.write(numbered_lines(1000, 1000));
  server = std::make_unique<relay_under_test>(*far, std::vector<std::string>{"-i", "tls://127.0.0.1:" + port + "," + all.serving(), "all.log"});
  REQUIRE(client.finish().output("out").delivered() == 2000);
  REQUIRE(eventually([&] { return server->now().lines_read() == 1000; }));
  server->terminate();
  REQUIRE(difference(read_file(*far / "all.log"), numbered_lines(0, 2000)) == "");
}

TEST_CASE("silent peers and their handshakes hold up nobody") {
  if (!have({"openssl"})) return;
  const world all;
  const temp_folder near, far;
  relay_under_test server(far, {"-i", "tls://127.0.0.1:0,name=in,handshake-timeout=1s," + all.serving(), "all.log"});
  std::vector<fd> silent;
  for (int i = 0; i < 300; ++i) silent.push_back(connected_tcp(server.tcp_port()));
  for (int i = 0; i < 100; ++i) write_all(silent[static_cast<std::size_t>(i)], "not TLS at all\n");
  relay_under_test client(near, {to(server, all.trusting())});
  const auto began = std::chrono::steady_clock::now();
  client.write("hello\n");
  CHECK(client.finish().output("out").delivered() == 1);
  REQUIRE(eventually([&] { return server.now().lines_read() == 1; }));
  CHECK(std::chrono::steady_clock::now() - began < 1s);
  REQUIRE(eventually([&] { return server.now().input("in").count("refused") == 300; }));
  server.terminate();
  CHECK(count_newlines(server.errors()) <= 3);
}

TEST_CASE("certificates are read again when they change and on HUP") {
  if (!have({"openssl"})) return;
  const world all;
  const temp_folder near, far;
  const auto put = [&](const certificates::pair& from) {
    for (const auto& [file, to] : {std::pair(from.cert, far / "cert.pem"), std::pair(from.key, far / "key.pem")}) {
      std::filesystem::copy_file(file, to + ".new");
      std::filesystem::rename(to + ".new", to);
    }
  };
  put(all.server);
  relay_under_test server(far, {"-i", "tls://127.0.0.1:0,cert=cert.pem,key=key.pem", "all.log"});
  const auto moved = all.authority.sign("moved", "DNS:moved.example.com");
  const auto send = [&](const std::string& fingerprint) {
    const temp_folder folder;
    relay_under_test client(folder, {"--drain-timeout=200ms", to(server, "fingerprint=" + fingerprint)});
    client.write("hello\n");
    client.close_input();
    return client.status() == 0;
  };
  CHECK(send(all.server.fingerprint));
  CHECK_FALSE(send(moved.fingerprint));
  put(moved);
  server.send(SIGHUP);
  CHECK(send(moved.fingerprint));
  CHECK_FALSE(send(all.server.fingerprint));
  server.terminate();
}

TEST_CASE("HUP tells each time what is wrong with the files of TLS, of whoever is connected or not") {
  if (!have({"openssl"})) return;
  const world all;
  const temp_folder folder, far;
  for (const std::string name : {"cert.pem", "key.pem"})
    std::filesystem::copy_file(name == "key.pem" ? all.server.key : all.server.cert, folder / name);
  const fd nobody = bound_tcp();
  relay_under_test server(far, {"-i", "tls://127.0.0.1:0," + all.serving(), "all.log"});
  const auto files = std::string(",cert=cert.pem,key=key.pem,") + all.trusting();
  relay_under_test relay(folder, {"-i", "tls://127.0.0.1:0,name=in" + files, "-i", "-", fmt::format("tls://127.0.0.1:{},name=connected", server.tcp_port()) + files,
                                  fmt::format("relp+tls://127.0.0.1:{},name=alone", port_of(nobody)) + files, "null:"});
  REQUIRE(eventually([&] { return server.now().inputs().at(0).count("connections") == 1 && relay.now().output("alone").count("retries") > 0; }));
  write_file(folder / "key.pem", "nonsense");
  const auto told = [&](const std::string& who) {
    const auto text = who + ": unable to use key key.pem: there is no private key in it";
    std::size_t count = 0;
    const auto said = relay.errors();
    for (auto at = said.find(text); at != std::string::npos; at = said.find(text, at + 1)) ++count;
    return count;
  };
  for (std::size_t times = 1; times <= 2; ++times) {
    relay.send(SIGHUP);
    for (const std::string who : {"input 'in'", "output 'connected'", "output 'alone'"}) {
      INFO(who);
      CHECK(eventually([&] { return told(who) >= times; }));
    }
  }
}

TEST_CASE("a key that is open to others ends the start") {
  if (!have({"openssl"})) return;
  const world all;
  const temp_folder folder;
  std::filesystem::permissions(all.server.key, std::filesystem::perms(0644));
  const auto tried = run({LOGRELAY_PROGRAM, "-i", "tls://127.0.0.1:0," + all.serving(), folder / "out.log"});
  CHECK(tried.status == 2);
  CHECK_THAT(tried.errors, Catch::Contains("0644 it is open to others: chmod 0640 or less"));
  CHECK_FALSE(std::filesystem::exists(folder / "out.log"));
}
