// As a service: readiness, status and reload for managers that speak systemd's protocol or s6's, and sockets that they
// hand over.
#include "relay_under_test.hpp"

#include <support/eventually.hpp>
#include <support/temp_folder.hpp>
#include <support/sink.hpp>

using namespace logrelay;
using namespace logrelay::support;
using namespace std::string_literals;

namespace {

std::vector<std::string> firsts(const datagram_sink& manager) {
  std::vector<std::string> all;
  for (const auto& each : manager.messages()) all.push_back(each.substr(0, each.find('=')));
  return all;
}

bool heard(const datagram_sink& manager, const std::string& first, long times = 1) {
  return eventually([&] {
    const auto all = firsts(manager);
    return std::count(all.begin(), all.end(), first) >= times;
  });
}

}  // namespace

TEST_CASE("a manager hears that we are ready, reload and end, and a command of ours does not know it") {
  const temp_folder folder;
  const bool abstract = GENERATE(false, true);
  const auto name = abstract ? "@logrelay-test-" + folder.path().filename().string() : folder / "notify";
  const auto manager = datagram_sink::unixgram(name);
  process relay({LOGRELAY_PROGRAM, folder / "out.log", "--", "sh", "-c", "env; echo done; read line"},
                {.input = stream::pipe(), .environment = {{"NOTIFY_SOCKET", name}, {"WATCHDOG_USEC", "60000000"}}});
  REQUIRE(heard(manager, "READY"));
  REQUIRE(eventually([&] { return read_if_there(folder / "out.log").ends_with("done\n"); }));
  relay.send(SIGHUP);  // the command's too, which it ends
  REQUIRE(heard(manager, "RELOADING"));
  REQUIRE(heard(manager, "READY", 2));
  REQUIRE(relay.status() == 128 + SIGHUP);
  REQUIRE(heard(manager, "STOPPING"));
  const auto all = manager.messages();
  CHECK_THAT(all.front(), Catch::StartsWith("READY=1\nSTATUS=") && Catch::Contains(" delivered, "));
  const auto reload = std::find_if(all.begin(), all.end(), [](const auto& each) { return each.starts_with("RELOADING=1\nMONOTONIC_USEC="); });
  REQUIRE(reload != all.end());
  CHECK(std::stoull(reload->substr(reload->rfind('=') + 1)) > 0);
  const auto told = read_file(folder / "out.log");
  CHECK_THAT(told, Catch::Contains("PATH="));
  for (const auto* each : {"NOTIFY_SOCKET", "WATCHDOG"}) CHECK_THAT(told, !Catch::Contains(each));
}

TEST_CASE("the watchdog hears of us as long as we run") {
  const temp_folder folder;
  const auto manager = datagram_sink::unixgram(folder / "notify");
  relay_under_test relay(folder, {"out.log"}, {.input = stream::pipe(), .environment = {{"NOTIFY_SOCKET", folder / "notify"}, {"WATCHDOG_USEC", "20000"}}});
  REQUIRE(heard(manager, "WATCHDOG", 5));
  relay.write("one\n");
  CHECK(relay.finish().output("out.log").delivered() == 1);
}

TEST_CASE("a manager that is not there is told of once and stops nothing") {
  const temp_folder folder;
  relay_under_test relay(folder, {"out.log"}, {.input = stream::pipe(), .environment = {{"NOTIFY_SOCKET", folder / "nobody"}, {"WATCHDOG_USEC", "10000"}}});
  relay.write("one\n");
  REQUIRE(eventually([&] { return relay.now().output("out.log").delivered() == 1; }));
  relay.finish();
  const auto said = relay.errors();
  CHECK(said == "logrelay: warning: unable to tell the service manager by " + folder / "nobody" +
                    " how it goes: No such file or directory; will try again\n");
}

TEST_CASE("readiness is a newline on a descriptor once everything is open") {
  const temp_folder folder;
  const auto ready = make_pipe();
  relay_under_test relay(folder, {"--ready-fd=3", "-i", "unix:in.sock", "out.log"}, {.descriptors = {{3, ready.writing.get()}}});
  char got[8];
  REQUIRE(::read(ready.reading.get(), got, sizeof got) == 1);
  CHECK(got[0] == '\n');
  const fd peer = connected_unix(folder / "in.sock");
  write_all(peer, "one\n");
  REQUIRE(eventually([&] { return relay.now().output("out.log").delivered() == 1; }));
  relay.terminate();
}

