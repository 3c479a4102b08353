#include <logrelay/input/tls_handshakes.hpp>
#include <support/certificates.hpp>
#include <support/eventually.hpp>
#include <support/process.hpp>
#include <support/temp_folder.hpp>

#include <catch2/catch.hpp>

#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <filesystem>
#include <mutex>

namespace logrelay {
namespace {

using namespace support;
using step = tls_session::step;

TEST_CASE("handshakes that are hurried end with what has come") {
  if (!openssl_is_there()) return;
  const temp_folder folder;
  const certificates authority(folder.path().string());
  const auto ours = authority.sign("server", "DNS:localhost");
  tls_settings serving, connecting;
  serving.server = true;
  serving.verify = false;
  serving.cert = ours.cert;
  serving.key = ours.key;
  connecting.host = "localhost";
  connecting.ca = authority.authority();
  tls_context server(serving), client(connecting);

  std::mutex held;
  std::atomic<int> warned{0};
  std::atomic<int> agreed{-1};
  tls_handshakes handshakes(
      server, std::chrono::hours(1), [&](const std::shared_ptr<tls_handshakes::outcome>& one) { agreed = one->session ? 1 : 0; },
      [&](const std::string&) {
        ++warned;
        const std::lock_guard wait(held);
      });
  int both[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, both) == 0);
  const fd peer(both[0]);
  const auto session = client.session(peer.get());
  REQUIRE(session->handshake() == step::wants_read);
  handshakes.submit(fd(both[1]), {}, {});
  pollfd answer{peer.get(), POLLIN, 0};
  REQUIRE(::poll(&answer, 1, -1) == 1);  // it waits for our last word now

  const bool says_it = GENERATE(true, false);
  std::unique_lock hold(held);
  std::filesystem::remove(ours.cert);
  handshakes.read_again();
  REQUIRE(eventually([&] { return warned > 0; }));
  if (says_it) {
    auto how = session->handshake();
    for (; how == step::wants_read; how = session->handshake()) ::poll(&answer, 1, -1);
    REQUIRE(how == step::done);
  }
  handshakes.hurry();
  hold.unlock();
  CHECK(eventually([&] { return agreed >= 0; }));
  CHECK(agreed == (says_it ? 1 : 0));
}

}  // namespace
}  // namespace logrelay
