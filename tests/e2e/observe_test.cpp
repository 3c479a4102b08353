// How a running relay is seen: by Prometheus, by health checks and by logrelayctl top.
#include <e2e/peer_programs.hpp>
#include <e2e/running_relay.hpp>
#include <support/lines.hpp>
#include <support/sockets.hpp>

#include <logrelay/observe/report_client.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/socket.h>
#include <termios.h>

#include <filesystem>
#include <optional>

using namespace logrelay;
using namespace logrelay::support;

namespace {

/// A relay into a file whose report is served on a socket beside it.
struct observed_relay {
  explicit observed_relay(std::vector<std::string> outputs = {}) {
    std::vector<std::string> words{"--metrics", "unix:" + socket, folder / "out,name=file"};
    words.insert(words.end(), outputs.begin(), outputs.end());
    relay.emplace(folder, words);
    REQUIRE(eventually([&] { return get("/healthz").error.find("No such file") == std::string::npos; }));
  }
  fetched get(const std::string& page) { return fetch({.what = metrics_address::kind::unix_socket, .path = socket}, page, patience); }
  /// Waits until it has read so many lines and says so.
  void has_read(std::uint64_t lines) {
    REQUIRE(eventually([&] {
      const auto got = get("/report");
      return got.error.empty() && support::report(got.body).lines_read() == lines;
    }));
  }

  temp_folder folder;
  std::string socket = folder / "s";
  std::optional<running_relay> relay;
};

/// An output that nobody takes anything of, dead after 10 ms.
struct dead_output {
  [[nodiscard]] std::string words() const { return "tcp://127.0.0.1:" + std::to_string(port_of(refusing)) + ",name=dead,stall-after=10ms"; }
  fd refusing = bound_tcp(family::ipv4);
};

run_result top(const std::vector<std::string>& words, const std::map<std::string, std::string>& environment) {
  std::vector<std::string> all{LOGRELAY_CONTROL, "top"};
  all.insert(all.end(), words.begin(), words.end());
  return run(all, {.environment = environment});
}

/// The relays of a user whose runtime directory is a test's own.
struct own_runtime_directory {
  temp_folder folder;
  std::map<std::string, std::string> environment{{"XDG_RUNTIME_DIR", folder.path().string()}, {"RUNTIME_DIRECTORY", ""}, {"LANG", "C.UTF-8"}, {"LC_ALL", ""}};
  [[nodiscard]] std::string socket_of(const running_relay& relay) const { return folder / ("logrelay/" + std::to_string(relay.program().id()) + ".sock"); }
};

/// logrelayctl top in a terminal, of which we have the other end.
class top_in_terminal {
 public:
  explicit top_in_terminal(const std::string& address)
      : program_({LOGRELAY_CONTROL, "top", address},
                 {.input = stream::descriptor(ends_.terminal.get()), .output = stream::descriptor(ends_.terminal.get()), .environment = {{"NO_COLOR", ""}}}) {
    ::fcntl(ends_.keyboard.get(), F_SETFL, O_NONBLOCK);
  }
  process& program() { return program_; }
  void type(std::string_view keys) { write_all(ends_.keyboard, keys); }
  /// Waits until it has drawn this.
  void draws(const std::string& text) {
    INFO(screen_);
    REQUIRE(eventually([&] { return read().find(text) != std::string::npos; }));
  }
  /// Waits for its end; the terminal must be as it was.
  void ends(int status) {
    CHECK(program_.status() == status);
    draws("\x1b[?1049l");
    CHECK(screen_.find("\x1b[?25h") != std::string::npos);
    termios now{};
    ::tcgetattr(ends_.terminal.get(), &now);
    CHECK(now.c_lflag == modes_.c_lflag);
  }

 private:
  const std::string& read() {
    char part[4096];
    for (ssize_t n = 0; (n = ::read(ends_.keyboard.get(), part, sizeof part)) > 0;) screen_.append(part, static_cast<std::size_t>(n));
    return screen_;
  }
  terminal_ends ends_ = make_terminal();
  // Before the program: it changes them at once.
  const termios modes_ = [this] {
    termios before{};
    ::tcgetattr(ends_.terminal.get(), &before);
    return before;
  }();
  process program_;
  std::string screen_;
};

}  // namespace

TEST_CASE("promtool accepts the metrics of a relay at work") {
  const dead_output dead;
  observed_relay it({dead.words()});
  (*it.relay)->write(numbered_lines(0, 100));
  it.has_read(100);
  const auto text = it.get("/metrics").body;
  CHECK_THAT(text, Catch::Contains("logrelay_input_lines_total{input=\"stdin\"} 100\n"));
  CHECK_THAT(text, Catch::Contains("logrelay_output_accepted_lines_total{output=\"dead\"} 100\n"));
  if (have({"promtool"})) {
    write_file(it.folder / "metrics", text);
    const auto checked = run({"promtool", "check", "metrics"}, {.input = stream::file(it.folder / "metrics")});
    CHECK(checked.output + checked.errors == "");
    CHECK(checked.status == 0);
  }
  (*it.relay)->send(SIGTERM);
  (*it.relay)->send(SIGTERM);
  it.relay->end(1);
}

