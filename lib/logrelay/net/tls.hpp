#pragma once
/// TLS, RFC 8446 and RFC 5246, by OpenSSL, which stays out of this header. A context is what all connections of one input
/// or output have in common; a session is one connection, on a descriptor that never blocks and that somebody else owns.
///
/// Who is on the other side is verified unless that is turned off: the chain of its certificate, and its name. Where
/// fingerprints are given, the certificate has to be one of those, and its chain matters only if `ca` is given too, its
/// name only if a `peer-name` is.
/// Nothing below TLS 1.2, no renegotiation, no ALPN, no question for a passphrase; a key that others may read is refused.
#include <logrelay/error.hpp>
#include <logrelay/options.hpp>

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

struct ssl_st;
struct ssl_ctx_st;
struct ssl_session_st;
struct x509_store_ctx_st;

namespace logrelay {

inline constexpr option_row tls_input_rows[] = {
    {.name = "cert", .type = option_type::text, .fallback = "", .help = "A PEM file with our certificate and those that lead up to it.",
     .value_name = "FILE"},
    {.name = "key", .type = option_type::text, .fallback = "",
     .help = "A PEM file with the certificate's private key, which others may not read; without it, the file of cert.", .value_name = "FILE"},
    {.name = "ca", .type = option_type::text, .fallback = "",
     .help = "A PEM file with the certificates that a peer's must be signed by; without it, peers need none.", .value_name = "FILE"},
    {.name = "peer-name", .type = option_type::text, .fallback = "",
     .help = "Takes only peers whose certificate has this name; repeat it for several. Needs ca.", .repeatable = true, .value_name = "NAME"},
    {.name = "fingerprint", .type = option_type::text, .fallback = "",
     .help = "Takes only peers whose certificate has this fingerprint, sha256:HEX; repeat it for several.", .repeatable = true,
     .value_name = "FINGERPRINT"},
    {.name = "min-version", .type = option_type::choice, .fallback = "1.2", .help = "The oldest version of TLS that is spoken.",
     .choices = "1.2|1.3"},
    {.name = "handshake-timeout", .type = option_type::duration, .fallback = "10s",
     .help = "A peer that has not completed its handshake by then is let go.", .least = "10ms"},
};

inline constexpr option_row tls_output_rows[] = {
    {.name = "verify", .type = option_type::choice, .fallback = "peer",
     .help = "Whether the peer's certificate is verified; with none anyone may pretend to be the peer.", .choices = "peer|none"},
    {.name = "ca", .type = option_type::text, .fallback = "",
     .help = "A PEM file with the certificates that the peer's must be signed by; without it, those that the system trusts.",
     .value_name = "FILE"},
    {.name = "peer-name", .type = option_type::text, .fallback = "",
     .help = "The name that the peer's certificate must have, instead of HOST; repeat it for several.", .repeatable = true,
     .value_name = "NAME"},
    {.name = "fingerprint", .type = option_type::text, .fallback = "",
     .help = "The fingerprint of the peer's certificate, sha256:HEX, instead of its chain and name; repeat it for several.",
     .repeatable = true, .value_name = "FINGERPRINT"},
    {.name = "cert", .type = option_type::text, .fallback = "",
     .help = "A PEM file with our certificate and those that lead up to it, for peers that ask for one.", .value_name = "FILE"},
    {.name = "key", .type = option_type::text, .fallback = "",
     .help = "A PEM file with the certificate's private key, which others may not read; without it, the file of cert.", .value_name = "FILE"},
    {.name = "min-version", .type = option_type::choice, .fallback = "1.2", .help = "The oldest version of TLS that is spoken.",
     .choices = "1.2|1.3"},
};

struct tls_settings {
  bool server = false;
  std::string host;  ///< a client's peer, as a name or an address
  std::string ca, cert, key;
  bool verify = true;
  std::vector<std::string> peer_names;  ///< or addresses: one of them is enough
  std::vector<std::string> fingerprints;  ///< of SHA-256, 64 small hexadecimal digits each
  bool only_1_3 = false;
  /// A server's, in TLS 1.3: sends what sessions are resumed with. A client that only sends never reads it, and loses what its
  /// kernel has still to send when it closes: then that resets the connection.
  bool tickets = true;
};

/// Of the options of one of the tables above.
[[nodiscard]] tls_settings tls_input_settings(const option_values& options);
[[nodiscard]] tls_settings tls_output_settings(const option_values& options, std::string host);
void check_tls_options(const option_values& options, bool server, std::string_view whose, mistakes& wrong);

/// One connection. Belongs to one thread at a time.
class tls_session {
 public:
  enum class step { done, wants_read, wants_write, closed, failed };
  struct moved {
    step how;
    std::size_t bytes = 0;
  };