TEST_CASE("a descriptor for readiness that is not open is a mistake and so is one of the standard ones") {
  const temp_folder folder;
  const auto closed = run({LOGRELAY_PROGRAM, "--ready-fd=9", folder / "out.log"});
  CHECK(closed.status == 2);
  CHECK(closed.errors == "logrelay: error: --ready-fd=9: it is not open for writing\n");
  CHECK_FALSE(std::filesystem::exists(folder / "out.log"));
  CHECK(run({LOGRELAY_PROGRAM, "--ready-fd=1", folder / "out.log"}).status == 2);
}

TEST_CASE("sockets that are handed over serve the inputs with their addresses and others are told of") {
  const temp_folder folder;
  const fd tcp = bound_tcp(), stream_socket = bound_unix(folder / "s.sock"), other = bound_unixgram(folder / "other.sock");
  listen_on(tcp);
  listen_on(stream_socket);
  const auto port = std::to_string(port_of(tcp));
  // The number of the process is known to itself alone.
  const auto report = folder / "report.json";
  process relay({"sh", "-c", "LISTEN_PID=$$ LISTEN_FDS=3 LISTEN_FDNAMES=a:b:c exec \"$@\"", "sh", LOGRELAY_PROGRAM, "--report", report, "-i",
                 "tcp://127.0.0.1:" + port, "-i", "unix:" + folder / "s.sock", folder / "out.log"},
                {.descriptors = {{3, tcp.get()}, {4, stream_socket.get()}, {5, other.get()}}});
  // Who connects before it is up is served too.
  for (const auto& peer : {std::pair{connected_tcp(port_of(tcp)).release(), "tcp\n"s}, {connected_unix(folder / "s.sock").release(), "unix\n"s}})
    write_all(fd(peer.first), peer.second);
  REQUIRE(eventually([&] { return file_size(folder / "out.log") == 9; }));
  relay.send(SIGTERM);
  REQUIRE(relay.status() == 0);
  check_balance(read_report(report));
  CHECK(relay.errors() == "logrelay: warning: the socket " + folder / "other.sock" +
                              " was handed over by who started us, but no input has that address: nobody reads it\n");
  CHECK(std::filesystem::exists(folder / "s.sock"));  // it is the manager's
}

TEST_CASE("systemd-socket-activate starts us with its socket") {
  if (!has("systemd-socket-activate")) {
    WARN("systemd-socket-activate is not there");
    return;
  }
  const temp_folder folder;
  process manager({"systemd-socket-activate", "-l", folder / "s.sock", LOGRELAY_PROGRAM, "-i", "unix:" + folder / "s.sock", folder / "out.log"});
  const fd peer = connected_unix(folder / "s.sock");
  write_all(peer, "one\n");
  REQUIRE(eventually([&] { return file_size(folder / "out.log") == 4; }));
  manager.send(SIGTERM);  // it has become the relay
  CHECK(manager.status() == 0);
}

TEST_CASE("our units are as hardened as they say and systemd understands them") {
  if (!has("systemd-analyze")) {
    WARN("systemd-analyze is not there");
    return;
  }
  const std::string units = LOGRELAY_SOURCE "/packaging/systemd/";
  for (const auto* each : {"logrelay.service", "logrelay@.service"}) {
    INFO(each);
    const auto rated = run({"systemd-analyze", "security", "--offline=true", "--threshold=20", units + each});
    INFO(rated.output << rated.errors);
    CHECK(rated.status == 0);
  }
  for (const auto& each : names_in(units)) {
    const auto verified = run({"systemd-analyze", "verify", "--man=no", units + each});
    INFO(each << ": " << verified.errors);
    // Where we are not installed, that is all there is to say.
    for (const auto& line : split_lines(verified.errors)) CHECK_THAT(line, Catch::Contains("/usr/bin/logrelay is not executable"));
  }
}
