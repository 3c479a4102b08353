#include <logrelay/input/kept_sockets.hpp>

#include <support/sockets.hpp>
#include <support/temp_folder.hpp>

#include <catch2/catch.hpp>

namespace logrelay {
namespace {

using namespace support;

TEST_CASE("kept sockets: what is left stays open with its path until somebody takes it") {
  const temp_folder folder;
  kept_sockets kept;
  kept.expect_successor();
  {
    bound_socket bound = bind_unix(folder / "socket", SOCK_DGRAM, {});
    REQUIRE(kept.leave(bound.socket.get(), bound.where, bound.name, 7));
  }
  const fd peer = connected_unixgram(folder / "socket");
  send_datagram(peer, "waits");
  auto all = kept.take();
  REQUIRE(all.size() == 1);
  CHECK(all.front().drops == 7);
  char got[8];
  CHECK(::recv(all.front().socket.socket.get(), got, sizeof got, MSG_DONTWAIT) == 5);
  all.clear();
  CHECK(names_in(folder.path()).empty());
}

TEST_CASE("kept sockets: what nobody comes for stays its owner's") {
  const temp_folder folder;
  kept_sockets kept;
  if (GENERATE(false, true)) {  // too late
    kept.expect_successor();
    CHECK(kept.take().empty());
  }
  {
    bound_socket bound = bind_unix(folder / "socket", SOCK_DGRAM, {});
    CHECK_FALSE(kept.leave(bound.socket.get(), bound.where, bound.name));
    CHECK_FALSE(names_in(folder.path()).empty());
  }
  CHECK(names_in(folder.path()).empty());
}

}  // namespace
}  // namespace logrelay