TEST_CASE("a real Prometheus scrapes a relay") {
  if (!have({"prometheus"})) return;
  const temp_folder folder;
  running_relay relay(folder, {"--metrics", ":0", folder / "out"});
  relay->write(numbered_lines(0, 1234));
  const auto port = relay->tcp_port();
  write_file(folder / "prometheus.yml",
             "scrape_configs: [{job_name: relay, scrape_interval: 1s, scrape_timeout: 1s, static_configs: [{targets: ['127.0.0.1:" +
                 std::to_string(port) + "']}]}]\n");
  process prometheus({"prometheus", "--config.file=" + (folder / "prometheus.yml"), "--storage.tsdb.path=" + (folder / "data"), "--web.listen-address=127.0.0.1:0"});
  const metrics_address at{.what = metrics_address::kind::tcp, .where = {"127.0.0.1", std::to_string(prometheus.tcp_port())}};
  std::string answer;
  INFO(prometheus.errors());
  CHECK(eventually(
      [&] {
        answer = fetch(at, "/api/v1/query?query=logrelay_output_delivered_lines_total", patience).body;
        return answer.find("\"1234\"]") != std::string::npos;
      },
      4 * patience));
  CHECK_THAT(answer, Catch::Contains("\"output\":\"" + (folder / "out") + "\""));
  prometheus.send(SIGTERM);
  prometheus.wait();
  relay->close_input();
  relay.end();
}

TEST_CASE("health is 503 while an output is stalled, and 200 once it goes on") {
  const temp_folder folder;
  const auto fifo = folder / "fifo";
  make_fifo(fifo);
  observed_relay it({"fifo:" + fifo + ",name=pipe,stall-after=10ms"});
  CHECK(it.get("/healthz").body == "ok\n");
  (*it.relay)->write("one\n");
  REQUIRE(eventually([&] { return it.get("/healthz").error == "it answers 503 Service Unavailable"; }));
  process reader({"cat", fifo});
  REQUIRE(eventually([&] { return it.get("/healthz").body == "ok\n"; }));
  (*it.relay)->close_input();
  it.relay->end();
}

