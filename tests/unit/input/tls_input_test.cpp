#include <logrelay/net/tls.hpp>
#include <support/certificates.hpp>
#include <support/lines.hpp>
#include <support/process.hpp>
#include <support/reading.hpp>
#include <support/sockets.hpp>
#include <support/temp_folder.hpp>

#include <catch2/catch.hpp>

#include <poll.h>
#include <sys/ioctl.h>

namespace logrelay {
namespace {

using namespace support;

int unread_bytes(const fd& socket) {
  int bytes = -1;
  ::ioctl(socket.get(), FIONREAD, &bytes);
  return bytes;
}

TEST_CASE("a peer that breaks TLS in mid-stream is counted and its lines from before stay") {
  if (!openssl_is_there()) return;
  const temp_folder folder;
  const certificates authority(folder.path().string());
  const auto ours = authority.sign("server", "DNS:localhost");
  reading input("tls://127.0.0.1:0,cert=" + ours.cert + ",key=" + ours.key);
  input.start();
  tls_settings settings;
  settings.host = "localhost";
  settings.ca = authority.authority();
  tls_context context(settings);
  const bool breaks_it = GENERATE(true, false);
  {
    const fd peer = connected_tcp(input.port());
    const auto session = context.session(peer.get());
    auto how = session->handshake();
    for (pollfd now{peer.get(), POLLIN, 0}; how == tls_session::step::wants_read; how = session->handshake()) ::poll(&now, 1, -1);
    REQUIRE(how == tls_session::step::done);
    REQUIRE(session->write("before\n").bytes == 7);
    REQUIRE(input.comes("before\n"));
    CHECK(unread_bytes(peer) == 0);  // a peer that never reads would lose, when it closes, what is still on its way
    if (breaks_it) write_all(peer, std::string(64, 'x'));
  }
  CHECK(eventually([&] { return input.in().connections == 0; }));
  CHECK(input.in().counters.framing_errors == (breaks_it ? 1 : 0));
}

TEST_CASE("asked to stop while a full queue holds it TLS owes also what it has read ahead") {
  if (!openssl_is_there()) return;
  const temp_folder folder;
  const certificates authority(folder.path().string());
  const auto ours = authority.sign("server", "DNS:localhost");
  queue_rules small;
  small.capacity_bytes = 1024;
  small.when_full = overflow::block;
  reading input("tls://127.0.0.1:0,cert=" + ours.cert + ",key=" + ours.key, small);
  input.start();
  tls_settings settings;
  settings.host = "localhost";
  settings.ca = authority.authority();
  tls_context context(settings);
  const fd peer = connected_tcp(input.port());
  const auto session = context.session(peer.get());
  auto how = session->handshake();
  for (pollfd now{peer.get(), POLLIN, 0}; how == tls_session::step::wants_read; how = session->handshake()) ::poll(&now, 1, -1);
  const auto lines = numbered_lines(0, 400);
  REQUIRE(session->write(lines).bytes == lines.size());  // one record
  REQUIRE(eventually([&] { return input.held(); }));
  input.stop();
  REQUIRE(eventually([&] { return input.in().unread > 0; }));
  CHECK(eventually([&] { return static_cast<void>(input.lines()), input.times_done() == 1; }));
  CHECK(input.in().unread == 0);
  CHECK(input.text() == lines);
}

}  // namespace
}  // namespace logrelay