  ~tls_session();
  tls_session(const tls_session&) = delete;

  [[nodiscard]] step handshake();
  /// As many bytes as there are now. `closed`: the peer has said goodbye, or gone without a word.
  [[nodiscard]] moved read(std::span<char> to);
  /// One record at most. After wants_write the next call has to begin with the same bytes, and have as many.
  [[nodiscard]] moved write(std::string_view bytes);
  void say_goodbye();
  /// Reads ahead from now on, a larger piece at a time: what has come is then not known to poll(2).
  void read_ahead();
  [[nodiscard]] std::size_t held_bytes() const;  ///< at most, that were read ahead

  [[nodiscard]] const std::string& why() const { return why_; }  ///< it failed
  [[nodiscard]] bool is_lost() const { return lost_; }           ///< … with its connection, not over what came by that
  [[nodiscard]] std::uint64_t wire_bytes() const;                ///< that the kernel has taken, handshake included
  [[nodiscard]] bool resumed() const;
  /// Whether it is certain that the peer has accepted us: in TLS 1.3 a server that asks for a certificate looks at it, or
  /// finds that there is none, after the client has sent its first lines. What it says next, and says it with, are tickets.
  [[nodiscard]] bool is_accepted() const { return accepted_; }

 private:
  friend class tls_context;
  explicit tls_session(ssl_st* ssl);
  step judge(int returned);

  ssl_st* ssl_;
  std::string host_;  // a client's peer
  std::string why_;
  bool lost_ = false;
  bool asked_ = false;  // for a certificate
  bool accepted_ = false;
  std::optional<step> ended_;  // by its peer
};

/// What the connections of an input or output share. One thread; outlives the handshakes of its sessions.
class tls_context {
 public:
  /// Reads the files. Throws error.
  explicit tls_context(tls_settings settings);
  ~tls_context();
  tls_context(const tls_context&) = delete;

  /// Reads the files again where one has changed. Returns what is wrong with them, once; they are left as they were then.
  [[nodiscard]] std::string refresh();
  /// Reads them again, changed or not, and returns what is wrong with them each time: for HUP.
  [[nodiscard]] std::string read_again();
  /// On a connected socket. A client goes on with the session before, if the server wants to.
  /// `host`: a client's peer, where it is another than the settings'.
  [[nodiscard]] std::unique_ptr<tls_session> session(int descriptor, const std::string& host);
  [[nodiscard]] std::unique_ptr<tls_session> session(int descriptor) { return session(descriptor, settings_.host); }

 private:
  struct file_state {
    ino_t inode = 0;
    off_t size = 0;
    std::int64_t changed = 0;
    friend bool operator==(const file_state&, const file_state&) = default;
  };
  using files = std::array<file_state, 3>;
  struct context_end {
    void operator()(ssl_ctx_st* it) const;
  };
  struct session_end {
    void operator()(ssl_session_st* it) const;
  };
  using context_ptr = std::unique_ptr<ssl_ctx_st, context_end>;

  [[nodiscard]] files look() const;
  [[nodiscard]] context_ptr make();
  static int verify(x509_store_ctx_st* chain, void* settings);
  static int note_question(ssl_st* ssl, void*);
  static int keep_session(ssl_st* ssl, ssl_session_st* session);

  const tls_settings settings_;
  files read_;
  context_ptr context_;
  std::unique_ptr<ssl_session_st, session_end> last_;  // of a client …
  std::string last_host_;                              // … with this peer
};

}  // namespace logrelay
