#include <logrelay/net/tls.hpp>

#include <logrelay/net/address.hpp>
#include <logrelay/net/certificate.hpp>
#include <logrelay/util/near_miss.hpp>

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <utility>

namespace logrelay {
namespace {

constexpr std::size_t fingerprint_digits = 64;
constexpr long ahead_bytes = 64 * 1024;
constexpr unsigned char context_name[] = "logrelay";

/// What went wrong first, in OpenSSL's words or the system's: what it says later is only what came of that.
std::string first_reason() {
  const auto code = ERR_peek_error();
  const char* const reason = ERR_reason_error_string(code);
  std::string text = ERR_SYSTEM_ERROR(code) ? error_text(ERR_GET_REASON(code)) : reason ? reason : "unknown reason";
  ERR_clear_error();
  return text;
}

/// "sha256:AB:CD…" or "ab…" as 64 small digits; else empty.
std::string plain_fingerprint(std::string_view text) {
  if (text.starts_with("sha256:") || text.starts_with("SHA256:")) text.remove_prefix(7);
  std::string plain;
  for (const char c : text) {
    if (c == ':') continue;
    const char lower = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
    if (std::string_view("0123456789abcdef").find(lower) == std::string_view::npos) return {};
    plain += lower;
  }
  return plain.size() == fingerprint_digits ? plain : std::string();
}

int no_passphrase(char*, int, int, void* asked) {
  if (asked) *static_cast<bool*>(asked) = true;
  return 0;
}

tls_settings common_settings(const option_values& options) {
  tls_settings found;
  found.ca = options.text("ca");
  found.cert = options.text("cert");
  found.key = options.text("key").empty() ? found.cert : options.text("key");
  found.peer_names = options.all("peer-name");
  for (const auto& each : options.all("fingerprint")) found.fingerprints.push_back(plain_fingerprint(each));
  found.only_1_3 = options.text("min-version") == "1.3";
  return found;
}

bool holds_key(const std::string& path) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("-----BEGIN ") && line.find("PRIVATE KEY-----") != std::string::npos) return true;
  return !file.eof();  // what could not be read may hold one
}

void refuse_open_key(const std::string& path) {
  constexpr mode_t others = S_IWGRP | S_IRWXO;
  struct stat there {};
  if (::stat(path.c_str(), &there) != 0) throw system_error("read key " + path, errno);
  if ((there.st_mode & others) == 0) return;
  throw error(fmt::format("unable to use key {}: with permissions {:04o} it is open to others: chmod 0640 or less", path, there.st_mode & 07777));
}

void use_key(SSL_CTX* in, const tls_settings& settings) {
  const auto& path = settings.key;
  const auto useless = [&](std::string_view why) { return error(fmt::format("unable to use key {}: {}", path, why)); };
  if (!holds_key(path)) throw useless(path == settings.cert ? "there is no private key in it: give key=FILE" : "there is no private key in it");
  refuse_open_key(path);
  bool asked = false;
  SSL_CTX_set_default_passwd_cb_userdata(in, &asked);
  const bool used = SSL_CTX_use_PrivateKey_file(in, path.c_str(), SSL_FILETYPE_PEM) == 1;
  SSL_CTX_set_default_passwd_cb_userdata(in, nullptr);
  if (asked) throw useless("it has a passphrase, for which nobody is asked: 'openssl pkey' writes it without");
  if (!used) throw useless(first_reason());
}

/// Those of which the peer's certificate has to have one; none: whatever it has.
std::vector<std::string> names_wanted(const tls_settings& settings, const std::string& host) {
  if (settings.server || !settings.peer_names.empty() || !settings.fingerprints.empty()) return settings.peer_names;
  return {host};
}

}  // namespace

tls_settings tls_input_settings(const option_values& options) {
  auto found = common_settings(options);
  found.server = true;
  found.verify = !found.ca.empty() || !found.fingerprints.empty();
  return found;
}

tls_settings tls_output_settings(const option_values& options, std::string host) {
  auto found = common_settings(options);
  found.host = std::move(host);
  found.verify = options.text("verify") == "peer";
  return found;
}

void check_tls_options(const option_values& options, bool server, std::string_view whose, mistakes& wrong) {
  for (const auto& each : options.all("fingerprint"))
    if (plain_fingerprint(each).empty())
      wrong.add(fmt::format("{}: 'fingerprint={}' is none: write it like sha256:HEX, with {} digits", whose, each, fingerprint_digits));
  if (server && !options.given("cert")) wrong.add(fmt::format("{}: a server of TLS needs a certificate: give 'cert=FILE', and 'key=FILE'", whose));
  if (!server && options.given("key") && !options.given("cert")) wrong.add(fmt::format("{}: a 'key' without its 'cert': give both", whose));
  if (server && options.given("peer-name") && !options.given("ca"))
    wrong.add(fmt::format("{}: anyone can write a 'peer-name' into a certificate: give the 'ca' that has to sign it", whose));
  if (!server && options.text("verify") == "none" && (options.given("ca") || options.given("peer-name") || options.given("fingerprint")))
    wrong.add(fmt::format("{}: with 'verify=none' nobody looks at 'ca', 'peer-name' or 'fingerprint': leave one or the other out", whose));
}

