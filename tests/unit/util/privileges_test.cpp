#include <logrelay/util/privileges.hpp>

#include <logrelay/error.hpp>

#include <catch2/catch.hpp>

#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <string>

namespace logrelay {
namespace {

// In a process of its own: there is no way back.
int in_child(const std::function<int()>& what) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(what());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool is_root() {
  if (::geteuid() == 0) return true;
  WARN("not tested: only root can become somebody else");
  return false;
}

TEST_CASE("without a user and a group everything stays") {
  become("", "");
  SUCCEED();
}

TEST_CASE("nobody becomes somebody whom there is not") {
  CHECK_THROWS_WITH(become("no-such-user", ""), Catch::Contains("unable to become user 'no-such-user': there is no such user"));
  CHECK_THROWS_WITH(become("", "no-such-group"), Catch::Contains("there is no such group"));
}

TEST_CASE("root becomes a user with that user's groups and cannot go back") {
  if (!is_root()) return;
  CHECK(in_child([] {
          become("daemon", "");
          gid_t groups[64];
          const int n = ::getgroups(64, groups);
          bool has_root = false;
          for (int i = 0; i < n; ++i) has_root |= groups[i] == 0;
          if (::getuid() != 1 || ::geteuid() != 1 || ::getgid() != 1 || has_root) return 1;
          return ::setuid(0) == 0 || ::setgid(0) == 0 ? 2 : 0;
        }) == 0);
}

TEST_CASE("a number is a user too and a group may be another than the user's") {
  if (!is_root()) return;
  CHECK(in_child([] { return become("daemon", "nogroup"), ::getgid() == 65534 && ::getuid() == 1 ? 0 : 1; }) == 0);
  CHECK(in_child([] { return become("123456", "4321"), ::getgid() == 4321 && ::getuid() == 123456 ? 0 : 1; }) == 0);
  CHECK(in_child([] { return become("", "4321"), ::getgid() == 4321 && ::getuid() == 0 ? 0 : 1; }) == 0);
  CHECK_THROWS_WITH(become("123456", ""), Catch::Contains("nobody knows its group"));
}

TEST_CASE("who is no root stays what it is or is refused") {
  if (!is_root()) return;
  CHECK(in_child([] {
          become("daemon", "");
          become("daemon", "");  // it is that already
          try {
            become("bin", "");
          } catch (const error& e) {
            return std::string(e.what()).find("unable to become user 'bin': Operation not permitted") != std::string::npos ? 0 : 2;
          }
          return 1;
        }) == 0);
}

}  // namespace
}  // namespace logrelay
