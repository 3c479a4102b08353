// Senders that mean no good, and the honest ones beside them; whom an input serves, and as whom it goes on.
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <support/certificates.hpp>

#include "peer_programs.hpp"

using namespace logrelay;
using namespace logrelay::support;

namespace {

constexpr std::uint64_t mib = 1024 * 1024;

/// Sends a line as an honest peer would, and waits until it is in the file.
void honest_line_comes(const relay_under_test& relay, const temp_folder& folder, const std::string& line) {
  write_all(connected_tcp(relay.port("in")), line + "\n");
  REQUIRE(eventually([&] { return read_if_there(folder / "all.log").find(line + "\n") != std::string::npos; }));
}

std::string status_field(const process& of, const std::string& name) {
  const auto status = read_if_there("/proc/" + std::to_string(of.id()) + "/status");
  const auto at = status.find(name + ":");
  return status.substr(at, status.find('\n', at) - at);
}

bool is_root() {
  if (::geteuid() == 0) return true;
  WARN("left out: only root can become somebody else");
  return false;
}

}  // namespace

TEST_CASE("hundreds that trickle a byte at a time hold up nobody and take little memory") {
  const temp_folder folder;
  relay_under_test relay(folder, {"-i", "syslog+tcp://127.0.0.1:0,name=in", "all.log"});
  const auto port = relay.port("in");
  std::vector<fd> trickling;
  for (int i = 0; i < 500; ++i) trickling.push_back(connected_tcp(port));
  const std::string begun = "<13>1 2026-11-22T14:05:01Z host app";
  for (std::size_t n = 0; n < begun.size(); ++n) {
    for (const auto& each : trickling) write_all(each, begun.substr(n, 1));
    if (n % 10 == 0) honest_line_comes(relay, folder, fmt::format("<13>1 - h a - - - honest {}", n));
  }
  CHECK(relay.resident_bytes() < 64 * mib);
  trickling.clear();
  REQUIRE(eventually([&] { return relay.now().lines_read() == 504; }));  // what they had begun is kept
  relay.terminate();
}

TEST_CASE("lines without end on many connections are cut and memory stays bounded") {
  const temp_folder folder;
  relay_under_test relay(folder, {"-i", "tcp://127.0.0.1:0,name=in,max-line=64M", "all.log"});
  std::vector<fd> peers;
  for (int i = 0; i < 20; ++i) peers.push_back(connected_tcp(relay.port("in")));
  const std::string piece(256 * 1024, 'x');
  std::uint64_t sent = 0;
  for (int n = 0; n < 12; ++n)
    for (const auto& each : peers) write_all(each, piece), sent += piece.size();
  honest_line_comes(relay, folder, "honest");
  CHECK(relay.peak_resident_bytes() < 160 * mib);  // 64 of the queue, 16 of unfinished lines, buffers, and the program
  peers.clear();
  REQUIRE(eventually([&] { return relay.now().input("in").count("connections") == 0; }));
  const auto balance = relay.terminate();
  CHECK(balance.input("in").count("long_lines") > 0);
  CHECK(file_size(folder / "all.log") >= sent);  // nothing of them is lost
}

TEST_CASE("thousands that connect and go hold up nobody") {
  const temp_folder folder;
  relay_under_test relay(folder, {"-i", "tcp://127.0.0.1:0,name=in,max-connections=100", "all.log"});
  const auto port = relay.port("in");
  for (int round = 0; round < 4; ++round) {
    for (int i = 0; i < 500; ++i) {
      auto one = connected_tcp(port);
      if (i % 3 == 0) write_all(one, "x");
      if (i % 2 == 0) reset(std::move(one));
    }
    honest_line_comes(relay, folder, fmt::format("honest {}", round));
  }
  REQUIRE(eventually([&] { return relay.now().input("in").count("connections") == 0; }));
  relay.terminate();
}

