#pragma once
/// format=rfc3164: a message of syslog as RFC 3164, 4.1 has it: `<13>Nov 22 14:05:01 host app[123]: message`, in local
/// time. An app that is not known is `-`, since a receiver would take the message's first word for it.
#include <logrelay/registry.hpp>

namespace logrelay {

[[nodiscard]] format_kind rfc3164_format();

}  // namespace logrelay
