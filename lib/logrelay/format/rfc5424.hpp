#pragma once
/// format=rfc5424: a message of syslog, RFC 5424, 6: `<13>1 2026-11-22T14:05:01.123456Z host app 123 id [sd] message`.
/// Times are in UTC with microseconds. What is not known is `-`. In the header's fields a byte that is not printable
/// ASCII becomes `_`, and what is longer than the RFC allows loses its end. Static fields are the parameters of an
/// element `fields@32473`, also where the line has come with one: of the same name, ours stays. A message has no byte order mark, which receivers are not used to.
#include <logrelay/registry.hpp>

namespace logrelay {

[[nodiscard]] format_kind rfc5424_format();

}  // namespace logrelay
