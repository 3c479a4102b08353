#pragma once
/// A TLS connection (net/tls) that comes back for ever, as a TCP connection does. A line is delivered once the peer's
/// kernel has acknowledged all of the record that it ends in. With a certificate of ours and TLS 1.3 nothing is, until the
/// peer has answered after the handshake or two seconds have passed: such a peer takes lines before it looks at the
/// certificate, and throws them away if it does not like it.
#include <logrelay/registry.hpp>
#include <logrelay/net/tls.hpp>
#include <logrelay/output/connection_output.hpp>

namespace logrelay {

extern const output_kind tls_output_kind;

// For another name of the same.
inline constexpr auto tls_output_table = joined(tcp_output_rows, tls_output_rows);
void check_tls_output(const output_config& config, mistakes& wrong);
[[nodiscard]] std::unique_ptr<output> make_tls_output(const output_config& config);

}  // namespace logrelay
