#pragma once
/// `relp://[HOST]:PORT`, and over TLS `relp+tls://[HOST]:PORT`: TCP and TLS connections whose peers speak RELP, and are
/// answered when their lines are safe (relp_dialogue). With `decode=syslog` unless something else is given.
#include <logrelay/registry.hpp>

namespace logrelay {

extern const input_kind relp_input_kind, relp_tls_input_kind;

}  // namespace logrelay
