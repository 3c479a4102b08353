#include <logrelay/observe/place.hpp>

#include <support/sockets.hpp>
#include <support/temp_folder.hpp>

#include <catch2/catch.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace logrelay {
namespace {

using namespace support;

/// The two variables, which are the test's own until its end.
struct runtime_variables {
  runtime_variables() {
    ::unsetenv("RUNTIME_DIRECTORY");
    ::unsetenv("XDG_RUNTIME_DIR");
  }
  ~runtime_variables() {
    ::unsetenv("RUNTIME_DIRECTORY");
    ::unsetenv("XDG_RUNTIME_DIR");
  }
  void set(const char* name, const std::string& value) { ::setenv(name, value.c_str(), 1); }
};

metrics_address parsed(std::string_view text) {
  mistakes wrong;
  auto made = parse_metrics_address(text, wrong);
  CHECK(wrong.texts() == std::vector<std::string>{});
  return made;
}

bool refused(std::string_view text) {
  mistakes wrong;
  static_cast<void>(parse_metrics_address(text, wrong));
  return wrong.texts().size() == 1 && wrong.texts().front().find("--metrics") != std::string::npos;
}

TEST_CASE("an address for metrics is the runtime directory, nowhere, a unix socket or a port of this machine") {
  using kind = metrics_address::kind;
  CHECK(parsed("").what == kind::runtime_directory);
  CHECK(parsed("none").what == kind::nowhere);
  CHECK(parsed("unix:/run/a.sock").path == "/run/a.sock");
  CHECK(parsed(":9514").where.host == "127.0.0.1");
  CHECK(parsed("tcp://:9514").where.host == "127.0.0.1");
  CHECK(parsed("localhost:9514").where.host == "localhost");
  CHECK(parsed("[::]:9514").where.host == "::");
  CHECK(parsed("0.0.0.0:0").where.port == "0");
}

TEST_CASE("an address for metrics that is none is a mistake") {
  CHECK(refused("unix:"));
  CHECK(refused("unix:/" + std::string(200, 'x')));
  CHECK(refused("9514"));
  CHECK(refused("host:99999"));
  CHECK(refused("yes"));
}

TEST_CASE("the runtime directory is the service's, else the user's, else nowhere") {
  runtime_variables variables;
  const temp_folder folder;
  CHECK(runtime_directory() == std::nullopt);
  variables.set("XDG_RUNTIME_DIR", folder / "");
  REQUIRE(runtime_directory() == folder / "" + "/logrelay");
  CHECK(std::filesystem::status(folder / "logrelay").permissions() == std::filesystem::perms::owner_all);
  variables.set("RUNTIME_DIRECTORY", "/run/one:/run/two");
  CHECK(runtime_directory() == "/run/one");
  CHECK(runtime_socket("/run/one", 17) == "/run/one/17.sock");
}

TEST_CASE("there is no runtime directory where it cannot be made") {
  runtime_variables variables;
  variables.set("XDG_RUNTIME_DIR", "/nonexistent/folder");
  CHECK(runtime_directory() == std::nullopt);
  variables.set("XDG_RUNTIME_DIR", "relative");
  CHECK(runtime_directory() == std::nullopt);
}

TEST_CASE("root makes the runtime directory of a user who is to go on, and takes none that is another's") {
  if (::geteuid() != 0) {
    WARN("left out: only root can give a folder away");
    return;
  }
  runtime_variables variables;
  const temp_folder folder;
  variables.set("RUNTIME_DIRECTORY", folder / "run");
  const auto own = folder / "run/daemon";
  const auto mask = ::umask(077);
  REQUIRE(runtime_directory_for("daemon", 1) == own);
  ::umask(mask);
  struct stat above {}, made {};
  REQUIRE(::lstat((folder / "run").c_str(), &above) == 0);
  CHECK((above.st_mode & 07777) == 0755);
  REQUIRE(::lstat(own.c_str(), &made) == 0);
  CHECK((made.st_mode & 07777) == 0700);
  CHECK(made.st_uid == 1);
  CHECK(runtime_directory_for("daemon", 1) == own);
  CHECK(runtime_directory_for("daemon", 2) == std::nullopt);
  std::filesystem::create_directory_symlink(own, folder / "run/link");
  CHECK(runtime_directory_for("link", 1) == std::nullopt);
  const auto searched = runtime_directories();
  CHECK(std::find(searched.begin(), searched.end(), own) != searched.end());
}

TEST_CASE("relays are looked for in the directories of the units") {
  if (::geteuid() != 0) {
    WARN("left out: only root may make a folder in /run");
    return;
  }
  const auto unit = "/run/logrelay-test-" + std::to_string(::getpid());
  std::filesystem::create_directory(unit);
  const auto searched = runtime_directories();
  std::filesystem::remove(unit);
  CHECK(std::find(searched.begin(), searched.end(), unit) != searched.end());
}

TEST_CASE("sockets of dead relays are removed, and nothing else") {
  runtime_variables variables;
  const temp_folder folder;
  variables.set("RUNTIME_DIRECTORY", folder.path().string());
  const std::string no_process = "2147483647";
  static_cast<void>(bound_unix(folder / no_process + ".sock"));  // closed: nobody answers
  static_cast<void>(bound_unix(folder / std::to_string(::getpid()) + ".sock"));  // such a process there is
  static_cast<void>(bound_unix(folder / "other.sock"));
  write_file(folder / "2147483646.sock", "no socket");
  const auto other = bound_unix(folder / "2147483645.sock");
  listen_on(other);  // in another container, say
  remove_dead_sockets(folder.path().string());
  std::vector<std::string> left{"2147483645.sock", "2147483646.sock", std::to_string(::getpid()) + ".sock", "other.sock"};
  std::sort(left.begin(), left.end());
  CHECK(names_in(folder.path()) == left);
  CHECK(living_sockets() == std::vector<std::string>{folder / "2147483645.sock"});
}

}  // namespace
}  // namespace logrelay
