#pragma once
/// Parts of a header of syslog. Any thread, no I/O, never fails.
#include <string>
#include <string_view>

namespace logrelay {

/// `<13>`.
void append_priority(int priority, std::string& to);
/// At most `most` bytes of `text`, with `_` for each that is no printable ASCII (RFC 5424, PRINTUSASCII) or one of
/// `forbidden`; `-` for none.
void append_printable(std::string_view text, std::size_t most, std::string_view forbidden, std::string& to);

}  // namespace logrelay
