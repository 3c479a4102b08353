// Where a relay's report is served: a reload moves it, and a relay that goes on as another user serves it for that one.
#include <e2e/relay_under_test.hpp>
#include <support/eventually.hpp>

#include <logrelay/observe/report_client.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

using namespace logrelay;
using namespace logrelay::support;

namespace {

metrics_address at(const std::string& where) {
  mistakes wrong;
  auto made = parse_metrics_address(where, wrong);
  REQUIRE(wrong.empty());
  return made;
}

bool is_served(const std::string& where) { return fetch(at(where), "/healthz", patience).body == "ok\n"; }
bool is_gone(const std::string& where) { return fetch(at(where), "/healthz", patience).gone; }

/// A relay that follows its file, in which the address stands that is asked for; "": none does.
struct movable_relay {
  explicit movable_relay(const std::string& where)
      : relay(folder, {"-v", "-c", file_with(where)}, {.input = stream::pipe(), .environment = {{"RUNTIME_DIRECTORY", ""}, {"XDG_RUNTIME_DIR", folder / ""}}}) {}
  void asks_for(const std::string& where) {
    file_with(where);
    relay.send(SIGHUP);
  }
  [[nodiscard]] bool says(const std::string& text) const { return relay.errors().find(text) != std::string::npos; }
  [[nodiscard]] std::string own_socket() const { return "unix:" + folder / ("logrelay/" + std::to_string(relay.id()) + ".sock"); }
  std::string file_with(const std::string& where) const {
    write_file(folder / "relay.toml", (where.empty() ? "" : "metrics = '" + where + "'\n") + "[[output]]\nendpoint = 'out.log'\n");
    return folder / "relay.toml";
  }

  temp_folder folder;
  relay_under_test relay;
};

/// A program of ours at a place where every user may run it.
std::string for_every_user(const temp_folder& folder, const std::string& program) {
  const auto copy = folder / "program";
  std::filesystem::copy_file(program, copy);
  ::chmod(copy.c_str(), 0755);
  return copy;
}

}  // namespace

TEST_CASE("a reload moves the report to where the file says now") {
  movable_relay it("unix:one");
  const auto one = "unix:" + it.folder / "one", two = "unix:" + it.folder / "two";
  REQUIRE(is_served(one));
  it.asks_for("unix:two");
  REQUIRE(eventually([&] { return is_served(two) && is_gone(one); }));
  CHECK_FALSE(std::filesystem::exists(it.folder / "one"));
  it.asks_for("");
  REQUIRE(eventually([&] { return is_served(it.own_socket()) && is_gone(two); }));
  it.asks_for("none");
  REQUIRE(eventually([&] { return is_gone(it.own_socket()); }));
  CHECK(names_in(it.folder / "logrelay").empty());
  it.asks_for("unix:one");
  REQUIRE(eventually([&] { return is_served(one); }));
  CHECK_FALSE(it.says("next start"));
  it.relay.write("line\n");
  it.relay.finish();
  CHECK(read_file(it.folder / "out.log") == "line\n");
}

TEST_CASE("a reload to an address that cannot be had leaves the report where it is and says so") {
  movable_relay it("unix:one");
  const auto one = "unix:" + it.folder / "one";
  const auto taken = bound_tcp();
  listen_on(taken);
  const auto address = "127.0.0.1:" + std::to_string(port_of(taken));
  it.asks_for(address);
  REQUIRE(eventually([&] { return it.says("unable to listen on --metrics " + address + ": Address already in use; the report is still served on one"); }));
  CHECK(is_served(one));
  it.asks_for("unix:nowhere/two");
  REQUIRE(eventually([&] { return it.says("unable to listen on nowhere/two: No such file or directory; the report is still served on one"); }));
  CHECK(is_served(one));
  it.relay.finish();
}

TEST_CASE("a reload changes the host of a port, and takes the port back where there is no such host") {
  movable_relay it("127.0.0.1:0");
  const auto port = ":" + std::to_string(it.relay.tcp_port());
  REQUIRE(is_served(port));
  it.asks_for("0.0.0.0" + port);
  REQUIRE(eventually([&] { return it.says("served on 0.0.0.0" + port) && is_served(port); }));
  it.asks_for("192.0.2.1" + port);
  REQUIRE(eventually([&] { return it.says("; the report is still served on 0.0.0.0" + port); }));
  CHECK(is_served(port));
  it.relay.finish();
}

TEST_CASE("a relay that goes on as another user is seen by that user and by root, and takes its socket away") {
  if (::geteuid() != 0) {
    WARN("left out: only root can become somebody else");
    return;
  }
  const temp_folder folder;
  ::chmod(folder.path().c_str(), 0777);  // the report is the user's to write
  const auto runtime = folder / "run";
  std::filesystem::create_directory(runtime);
  const auto control = for_every_user(folder, LOGRELAY_CONTROL);
  const std::map<std::string, std::string> environment{{"RUNTIME_DIRECTORY", runtime}, {"XDG_RUNTIME_DIR", ""}};
  relay_under_test relay(folder, {"--user=daemon", "null:,name=nowhere"}, {.input = stream::pipe(), .environment = environment});
  const auto socket = runtime + "/daemon/" + std::to_string(relay.id()) + ".sock";
  REQUIRE(eventually([&] { return is_served("unix:" + socket); }));
  struct stat there {};
  REQUIRE(::lstat(socket.c_str(), &there) == 0);
  CHECK((there.st_mode & 07777) == 0600);
  CHECK(there.st_uid == 1);
  const std::vector<std::string> as_root{control, "top", "--once"};
  for (const auto& who : {std::vector<std::string>{}, {"setpriv", "--reuid=daemon", "--regid=daemon", "--clear-groups"}}) {
    auto words = who;
    words.insert(words.end(), as_root.begin(), as_root.end());
    const auto shown = run(words, {.environment = environment});
    CHECK(shown.errors == "");
    CHECK_THAT(shown.output, Catch::Contains(" nowhere ") && Catch::Contains(socket));
  }
  relay.finish();
  CHECK(names_in(runtime + "/daemon").empty());
}
