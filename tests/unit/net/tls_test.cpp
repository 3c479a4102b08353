#include <catch2/catch.hpp>
#include <logrelay/net/tls.hpp>
#include <logrelay/util/fd.hpp>
#include <support/certificates.hpp>
#include <support/process.hpp>
#include <support/temp_folder.hpp>
#include <sys/socket.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>

namespace logrelay {
namespace {

using namespace support;
using step = tls_session::step;

struct world {
  temp_folder folder;
  certificates authority{folder.path().string()};
  certificates::pair server = authority.sign("server", "DNS:logs.example.com,IP:127.0.0.1");
  certificates::pair client = authority.sign("client", "DNS:client.example.com");

  [[nodiscard]] tls_settings serving() const {
    tls_settings all;
    all.server = true;
    all.cert = server.cert;
    all.key = server.key;
    all.verify = false;
    return all;
  }
  [[nodiscard]] tls_settings connecting() const {
    tls_settings all;
    all.host = "logs.example.com";
    all.ca = authority.authority();
    return all;
  }
  [[nodiscard]] tls_settings with_certificate(tls_settings all) const {
    all.cert = client.cert;
    all.key = client.key;
    return all;
  }
  [[nodiscard]] tls_settings asking(tls_settings all) const {
    all.verify = true;
    all.ca = authority.authority();
    return all;
  }
};

world& the_world() {
  static world one;
  return one;
}

std::string plain(const std::string& fingerprint) {
  mistakes wrong;
  const auto options = parse_options({{"fingerprint", fingerprint}}, std::array{option_rows(tls_output_rows)}, "x", wrong);
  return tls_output_settings(options, "x").fingerprints.at(0);
}

/// Both ends of a connection, and what became of it.
struct meeting {
  meeting(tls_context& server_context, tls_context& client_context) {
    ::signal(SIGPIPE, SIG_IGN);
    int both[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, both) == 0);
    server_end.reset(both[0]);
    client_end.reset(both[1]);
    server = server_context.session(both[0]);
    client = client_context.session(both[1]);
    for (int turn = 0; turn < 20 && (going(serves) || going(connects)); ++turn) {
      if (going(connects)) connects = client->handshake();
      if (going(serves)) serves = server->handshake();
    }
    if (connects == step::done) listen();
  }
  static bool going(step how) { return how == step::wants_read || how == step::wants_write; }
  /// What the client hears after its part of the handshake: tickets, or that it is not welcome.
  void listen() {
    char ignored[100];
    heard = client->read(ignored).how;
  }
  [[nodiscard]] bool agreed() const { return connects == step::done && serves == step::done; }