TEST_CASE("malformed messages are lines and the stream goes on behind them") {
  const temp_folder folder;
  relay_under_test relay(folder, {"-i", "syslog+tcp://127.0.0.1:0,name=in,max-line=1K", "raw.log", "all.log,format=json", "rfc.log,format=rfc5424"});
  const std::vector<std::string> malformed = {
      "99999999999999999999 <13>x", "0 <13>x", "-5 <13>x", "5000000 <13>x", "12", "3 <1", "<>1 x", "<999>1 x", "<-1>x", "<13", "<13>", "<013>x",
      "<13>1 2026-99-99T99:99:99Z h a - - - x", "<13>1 2026-11-22T14:05:01.123456789123Z h a - - - x", "<13>Feb 31 25:61:61 h a: x",
      "<13>1 - - - - - [", "<13>1 - - - - - [id a=\"", "<13>1 - - - - - [id a=\"\\", "<13>1 - - - - - []", "<13>1 - - - - - [id a=b] x",
      "<13>1 - - - - - [a][b][", "<13>1", "<13>1 ", "<13>2 - - - - - - x", std::string("\xff\xfe<13>\x80", 7), std::string(900, '['),
      "<13>1 - " + std::string(800, 'h') + " - - - - x", "<13>1 2026-11-22T14:05:01Z h a - - " + std::string(400, '[') + " x"};
  std::size_t lines = 0;
  for (const auto& each : malformed) {
    auto peer = connected_tcp(relay.port("in"));
    write_all(peer, each + "\n<13>1 - h a - - - behind\n");
    reset(std::move(peer));
    const auto before = lines;
    CAPTURE(each);
    REQUIRE(eventually([&] { return (lines = relay.now().lines_read()) > before || !relay.running(); }));
    REQUIRE(relay.running());
  }
  const auto peer = connected_tcp(relay.port("in"));
  write_all(peer, "<13>1 - h a - - - honest\n");
  REQUIRE(eventually([&] { return read_if_there(folder / "raw.log").find(" honest\n") != std::string::npos; }));
  relay.terminate();
  for (const auto& line : split_lines(read_file(folder / "all.log"))) CHECK(nlohmann::json::accept(line));
}

TEST_CASE("who sends too many datagrams is named also where it has no address") {
  const temp_folder folder;
  relay_under_test relay(folder, {"-i", "unixgram:g.sock,name=g,peer-rate=5", "-i", "udp://127.0.0.1:0,name=u,peer-rate=5", "all.log"});
  const auto unbound = connected_unixgram(folder / "g.sock"), udp = connected_udp(relay.port("u"));
  for (int i = 0; i < 20; ++i) {
    send_datagram(unbound, "hello");
    send_datagram(udp, "hello");
  }
  REQUIRE(eventually([&] { return relay.now().input("g").count("limited") > 0 && relay.now().input("u").count("limited") > 0; }));
  relay.terminate();
  CHECK_THAT(relay.errors(), Catch::Contains(fmt::format("input 'g': user {} (process {}) sends more than peer-rate=5: its datagrams over it are dropped\n",
                                                         ::getuid(), ::getpid())));
  CHECK_THAT(relay.errors(), Catch::Contains("input 'u': 127.0.0.1:"));
}

TEST_CASE("who asks for a renegotiation of TLS gets none and others are served") {
  if (!have({"openssl"})) return;
  const temp_folder folder, keys;
  const certificates authority(keys.path().string());
  const auto pair = authority.sign("server", "DNS:localhost");
  relay_under_test relay(folder, {"-i", "tls://127.0.0.1:0,name=in,cert=" + pair.cert + ",key=" + pair.key, "all.log"});
  const auto to = "127.0.0.1:" + std::to_string(relay.port("in"));
  process asks({"openssl", "s_client", "-tls1_2", "-connect", to}, {.input = stream::pipe()});
  asks.write("before\n");
  REQUIRE(eventually([&] { return read_if_there(folder / "all.log") == "before\n"; }));
  asks.write("R\n");  // s_client's word for it
  static_cast<void>(asks.wait());
  CHECK_THAT(asks.errors(), Catch::Contains("no renegotiation"));
  const process client({"openssl", "s_client", "-quiet", "-connect", to}, {.input = stream::pipe()});
  client.write("after\n");
  REQUIRE(eventually([&] { return read_if_there(folder / "all.log").ends_with("after\n"); }));
  relay.terminate();
}

