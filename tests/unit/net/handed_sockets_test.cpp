#include <logrelay/net/handed_sockets.hpp>
#include <logrelay/net/listener_socket.hpp>

#include <support/sockets.hpp>
#include <support/temp_folder.hpp>

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>

namespace logrelay {
namespace {

using namespace support;
using names = std::vector<std::string>;

// Puts sockets where a manager would, from 3 on, with what is there kept aside meanwhile.
class handing {
 public:
  explicit handing(const std::vector<const fd*>& sockets, int process = ::getpid()) {
    for (std::size_t i = 0; i < sockets.size(); ++i) {
      const int place = 3 + static_cast<int>(i);
      saved_.emplace_back(::fcntl(place, F_DUPFD_CLOEXEC, 100));
      ::dup3(sockets[i]->get(), place, 0);
    }
    ::setenv("LISTEN_PID", std::to_string(process).c_str(), 1);
    ::setenv("LISTEN_FDS", std::to_string(sockets.size()).c_str(), 1);
    ::setenv("LISTEN_FDNAMES", "a:b", 1);
    receive_handed_sockets();
  }
  ~handing() {
    for (std::size_t i = 0; i < saved_.size(); ++i)
      if (saved_[i]) ::dup3(saved_[i].get(), 3 + static_cast<int>(i), O_CLOEXEC);
  }
  handing(const handing&) = delete;

 private:
  std::vector<fd> saved_;
};

TEST_CASE("who binds an address takes the socket that was handed over for it") {
  const fd given = bound_tcp();
  listen_on(given);
  const auto port = std::to_string(port_of(given));
  const handing by({&given});
  CHECK((::fcntl(3, F_GETFD) & FD_CLOEXEC) != 0);
  for (const char* each : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) CHECK(std::getenv(each) == nullptr);
  CHECK(handed_sockets_left() == names{"127.0.0.1:" + port});
  {
    const auto bound = bind_internet({"127.0.0.1", port}, SOCK_STREAM, "here");  // else in use
    REQUIRE(bound.size() == 1);
    CHECK(bound[0].socket.get() == 3);
    CHECK((::fcntl(3, F_GETFL) & O_NONBLOCK) != 0);
    CHECK(to_text(bound[0].where) == "127.0.0.1:" + port);
    const fd caller = connected_tcp(port_of(given));
  }
  CHECK(handed_sockets_left().empty());
  CHECK_THROWS(bind_internet({"127.0.0.1", port}, SOCK_STREAM, "here"));
}

TEST_CASE("an input without a host takes the socket of every address that has its port") {
  auto probe = bind_internet({"", "0"}, SOCK_DGRAM, "here");
  const auto port = std::to_string(port_of(probe[0].socket));
  const handing by({&probe[0].socket});
  const auto bound = bind_internet({"", port}, SOCK_DGRAM, "here");
  REQUIRE(bound.size() == 1);
  CHECK(bound[0].socket.get() == 3);
}

TEST_CASE("a unix socket that was handed over keeps its path when it is closed") {
  const temp_folder folder;
  const fd given = bound_unixgram(folder / "socket");
  const handing by({&given});
  {
    const auto bound = bind_unix(folder / "socket", SOCK_DGRAM, 0600);
    CHECK(bound.socket.get() == 3);
  }
  CHECK(std::filesystem::exists(folder / "socket"));
}

TEST_CASE("a socket of another type or address is left and nothing is taken that was meant for another process") {
  const fd stream = bound_tcp();
  listen_on(stream);
  const auto port = std::to_string(port_of(stream));
  {
    const handing by({&stream});
    CHECK(bind_internet({"127.0.0.1", port}, SOCK_DGRAM, "here").front().socket.get() != 3);
    CHECK(handed_sockets_left() == names{"127.0.0.1:" + port});
    const auto taken = bind_internet({"127.0.0.1", port}, SOCK_STREAM, "here");
  }
  const handing elsewhere({&stream}, 1);
  CHECK(handed_sockets_left().empty());
}

TEST_CASE("what is no listening socket is left to fd: inputs") {
  const auto pipe = make_pipe();
  const fd listener = bound_tcp();
  listen_on(listener);
  const fd caller = connected_tcp(port_of(listener));
  const handing by({&pipe.reading, &caller});
  CHECK(handed_sockets_left().empty());
}

}  // namespace
}  // namespace logrelay