  fd server_end, client_end;
  std::unique_ptr<tls_session> server, client;
  step serves = step::wants_read, connects = step::wants_read, heard = step::wants_read;
};

struct result_of {
  bool agreed;
  std::string client, server;
};
result_of meet(tls_settings serving, tls_settings connecting) {
  tls_context server(std::move(serving)), client(std::move(connecting));
  const meeting both(server, client);
  return {both.agreed(), both.client->why(), both.server->why()};
}

TEST_CASE("TLS carries bytes both ways and tells of a goodbye") {
  if (!openssl_is_there()) return;
  tls_context server(the_world().serving()), client(the_world().connecting());
  meeting both(server, client);
  INFO(both.client->why() << both.server->why());
  REQUIRE(both.agreed());
  CHECK(both.client->is_accepted());
  const auto before = both.client->wire_bytes();
  CHECK(both.client->write("hello").bytes == 5);
  CHECK(both.client->wire_bytes() > before + 5);
  char text[10];
  CHECK(both.server->read(text).bytes == 5);
  CHECK(std::string_view(text, 5) == "hello");
  CHECK(both.server->read(text).how == step::wants_read);
  both.client->say_goodbye();
  CHECK(both.server->read(text).how == step::closed);
  both.client_end.reset();
  CHECK(both.server->read(text).how == step::closed);
}

TEST_CASE("what is no TLS behind a good record is told after what that held") {
  if (!openssl_is_there()) return;
  tls_context server(the_world().serving()), client(the_world().connecting());
  meeting both(server, client);
  REQUIRE(both.agreed());
  CHECK(both.client->write("hello").bytes == 5);
  const std::string noise(64, 'x');
  REQUIRE(::send(both.client_end.get(), noise.data(), noise.size(), 0) == 64);
  char text[10];
  CHECK(both.server->read(text).bytes == 5);
  CHECK(both.server->read(text).how == step::failed);
  CHECK_FALSE(both.server->is_lost());
}

TEST_CASE("a server is who it should be or there is no handshake") {
  if (!openssl_is_there()) return;
  const auto& all = the_world();
  auto client = all.connecting();
  CHECK(meet(all.serving(), client).agreed);

  SECTION("by another name") {
    client.host = "other.example.com";
    const auto met = meet(all.serving(), client);
    CHECK_FALSE(met.agreed);
    CHECK_THAT(met.client, Catch::Contains("its certificate is for logs.example.com or 127.0.0.1, not for other.example.com"));
    client.peer_names = {"nobody.example.com", "logs.example.com"};
    CHECK(meet(all.serving(), client).agreed);
  }
  SECTION("by its address") {
    client.host = "127.0.0.1";
    CHECK(meet(all.serving(), client).agreed);
    client.host = "127.0.0.2";
    CHECK_THAT(meet(all.serving(), client).client, Catch::Contains("not for 127.0.0.2"));
  }
  SECTION("by one of several names, of which some are addresses") {
    client.host = "other.example.com";
    for (const auto& names : {std::vector<std::string>{"nobody.example.com", "127.0.0.1"}, {"127.0.0.2", "logs.example.com"}, {"127.0.0.1", "127.0.0.2"}}) {
      client.peer_names = names;
      CHECK(meet(all.serving(), client).agreed);
    }
    client.peer_names = {"nobody.example.com", "127.0.0.2"};
    CHECK_THAT(meet(all.serving(), client).client, Catch::EndsWith(", not for nobody.example.com or 127.0.0.2"));
  }
  SECTION("by no name at all") {
    client.host.clear();
    CHECK_FALSE(meet(all.serving(), client).agreed);
  }
  SECTION("by both a fingerprint and a name where both are asked for") {
    client.fingerprints = {plain(all.server.fingerprint)};
    client.host = "other.example.com";
    CHECK(meet(all.serving(), client).agreed);
    client.peer_names = {"logs.example.com"};
    CHECK(meet(all.serving(), client).agreed);
    client.peer_names = {"nonsense"};
    CHECK_THAT(meet(all.serving(), client).client, Catch::EndsWith("not for nonsense"));
  }
  SECTION("signed by nobody") {
    auto server = all.serving();
    const auto own = all.authority.self_signed("alone", "DNS:logs.example.com");
    server.cert = own.cert;
    server.key = own.key;
    CHECK_THAT(meet(server, client).client, Catch::Contains("not trusted: self-signed certificate"));
    client.verify = false;
    CHECK(meet(server, client).agreed);
    client.verify = true;
    client.ca.clear();
    client.fingerprints = {plain(own.fingerprint)};
    CHECK(meet(server, client).agreed);
    client.fingerprints = {plain(all.server.fingerprint)};
    CHECK_THAT(meet(server, client).client, Catch::Contains("fingerprint sha256:" + plain(own.fingerprint) + ", which is not listed"));
  }
  SECTION("both a fingerprint and an authority") {
    client.fingerprints = {plain(all.server.fingerprint)};
    CHECK(meet(all.serving(), client).agreed);
    client.ca = all.authority.self_signed("stranger", "DNS:x").cert;
    CHECK_FALSE(meet(all.serving(), client).agreed);
  }
}

TEST_CASE("a client is who it should be or there is no connection") {
  if (!openssl_is_there()) return;
  const auto& all = the_world();
  const auto welcome = all.with_certificate(all.connecting());
  auto server = all.asking(all.serving());
  CHECK(meet(server, welcome).agreed);
  CHECK_THAT(meet(server, all.connecting()).server, Catch::Contains("peer did not return a certificate"));
  server.peer_names = {"client.example.com"};
  CHECK(meet(server, welcome).agreed);
  server.peer_names = {"other.example.com"};
  CHECK_THAT(meet(server, welcome).server, Catch::Contains("its certificate is for client.example.com, not for other.example.com"));
  auto by_address = all.connecting();  // a certificate with a name and an address
  by_address.cert = all.server.cert;
  by_address.key = all.server.key;
  server.peer_names = {"other.example.com", "127.0.0.1"};
  CHECK(meet(server, by_address).agreed);
  CHECK_FALSE(meet(server, welcome).agreed);
  server.peer_names.clear();
  server.fingerprints = {plain(all.server.fingerprint), plain(all.client.fingerprint)};
  CHECK(meet(server, welcome).agreed);
  server.fingerprints.pop_back();
  CHECK_FALSE(meet(server, welcome).agreed);
}

TEST_CASE("in TLS 1.3 a client is accepted once the server has answered") {
  if (!openssl_is_there()) return;
  const auto& all = the_world();
  tls_context server(all.asking(all.serving())), welcome(all.with_certificate(all.connecting())), stranger(all.connecting());
  meeting good(server, welcome);
  CHECK(good.client->is_accepted());
  meeting bad(server, stranger);
  CHECK(bad.connects == step::done);  // it does not know yet
  CHECK_FALSE(bad.client->is_accepted());
  CHECK(bad.heard == step::failed);
  CHECK_THAT(bad.client->why(), Catch::Contains("certificate required"));
}

TEST_CASE("a client goes on with the session before, and not after new files") {
  if (!openssl_is_there()) return;
  const auto& all = the_world();
  tls_context server(all.asking(all.serving())), client(all.with_certificate(all.connecting()));
  CHECK_FALSE(meeting(server, client).client->resumed());
  CHECK(meeting(server, client).client->resumed());
  std::filesystem::last_write_time(all.authority.authority(), std::filesystem::file_time_type::clock::now());
  CHECK(client.refresh() == "");
  CHECK_FALSE(meeting(server, client).client->resumed());
}

TEST_CASE("files that have changed are read again and wrong ones are left alone") {
  if (!openssl_is_there()) return;
  const auto& all = the_world();
  const temp_folder folder;
  auto settings = all.serving();
  settings.cert = folder / "cert.pem";
  settings.key = folder / "key.pem";
  const auto put = [&](const certificates::pair& from) {
    for (const auto& [file, to] : {std::pair(from.cert, settings.cert), std::pair(from.key, settings.key)}) {
      std::filesystem::copy_file(file, to + ".new");
      std::filesystem::rename(to + ".new", to);
    }
  };
  put(all.server);
  tls_context server(settings);
  CHECK(server.refresh() == "");
  auto connecting = all.connecting();
  tls_context client(connecting);
  CHECK(meeting(server, client).agreed());

  put(all.authority.sign("moved", "DNS:moved.example.com"));
  CHECK(server.refresh() == "");
  CHECK_FALSE(meeting(server, client).agreed());
  connecting.host = "moved.example.com";
  tls_context other(connecting);
  CHECK(meeting(server, other).agreed());

  write_file(settings.cert, "nonsense");
  CHECK_THAT(server.refresh(), Catch::StartsWith("unable to use certificate " + settings.cert));
  CHECK(server.refresh() == "");  // said once
  CHECK_THAT(server.read_again(), Catch::StartsWith("unable to use certificate " + settings.cert));  // unless somebody asks
  CHECK(meeting(server, other).agreed());
}

TEST_CASE("a key whose permissions are put right is read without a change to it") {
  if (!openssl_is_there()) return;
  const auto& all = the_world();
  const temp_folder folder;
  auto settings = all.serving();
  settings.key = folder / "key.pem";
  std::filesystem::copy_file(all.server.key, settings.key);
  tls_context server(settings);
  ::chmod(settings.key.c_str(), 0644);
  CHECK_THAT(server.refresh(), Catch::Contains("it is open to others"));
  ::chmod(settings.key.c_str(), 0640);
  CHECK(server.refresh() == "");
  CHECK(server.read_again() == "");
}

TEST_CASE("a key that others may read and files that are none are refused") {
  if (!openssl_is_there()) return;
  const auto& all = the_world();
  const temp_folder folder;
  auto settings = all.serving();
  settings.key = folder / "open.key";
  std::filesystem::copy_file(all.server.key, settings.key);
  for (const mode_t mode : {0644u, 0620u, 0601u}) {
    ::chmod(settings.key.c_str(), mode);
    CHECK_THROWS_WITH(tls_context(settings), Catch::Contains("it is open to others: chmod 0640 or less"));
  }
  ::chmod(settings.key.c_str(), 0640);
  CHECK_NOTHROW(tls_context(settings));
  settings.key = all.client.key;
  CHECK_THROWS_WITH(tls_context(settings), Catch::StartsWith("unable to use key " + all.client.key));
  settings.key = folder / "missing.key";
  CHECK_THROWS_WITH(tls_context(settings), Catch::Contains("No such file or directory"));
}

TEST_CASE("files of TLS that are of no use are told with their name, the reason and the way out") {
  if (!openssl_is_there()) return;
  const auto& all = the_world();
  const temp_folder folder;
  const auto missing = folder / "missing.pem", nonsense = folder / "nonsense.pem", locked = folder / "locked.key";
  const auto wrong_with = [](const tls_settings& settings) -> std::string {
    try {
      tls_context tried(settings);
    } catch (const error& e) {
      return e.what();
    }
    return "nothing";
  };
  auto client = all.connecting();
  client.ca = missing;
  CHECK(wrong_with(client) == "unable to use ca " + missing + ": No such file or directory");
  auto server = all.serving();
  server.cert = server.key = missing;
  CHECK(wrong_with(server) == "unable to use certificate " + missing + ": No such file or directory");
  server.cert = server.key = all.server.cert;  // as without key=, and open to others as certificates are
  ::chmod(all.server.cert.c_str(), 0644);
  CHECK(wrong_with(server) == "unable to use key " + all.server.cert + ": there is no private key in it: give key=FILE");
  server.key = nonsense;
  write_file(nonsense, "nonsense");
  ::chmod(nonsense.c_str(), 0600);
  CHECK(wrong_with(server) == "unable to use key " + nonsense + ": there is no private key in it");
  REQUIRE(run({"openssl", "pkey", "-in", all.server.key, "-aes256", "-passout", "pass:secret", "-out", locked}).status == 0);
  server.key = locked;
  CHECK(wrong_with(server) == "unable to use key " + locked + ": it has a passphrase, for which nobody is asked: 'openssl pkey' writes it without");
  write_file(locked, "-----BEGIN PRIVATE KEY-----\nnonsense\n-----END PRIVATE KEY-----\n");
  CHECK_THAT(wrong_with(server), Catch::StartsWith("unable to use key " + locked + ": ") && !Catch::Contains("PEM lib"));
}

TEST_CASE("nothing older than asked for is spoken") {
  if (!openssl_is_there()) return;
  auto server = the_world().serving(), client = the_world().connecting();
  server.only_1_3 = client.only_1_3 = true;
  CHECK(meet(server, client).agreed);
}

TEST_CASE("options of TLS that cannot be meant are mistakes") {
  const auto told = [](bool server, const given_options& given) {
    mistakes wrong;
    const auto options = parse_options(given, std::array{server ? option_rows(tls_input_rows) : option_rows(tls_output_rows)}, "x", wrong);
    check_tls_options(options, server, "x", wrong);
    return wrong.texts();
  };
  using texts = std::vector<std::string>;
  CHECK(told(false, {}) == texts{});
  CHECK(told(true, {{"cert", "c"}, {"key", "k"}, {"ca", "a"}, {"peer-name", "n"}}) == texts{});
  CHECK(told(true, {}) == texts{"x: a server of TLS needs a certificate: give 'cert=FILE', and 'key=FILE'"});
  CHECK(told(true, {{"cert", "c"}, {"peer-name", "n"}}).at(0).find("give the 'ca' that has to sign it") != std::string::npos);
  CHECK(told(false, {{"key", "k"}}) == texts{"x: a 'key' without its 'cert': give both"});
  CHECK(told(false, {{"fingerprint", "sha256:12"}}).at(0).find("is none: write it like sha256:HEX") != std::string::npos);
  CHECK(told(false, {{"verify", "none"}, {"ca", "a"}}).size() == 1);
  CHECK(told(false, {{"fingerprint", "SHA256:" + std::string(64, 'A')}}) == texts{});
}

}  // namespace
}  // namespace logrelay
