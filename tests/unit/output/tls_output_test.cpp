#include <logrelay/config.hpp>
#include <logrelay/net/tls.hpp>
#include <support/certificates.hpp>
#include <support/process.hpp>
#include <support/sending.hpp>
#include <support/sockets.hpp>
#include <support/temp_folder.hpp>

#include <catch2/catch.hpp>

#include <sys/socket.h>

#include <thread>

namespace logrelay {
namespace {

using namespace support;

std::string mistakes_of(const std::string& endpoint) {
  mistakes wrong;
  static_cast<void>(make_config({{}, {endpoint}, {}}, standard_registries(), wrong));
  return wrong.empty() ? "none" : wrong.texts().front();
}

/// A server of TLS that does what the test says, step by step.
struct tls_peer {
  tls_peer() { listen_on(listener); }
  [[nodiscard]] std::string endpoint() const { return "tls://127.0.0.1:" + std::to_string(port_of(listener)) + ",ca=" + authority.authority(); }
  [[nodiscard]] fd accepted() const { return fd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)); }
  [[nodiscard]] std::unique_ptr<tls_session> agreed(const fd& connection) {
    auto session = context.session(connection.get());
    REQUIRE(session->handshake() == tls_session::step::done);
    return session;
  }
  [[nodiscard]] tls_settings settings() const {
    const auto ours = authority.sign("server", "IP:127.0.0.1");
    tls_settings all;
    all.server = true;
    all.cert = ours.cert;
    all.key = ours.key;
    all.verify = false;
    return all;
  }

  const temp_folder folder;
  const certificates authority{folder.path().string()};
  tls_context context{settings()};
  const fd listener = bound_tcp();
};

TEST_CASE("an output with TLS has to know for whom the certificate of its peer is") {
  for (const std::string scheme : {"tls", "syslog+tls", "relp+tls"}) {
    const auto nameless = scheme + "://:6514";
    CHECK_THAT(mistakes_of(nameless), Catch::EndsWith("'" + nameless + "' needs a HOST, whose name the peer's certificate is checked for"));
    CHECK_THAT(mistakes_of(scheme + "://logs.example.com:6514,failover=:6514"), Catch::Contains("':6514' needs a HOST"));
    CHECK(mistakes_of(nameless + ",verify=none") == "none");
    CHECK(mistakes_of(nameless + ",peer-name=logs.example.com") == "none");
    CHECK(mistakes_of(nameless + ",fingerprint=sha256:" + std::string(64, 'a')) == "none");
  }
}

TEST_CASE("a TLS host that answers nothing is given up while more and more lines come") {
  if (!openssl_is_there()) return;
  tls_peer peer;
  sending out(peer.endpoint() + ",write-timeout=100ms");
  out.start();
  const fd deaf = peer.accepted();
  const auto session = peer.agreed(deaf);
  make_deaf(deaf);
  CHECK(out.retries_while_lines_come());
  CHECK_THAT(out.report().last_error, Catch::Contains("has not answered for 100 ms"));
}

TEST_CASE("a TLS peer that says goodbye while nothing comes is left for a new connection, with which the next line goes") {
  if (!openssl_is_there()) return;
  tls_peer peer;
  sending out(peer.endpoint());
  out.start();
  out.push("one\n");
  char got[4] = {};
  const fd first = peer.accepted();
  const auto served = peer.agreed(first);
  REQUIRE(served->read(got).bytes == sizeof got);
  REQUIRE(out.delivers());
  served->say_goodbye();  // and its connection stays
  const fd second = peer.accepted();
  const auto again = peer.agreed(second);
  CHECK_THAT(out.report().last_error, Catch::EndsWith("has closed the connection"));
  out.push("two\n");
  REQUIRE(again->read(got).bytes == sizeof got);
  CHECK(std::string_view(got, sizeof got) == "two\n");
  CHECK(out.delivers());
  CHECK(out.account().delivered.lines == 2);
}

TEST_CASE("with resend a TLS peer that resets after the end gets the last lines again") {
  if (!openssl_is_there()) return;
  tls_peer peer;
  sending out(peer.endpoint() + ",resend=1K");
  out.start();
  out.push("one\ntwo\n");
  out.close();
  char got[8] = {};
  // All that the output has to say: its goodbye too, for who goes before that does not want the rest.
  const auto heard = [&](const fd& connection) {
    auto session = peer.agreed(connection);
    REQUIRE(session->read(got).bytes == sizeof got);
    char nothing[1];
    REQUIRE(session->read(nothing).how == tls_session::step::closed);
    return session;
  };
  {
    fd first = peer.accepted();
    const auto session = heard(first);
    reset(std::move(first));
  }
  const fd again = peer.accepted();
  const auto session = heard(again);
  CHECK(std::string_view(got, sizeof got) == "one\ntwo\n");
  session->say_goodbye();
  ::shutdown(again.get(), SHUT_WR);
  CHECK(out.ends());
  CHECK(out.account().delivered.lines == 2);
}

}  // namespace
}  // namespace logrelay
