#pragma once
/// `tls://[HOST]:PORT`: TLS connections (net/tls). Handshakes happen elsewhere (tls_handshakes); who has not completed
/// one by the deadline, or is not welcome, is let go, and counted.
#include <logrelay/input/socket_input.hpp>
#include <logrelay/net/tls.hpp>

namespace logrelay {

extern const input_kind tls_input_kind;

// For another name of the same.
inline constexpr auto tls_input_table = joined(tcp_input_rows, tls_input_rows);
void check_tls_input(const input_config& config, mistakes& wrong);
[[nodiscard]] std::unique_ptr<input> make_tls_input(const input_config& config, dialogue_maker answers = {});

}  // namespace logrelay