TEST_CASE("clients that say nothing or too much disturb no line") {
  observed_relay it;
  std::vector<fd> idle;
  for (int i = 0; i < 100; ++i) idle.push_back(connected_unix(it.socket));
  for (int i = 0; i < 50; ++i) static_cast<void>(::send(idle[static_cast<std::size_t>(i)].get(), "GET /metrics", 12, MSG_NOSIGNAL));
  const auto text = numbered_lines(0, 10'000);
  it.relay->feed(text);
  CHECK(difference(read_file(it.folder / "out"), text) == "");
}

TEST_CASE("a relay leaves a socket in the runtime directory, for its user alone, and takes it away") {
  const own_runtime_directory own;
  const temp_folder folder;
  running_relay relay(folder, {folder / "out"}, {.input = stream::pipe(), .environment = own.environment});
  const auto socket = own.socket_of(relay);
  REQUIRE(eventually([&] { return fetch({.what = metrics_address::kind::unix_socket, .path = socket}, "/healthz", patience).body == "ok\n"; }));
  struct stat there {};
  REQUIRE(::lstat(socket.c_str(), &there) == 0);
  CHECK((there.st_mode & 07777) == 0600);
  relay->close_input();
  relay.end();
  CHECK(names_in(own.folder / "logrelay").empty());
}

TEST_CASE("a relay removes what a killed one left in the runtime directory") {
  const own_runtime_directory own;
  const temp_folder folder;
  {
    process killed({LOGRELAY_PROGRAM, "null:"}, {.input = stream::pipe(), .environment = own.environment});
    REQUIRE(eventually([&] { return std::filesystem::exists(own.folder / "logrelay") && names_in(own.folder / "logrelay").size() == 1; }));
    killed.send(SIGKILL);
    killed.wait();
  }  // until then its number is taken
  CHECK(names_in(own.folder / "logrelay").size() == 1);
  CHECK(run({LOGRELAY_PROGRAM, "null:"}, {.environment = own.environment}).status == 0);
  CHECK(names_in(own.folder / "logrelay").empty());
}

TEST_CASE("a relay starts where the runtime directory is of no use, and without one when told so") {
  const auto status = [](const std::vector<std::string>& words, const std::string& directory) {
    std::vector<std::string> all{LOGRELAY_PROGRAM, "null:"};
    all.insert(all.end(), words.begin(), words.end());
    const auto ended = run(all, {.environment = {{"XDG_RUNTIME_DIR", directory}, {"RUNTIME_DIRECTORY", ""}}});
    CHECK(ended.errors == "");
    return ended.status;
  };
  const temp_folder folder;
  CHECK(status({}, "/nonexistent") == 0);
  CHECK(status({}, "/proc") == 0);
  CHECK(status({}, folder / std::string(200, 'x')) == 0);
  CHECK(status({"--metrics=none"}, folder.path().string()) == 0);
  CHECK(names_in(folder.path()).empty());
}

TEST_CASE("an address for metrics that cannot be had is the end of a start") {
  const temp_folder folder;
  const auto taken = bound_tcp();
  listen_on(taken);
  for (const auto& address : {"127.0.0.1:" + std::to_string(port_of(taken)), std::string("unix:/nonexistent/s")}) {
    const auto ended = run({LOGRELAY_PROGRAM, "--metrics", address, folder / "out"});
    CHECK(ended.status == 2);
    CHECK_THAT(ended.errors, Catch::Contains("unable to listen on"));
    CHECK(names_in(folder.path()).empty());
  }
}

TEST_CASE("logrelayctl top shows the one relay that it finds") {
  const own_runtime_directory own;
  const temp_folder folder;
  running_relay relay(folder, {folder / "out,name=file"}, {.input = stream::pipe(), .environment = own.environment});
  relay->write(numbered_lines(0, 4321));
  REQUIRE(eventually([&] { return top({"--once"}, own.environment).output.find(" 4321 ") != std::string::npos; }));
  const auto shown = top({"--once"}, own.environment);
  CHECK(shown.status == 0);
  CHECK_THAT(shown.output, Catch::Contains("● ok") && Catch::Contains("unix:" + own.socket_of(relay)) && Catch::Contains(" stdin ") && Catch::Contains(" file "));
  CHECK(top({"--once", std::to_string(relay->id())}, own.environment).output.find("● ok") != std::string::npos);
  relay->close_input();
  relay.end();
}

TEST_CASE("logrelayctl top lists several relays, and says where it looked for none") {
  const own_runtime_directory own;
  const auto none = top({"--once"}, own.environment);
  if (none.status == 0) {
    WARN("left out: a service of somebody's runs here");
    return;
  }
  CHECK(none.status == 2);
  CHECK_THAT(none.errors, Catch::Contains("no relay in " + own.folder.path().string() + "/logrelay, /run/logrelay"));
  const temp_folder one, two;
  running_relay first(one, {one / "out,name=first"}, {.input = stream::pipe(), .environment = own.environment});
  running_relay second(two, {two / "out,name=second"}, {.input = stream::pipe(), .environment = own.environment});
  REQUIRE(eventually([&] { return top({"--once"}, own.environment).errors.find("2 relays run here") != std::string::npos; }));
  const auto listed = top({}, own.environment);
  CHECK(listed.status == 2);
  CHECK_THAT(listed.output, Catch::Contains("unix:" + own.socket_of(first)) && Catch::Contains("stdin > first") && Catch::Contains("stdin > second"));
  for (auto* each : {&first, &second}) {
    (*each)->close_input();
    each->end();
  }
}

TEST_CASE("logrelayctl top says what is wrong with its words, and who does not answer") {
  const auto said = [](const std::vector<std::string>& words, int status) {
    const auto got = top(words, {{"XDG_RUNTIME_DIR", ""}, {"RUNTIME_DIRECTORY", ""}});
    CHECK(got.status == status);
    return got.errors;
  };
  CHECK_THAT(said({"--often"}, 2), Catch::Contains("'--often' means nothing here"));
  CHECK_THAT(said({"a", "b"}, 2), Catch::Contains("'b' means nothing here"));
  CHECK_THAT(said({"none"}, 2), Catch::Contains("is no address"));
  CHECK_THAT(said({"unix:/nonexistent"}, 1), Catch::Contains("unable to ask unix:/nonexistent: No such file or directory"));
  const auto refusing = bound_tcp();
  CHECK_THAT(said({"--once", "127.0.0.1:" + std::to_string(port_of(refusing))}, 1), Catch::Contains("Connection refused"));
}

TEST_CASE("logrelayctl top draws until q, and gives the terminal back") {
  observed_relay it;
  (*it.relay)->write("one\n");
  it.has_read(1);
  {
    top_in_terminal shown("unix:" + it.socket);
    shown.draws("q quits");
    (*it.relay)->write(numbered_lines(0, 776));
    shown.draws(" 777 ");
    shown.type("x");
    shown.type("q");
    shown.ends(0);
  }
  for (const int signal : {SIGTERM, SIGINT}) {
    top_in_terminal shown("unix:" + it.socket);
    shown.draws("q quits");
    shown.program().send(signal);
    shown.ends(0);
  }
  (*it.relay)->close_input();
  it.relay->end();
}

TEST_CASE("logrelayctl top ends with its relay") {
  observed_relay it;
  top_in_terminal shown("unix:" + it.socket);
  shown.draws("q quits");
  it.relay->feed("one\n");
  shown.draws("the relay has ended");
  shown.ends(0);
}

TEST_CASE("logrelayctl top needs a terminal but for one frame") {
  observed_relay it;
  const auto refused = top({"unix:" + it.socket}, {});
  CHECK(refused.status == 2);
  CHECK_THAT(refused.errors, Catch::Contains("--once"));
  it.relay->feed("one\n");
}
