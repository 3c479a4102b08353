#pragma once
/// `relp://HOST:PORT`, and over TLS `relp+tls://HOST:PORT`: a connection that comes back for ever, as `tcp://` is, to a peer
/// that answers each line (net/relp). A line is delivered once the peer has said that it is, and rejected where the peer
/// said no; whatever was not answered is sent again after a reconnect, so that nothing is lost with a connection, and what
/// the peer had taken without an answer comes twice. At most `window` lines are on their way.
///
/// To the listener it is a stream of octet-counted lines; each gets its number, its command and its line feed here.
#include <logrelay/registry.hpp>

namespace logrelay {

extern const output_kind relp_output_kind, relp_tls_output_kind;

}  // namespace logrelay
