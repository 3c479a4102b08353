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
  const temp_folder folder;
  const certificates authority(folder.path().string());
  const auto theirs = authority.sign("server", "IP:127.0.0.1");
  tls_settings settings;
  settings.server = true;
  settings.cert = theirs.cert;
  settings.key = theirs.key;
  settings.verify = false;
  tls_context context(settings);
  const fd listener = bound_tcp();
  listen_on(listener);
  sending out("tls://127.0.0.1:" + std::to_string(port_of(listener)) + ",write-timeout=100ms,ca=" + authority.authority());
  out.start();
  const fd deaf(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  const auto session = context.session(deaf.get());
  REQUIRE(session->handshake() == tls_session::step::done);
  make_deaf(deaf);
  CHECK(out.retries_while_lines_come());
  CHECK_THAT(out.report().last_error, Catch::Contains("has not answered for 100 ms"));
}

TEST_CASE("with resend a TLS peer that resets after the end gets the last lines again") {
  if (!openssl_is_there()) return;
  const temp_folder folder;
  const certificates authority(folder.path().string());
  const auto theirs = authority.sign("server", "IP:127.0.0.1");
  tls_settings settings;
  settings.server = true;
  settings.cert = theirs.cert;
  settings.key = theirs.key;
  settings.verify = false;
  tls_context context(settings);
  const fd listener = bound_tcp();
  listen_on(listener);
  sending out("tls://127.0.0.1:" + std::to_string(port_of(listener)) + ",resend=1K,ca=" + authority.authority());
  out.start();
  out.push("one\ntwo\n");
  out.close();
  char got[8] = {};
  const auto taken = [&](const fd& peer) {
    auto session = context.session(peer.get());
    REQUIRE(session->handshake() == tls_session::step::done);
    REQUIRE(session->read(got).bytes == sizeof got);
    return session;
  };
  {
    fd peer(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    const auto session = taken(peer);
    char nothing[1];
    REQUIRE(session->read(nothing).how == tls_session::step::closed);  // it has said goodbye, and waits for us to
    reset(std::move(peer));
  }
  const fd again(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  const auto session = taken(again);
  CHECK(std::string_view(got, sizeof got) == "one\ntwo\n");
  char nothing[1];
  REQUIRE(session->read(nothing).how == tls_session::step::closed);  // who goes before it has said so does not want the rest
  session->say_goodbye();
  ::shutdown(again.get(), SHUT_WR);
  CHECK(out.ends());
  CHECK(out.account().delivered.lines == 2);
}

}  // namespace
}  // namespace logrelay
