#include <logrelay/net/listener_socket.hpp>

#include <logrelay/error.hpp>

#include <support/sockets.hpp>
#include <support/temp_folder.hpp>

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/stat.h>

namespace logrelay {
namespace {

using namespace support;
using names = std::vector<std::string>;

TEST_CASE("a host's address is bound with the port that the kernel chose") {
  for (const int type : {SOCK_STREAM, SOCK_DGRAM}) {
    const auto bound = bind_internet({"127.0.0.1", "0"}, type, "here");
    REQUIRE(bound.size() == 1);
    CHECK(to_text(bound[0].where) == "127.0.0.1:" + std::to_string(port_of(bound[0].socket)));
    CHECK(port_of(bound[0].socket) != 0);
  }
}

TEST_CASE("listening sockets are not passed on to children and never block") {
  const temp_folder folder;
  const auto internet = bind_internet({"127.0.0.1", "0"}, SOCK_STREAM, "here");
  const auto local = bind_unix(folder / "socket", SOCK_STREAM, {});
  for (const auto* each : {&internet[0], &local}) {
    CHECK((::fcntl(each->socket.get(), F_GETFD) & FD_CLOEXEC) != 0);
    CHECK((::fcntl(each->socket.get(), F_GETFL) & O_NONBLOCK) != 0);
  }
}

TEST_CASE("without a host one socket serves every address of both families") {
  const auto bound = bind_internet({"", "0"}, SOCK_STREAM, "here");
  REQUIRE(bound.size() == 1);
  const auto port = port_of(bound[0].socket);
  const fd old = connected_tcp(port, family::ipv4), young = connected_tcp(port, family::ipv6);
}

TEST_CASE("every address of a name is bound and those that this machine does not have are passed over") {
  CHECK(bind_internet({"localhost", "0"}, SOCK_STREAM, "here").size() >= 1);
  CHECK_THROWS_WITH(bind_internet({"192.0.2.1", "0"}, SOCK_STREAM, "tcp://192.0.2.1:0"),
                    Catch::Contains("unable to listen on tcp://192.0.2.1:0: Cannot assign requested address"));
}

TEST_CASE("an address in use and a host that nobody knows are errors") {
  const auto first = bind_internet({"127.0.0.1", "0"}, SOCK_DGRAM, "here");
  const auto port = std::to_string(port_of(first[0].socket));
  CHECK_THROWS_WITH(bind_internet({"127.0.0.1", port}, SOCK_DGRAM, "udp://127.0.0.1:" + port),
                    Catch::Contains("Address already in use"));
  CHECK_THROWS_AS(bind_internet({"does-not-exist.invalid", "514"}, SOCK_STREAM, "there"), error);
}

TEST_CASE("the owner of a socket's path removes it") {
  const temp_folder folder;
  {
    const auto bound = bind_unix(folder / "socket", SOCK_STREAM, {});
    CHECK(names_in(folder.path()) == names{"socket"});
    const fd peer = connected_unix(folder / "socket");
  }
  CHECK(names_in(folder.path()).empty());
}

TEST_CASE("a path that has gone to somebody else is left to them") {
  const temp_folder folder;
  std::optional<bound_socket> first = bind_unix(folder / "socket", SOCK_STREAM, {});
  std::filesystem::rename(folder / "socket", folder / "moved");
  const auto second = bind_unix(folder / "socket", SOCK_STREAM, {});
  first.reset();
  CHECK(names_in(folder.path()) == names{"moved", "socket"});
}

TEST_CASE("a path that a dead program left is taken over") {
  const temp_folder folder;
  for (const int type : {SOCK_STREAM, SOCK_DGRAM}) {
    static_cast<void>(type == SOCK_STREAM ? bound_unix(folder / "socket") : bound_unixgram(folder / "socket"));
    REQUIRE(names_in(folder.path()) == names{"socket"});
    const auto bound = bind_unix(folder / "socket", type, {});
    CHECK(bound.socket);
  }
}

TEST_CASE("a path that somebody serves is an error and stays theirs") {
  const temp_folder folder;
  const fd server = bound_unix(folder / "socket"), receiver = bound_unixgram(folder / "datagrams");
  listen_on(server);
  CHECK_THROWS_WITH(bind_unix(folder / "socket", SOCK_STREAM, {}), Catch::Contains("Address already in use"));
  CHECK_THROWS_WITH(bind_unix(folder / "socket", SOCK_DGRAM, {}), Catch::Contains("Address already in use"));
  CHECK_THROWS_WITH(bind_unix(folder / "datagrams", SOCK_DGRAM, {}), Catch::Contains("Address already in use"));
  CHECK(names_in(folder.path()) == names{"datagrams", "socket"});
}

TEST_CASE("a file in the place of a socket is an error and stays") {
  const temp_folder folder;
  write_file(folder / "file", "text");
  CHECK_THROWS_WITH(bind_unix(folder / "file", SOCK_STREAM, {}), Catch::Contains("there is a file that is no socket"));
  CHECK(read_file(folder / "file") == "text");
  CHECK_THROWS_WITH(bind_unix(folder / "no/folder", SOCK_STREAM, {}), Catch::Contains("No such file or directory"));
}

TEST_CASE("a socket's path has the mode that was asked for whatever the umask") {
  const temp_folder folder;
  const mode_t before = ::umask(0077);
  const auto bound = bind_unix(folder / "socket", SOCK_DGRAM, 0660);
  ::umask(before);
  struct stat made {};
  REQUIRE(::stat((folder / "socket").c_str(), &made) == 0);
  CHECK((made.st_mode & 07777) == 0660);
}

TEST_CASE("an abstract name is bound without a path") {
  const auto name = "@logrelay-test-" + std::to_string(::getpid());
  const auto bound = bind_unix(name, SOCK_STREAM, 0600);
  CHECK(to_text(bound.where) == name);
  CHECK_THROWS_WITH(bind_unix(name, SOCK_STREAM, {}), Catch::Contains("Address already in use"));
}

}  // namespace
}  // namespace logrelay
