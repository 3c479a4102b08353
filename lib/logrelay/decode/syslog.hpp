#pragma once
/// Messages of syslog, in both of its forms. Any thread, no I/O, no allocation, linear time, never fails: what is no
/// header is message.
///
/// RFC 5424, 6: `<165>1 2026-11-22T14:05:01.123Z host app 123 id [sd@1 k="v"] message`. A field that is `-` is not known.
/// Where the structured data is malformed the message begins with it; where the header is, the whole is read as the
/// other form. The byte order mark before the message is no part of it.
///
/// RFC 3164, 4: `<34>Nov 22 14:05:01 host app[123]: message`, which describes what is seen rather than rules, so:
///   - the priority, the time, the host and the tag may each be missing;
///   - the time may be RFC 3339's, or any that read_rfc3164_time() knows;
///   - before it there may be Cisco's sequence number, `123: ` or `123: router: ` or `: `;
///   - the first word behind the time is the host, unless it is a tag: `app:`, `app[123]`. From a socket of this machine
///     (`local`), where libc's syslog(3) sends none, it is one only where a tag follows;
///   - a tag ends with a colon and a space or the line's end, or has a number in brackets.
///
/// A NUL at the end, which Python and others send, and a newline, which others count as part of an octet frame, are no
/// part of the message.
#include <logrelay/decode/record.hpp>

namespace logrelay {

void decode_syslog(std::string_view line, wall_time received, bool local, record& to);

}  // namespace logrelay