TEST_CASE("root opens what only root may and goes on as the user that it is told") {
  if (!is_root()) return;
  const temp_folder folder;
  ::chmod(folder.path().c_str(), 0777);  // the report is the user's to write
  // A socket and a file in a folder that is root's, a command, and standard descriptors that are opened anew by their names.
  const auto roots = folder / "roots";
  std::filesystem::create_directory(roots);
  ::chmod(roots.c_str(), 0700);
  relay_under_test relay(folder, {"--user=daemon", "--metrics=none", "-i", "unix:" + roots + "/s,name=in", "-i", "-", roots + "/all.log", "-", "exec:id -un > who",
                                  "fifo:pipe,from=in"});
  CHECK(status_field(relay, "Uid") == "Uid:\t1\t1\t1\t1");
  CHECK(status_field(relay, "Gid") == "Gid:\t1\t1\t1\t1");
  CHECK(status_field(relay, "Groups").find("\t0 ") == std::string::npos);
  CHECK(status_field(relay, "CapEff").ends_with("\t0000000000000000"));
  relay.write("from a pipe\n");
  write_all(connected_unix(roots + "/s"), "from a socket\n");
  REQUIRE(eventually([&] { return count_newlines(read_if_there(roots + "/all.log")) == 2; }));
  REQUIRE(eventually([&] { return count_newlines(relay.output()) == 2; }));
  REQUIRE(eventually([&] { return read_if_there(folder / "who") == "daemon\n"; }));
}

TEST_CASE("a file that root has made for a user is the user's, who opens it again at HUP") {
  if (!is_root()) return;
  const temp_folder folder;
  ::chmod(folder.path().c_str(), 0777);
  write_file(folder / "theirs.log", "");  // it was there: whose it is, is its owner's affair
  relay_under_test relay(folder, {"--user=daemon", "--metrics=none", "-i", "-", "all.log", "new/all.log", "theirs.log", "null:,name=spooled,spool=spool"});
  relay.write("one\n");
  REQUIRE(eventually([&] { return read_if_there(folder / "all.log") == "one\n"; }));
  const auto owner = [&](const std::string& name) {
    struct stat there {};
    return ::stat((folder / name).c_str(), &there) == 0 ? static_cast<int>(there.st_uid) : -1;
  };
  CHECK(owner("all.log") == 1);
  CHECK(owner("new") == 1);
  CHECK(owner("new/all.log") == 1);
  CHECK(owner("theirs.log") == 0);
  CHECK(owner("spool") == 1);
  CHECK(eventually([&] { return relay.now().output("spooled").delivered() == 1; }));
  std::filesystem::rename(folder / "all.log", folder / "moved.log");
  std::filesystem::rename(folder / "moved.log", folder / "all.log");
  relay.send(SIGHUP);
  relay.write("two\n");
  REQUIRE(eventually([&] { return read_if_there(folder / "all.log") == "one\ntwo\n"; }));
  relay.terminate();
  CHECK_THAT(relay.errors(), Catch::Contains("unable to open theirs.log: Permission denied") && !Catch::Contains("all.log"));
}

TEST_CASE("a user that it cannot become ends the start and leaves nothing behind") {
  const temp_folder folder;
  const auto tried = run({LOGRELAY_PROGRAM, "--user=no-such-user", "-i", "unix:" + folder / "s", folder / "all.log"});
  CHECK(tried.status == 2);
  CHECK_THAT(tried.errors, Catch::Contains("unable to become user 'no-such-user': there is no such user"));
  CHECK(names_in(folder.path()).empty());
}
