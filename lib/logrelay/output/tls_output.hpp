#pragma once
/// A TLS connection (net/tls) that comes back for ever, as a TCP connection does. A line is delivered once the peer's
/// kernel has acknowledged all of the record that it ends in. Where the peer has asked for a certificate in TLS 1.3 nothing
/// is, until it has answered after the handshake or two seconds have passed: such a peer takes lines before it looks at
/// the certificate, or finds that there is none, and throws them away if it does not like that.
#include <logrelay/registry.hpp>
#include <logrelay/net/tls.hpp>
#include <logrelay/output/connection_output.hpp>
#include <logrelay/util/clock.hpp>

namespace logrelay {

class waiter;

extern const output_kind tls_output_kind;

/// Until both have agreed, at most until the deadline. False: for the reason `why`.
[[nodiscard]] bool shake_hands(tls_session& session, int socket, waiter& wait, steady_time deadline, std::string& why);

// For another name of the same.
inline constexpr auto tls_output_table = joined(tcp_output_rows, tls_output_rows);
void check_tls_output(const output_config& config, mistakes& wrong, std::string_view port = {});
[[nodiscard]] std::unique_ptr<output> make_tls_output(const output_config& config, std::string_view port = {});

}  // namespace logrelay