tls_session::tls_session(ssl_st* ssl) : ssl_(ssl) { SSL_set_app_data(ssl_, this); }
tls_session::~tls_session() {
  // Else a connection that broke off could not be gone on with.
  SSL_set_shutdown(ssl_, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  SSL_free(ssl_);
}

tls_session::step tls_session::judge(int returned) {
  const int kind = SSL_get_error(ssl_, returned);
  const int error_number = errno;
  switch (kind) {
    case SSL_ERROR_NONE: return step::done;
    case SSL_ERROR_WANT_READ: return step::wants_read;
    case SSL_ERROR_WANT_WRITE: return step::wants_write;
    case SSL_ERROR_ZERO_RETURN: return step::closed;
    case SSL_ERROR_SYSCALL:
      ERR_clear_error();
      why_ = error_number == 0 ? "the peer has gone" : error_text(error_number);
      lost_ = true;
      return error_number == 0 ? step::closed : step::failed;
    default: break;
  }
  if (ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
    ERR_clear_error();
    why_ = "the peer has gone";
    return step::closed;
  }
  const bool verified_badly = ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_CERTIFICATE_VERIFY_FAILED;
  const auto reason = first_reason();
  if (!verified_badly || why_.empty()) why_ = reason;
  return step::failed;
}

tls_session::step tls_session::handshake() {
  ERR_clear_error();
  errno = 0;
  const step how = judge(SSL_do_handshake(ssl_));
  if (how == step::done && (SSL_is_server(ssl_) == 1 || SSL_version(ssl_) < TLS1_3_VERSION || !asked_)) accepted_ = true;
  return how == step::closed ? step::failed : how;
}

tls_session::moved tls_session::read(std::span<char> to) {
  if (ended_) return {*ended_};
  moved all{step::done};
  while (all.bytes < to.size()) {
    ERR_clear_error();
    errno = 0;
    std::size_t got = 0;
    const int returned = SSL_read_ex(ssl_, to.data() + all.bytes, to.size() - all.bytes, &got);
    if (returned != 1) {
      const step how = judge(returned);
      if (how == step::failed || how == step::closed) ended_ = how;  // OpenSSL tells it once; behind bytes it is the next answer
      return all.bytes > 0 ? all : moved{how};
    }
    all.bytes += got;
  }
  return all;
}

tls_session::moved tls_session::write(std::string_view bytes) {
  ERR_clear_error();
  errno = 0;
  std::size_t taken = 0;
  const int returned = SSL_write_ex(ssl_, bytes.data(), bytes.size(), &taken);
  return returned == 1 ? moved{step::done, taken} : moved{judge(returned)};
}

void tls_session::say_goodbye() {
  ERR_clear_error();
  SSL_shutdown(ssl_);
  ERR_clear_error();
}

void tls_session::read_ahead() {
  SSL_set_read_ahead(ssl_, 1);
  SSL_set_default_read_buffer_len(ssl_, ahead_bytes);
}

std::size_t tls_session::held_bytes() const { return SSL_has_pending(ssl_) == 1 ? std::size_t{ahead_bytes} : 0; }
std::uint64_t tls_session::wire_bytes() const { return BIO_number_written(SSL_get_wbio(ssl_)); }
bool tls_session::resumed() const { return SSL_session_reused(ssl_) == 1; }

void tls_context::context_end::operator()(ssl_ctx_st* it) const { SSL_CTX_free(it); }
void tls_context::session_end::operator()(ssl_session_st* it) const { SSL_SESSION_free(it); }

tls_context::tls_context(tls_settings settings)
    : settings_(std::move(settings)), read_(look()), context_(make()) {}
tls_context::~tls_context() = default;

tls_context::files tls_context::look() const {
  files now;
  const std::string* const paths[] = {&settings_.ca, &settings_.cert, &settings_.key};
  for (std::size_t i = 0; i < now.size(); ++i) {
    struct stat there {};
    if (paths[i]->empty() || ::stat(paths[i]->c_str(), &there) != 0) continue;
    now[i] = {there.st_ino, there.st_size, there.st_ctim.tv_sec * 1'000'000'000LL + there.st_ctim.tv_nsec};
  }
  return now;
}

tls_context::context_ptr tls_context::make() {
  ERR_clear_error();
  context_ptr made(SSL_CTX_new(settings_.server ? TLS_server_method() : TLS_client_method()));
  if (!made) throw error("unable to use TLS: " + first_reason());
  auto* const it = made.get();
  SSL_CTX_set_min_proto_version(it, settings_.only_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION);
  SSL_CTX_set_options(it, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(it, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_default_passwd_cb(it, no_passphrase);
  if (!settings_.cert.empty()) {
    if (SSL_CTX_use_certificate_chain_file(it, settings_.cert.c_str()) != 1)
      throw error(fmt::format("unable to use certificate {}: {}", settings_.cert, first_reason()));
    use_key(it, settings_);
  }
  if (!settings_.ca.empty()) {
    if (SSL_CTX_load_verify_file(it, settings_.ca.c_str()) != 1) throw error(fmt::format("unable to use ca {}: {}", settings_.ca, first_reason()));
    if (settings_.server) SSL_CTX_set_client_CA_list(it, SSL_load_client_CA_file(settings_.ca.c_str()));
  } else if (!settings_.server) {
    SSL_CTX_set_default_verify_paths(it);
  }
  if (settings_.verify) {
    SSL_CTX_set_verify(it, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    SSL_CTX_set_cert_verify_callback(it, verify, const_cast<tls_settings*>(&settings_));
  }
  if (settings_.server) {
    SSL_CTX_set_session_id_context(it, context_name, sizeof context_name - 1);
    if (!settings_.tickets) SSL_CTX_set_num_tickets(it, 0);
  } else {
    SSL_CTX_set_session_cache_mode(it, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_set_app_data(it, this);
    SSL_CTX_sess_set_new_cb(it, keep_session);
    SSL_CTX_set_cert_cb(it, note_question, nullptr);
  }
  ERR_clear_error();
  return made;
}

// Instead of OpenSSL's own, which it calls.
int tls_context::verify(x509_store_ctx_st* chain, void* given) {
  const auto& settings = *static_cast<const tls_settings*>(given);
  auto* const ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto* const session = static_cast<tls_session*>(SSL_get_app_data(ssl));
  const auto refuse = [&](std::string why) {
    session->why_ = std::move(why);
    if (X509_STORE_CTX_get_error(chain) == X509_V_OK) X509_STORE_CTX_set_error(chain, X509_V_ERR_CERT_REJECTED);
    return 0;
  };
  X509* const certificate = X509_STORE_CTX_get0_cert(chain);
  if ((settings.fingerprints.empty() || !settings.ca.empty()) && X509_verify_cert(chain) != 1)
    return refuse(fmt::format("its certificate is not trusted: {}", X509_verify_cert_error_string(X509_STORE_CTX_get_error(chain))));
  const auto& prints = settings.fingerprints;
  if (const auto found = fingerprint_of(certificate); !prints.empty() && std::find(prints.begin(), prints.end(), found) == prints.end())
    return refuse(fmt::format("its certificate has the fingerprint sha256:{}, which is not listed", found));
  const auto names = names_wanted(settings, session->host_);
  if (!names.empty() && std::none_of(names.begin(), names.end(), [&](const auto& name) { return is_for(certificate, name); }))
    return refuse(fmt::format("its certificate is for {}, not for {}", names_of(certificate),
                              listed(std::vector<std::string_view>(names.begin(), names.end()))));
  X509_STORE_CTX_set_error(chain, X509_V_OK);
  return 1;
}

// OpenSSL calls it in a client when the server has asked for a certificate.
int tls_context::note_question(ssl_st* ssl, void*) {
  static_cast<tls_session*>(SSL_get_app_data(ssl))->asked_ = true;
  return 1;
}

int tls_context::keep_session(ssl_st* ssl, ssl_session_st* session) {
  static_cast<tls_session*>(SSL_get_app_data(ssl))->accepted_ = true;
  auto& self = *static_cast<tls_context*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  if (self.context_.get() != SSL_get_SSL_CTX(ssl)) return 0;  // the files are others by now
  self.last_.reset(session);
  return 1;  // it is ours now
}

std::string tls_context::refresh() { return look() == read_ ? std::string() : read_again(); }

std::string tls_context::read_again() {
  read_ = look();  // said once by refresh(), whatever it is
  try {
    context_ = make();
    last_.reset();
  } catch (const error& e) {
    return e.what();
  }
  return {};
}

std::unique_ptr<tls_session> tls_context::session(int descriptor, const std::string& host) {
  SSL* const ssl = SSL_new(context_.get());
  if (!ssl) return nullptr;
  std::unique_ptr<tls_session> made(new tls_session(ssl));
  SSL_set_fd(ssl, descriptor);
  if (settings_.server) {
    SSL_set_accept_state(ssl);
    return made;
  }
  SSL_set_connect_state(ssl);
  made->host_ = host;
  if (!is_ip(host) && !host.empty())  // SNI, RFC 6066, 3; OpenSSL's own macro for it has a cast of C
    SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, const_cast<char*>(host.c_str()));
  if (host != std::exchange(last_host_, host)) last_.reset();
  if (last_) SSL_set_session(ssl, last_.get());
  return made;
}

}  // namespace logrelay
