#pragma once
/// Messages of syslog, in both of its forms. Any thread, no I/O, no allocation, linear time, never fails: what is no
/// header is message.
///
/// RFC 5424, 6: `<165>1 2026-11-22T14:05:01.123Z host app 123 id [sd@1 k="v"] message`. A field that is `-` is not known.
/// Where the structured data is malformed the message begins with it; where the header is, the whole is read as the
/// other form. The byte order mark before the message is no part of it.
///
/// RFC 3164, 4: `<34>Nov 22 14:05:01 host app[123]: message`, which describes what is seen rather than rules, so:
///   - the priority, the time, the host and the tag may each be missing; a space may stand between the first two;
///   - the time may be any that read_iso_time() or read_rfc3164_time() knows;
///   - before it there may be Cisco's sequence number, `123: ` or `123: router: ` or `: `, and IOS-XR's `RP/0/RSP0/CPU0:`;
///     in its place the uptime of a device that does not know the time, `1w2d: `, where a `%FAC-3-NAME: ` follows, or
///     nothing but that;
///   - the first word behind the time is the host, unless it is a tag: `app:`, `app[123]`. From a socket of this machine
///     (`local`), where libc's syslog(3) sends none, and behind a date and a time with a space between them, it is one only
///     where a tag follows. AIX's `Message forwarded from host: ` names one; `last message repeated` does not begin with one;
///   - a tag ends with a colon, or has a number in brackets, and is no number itself. Where the message follows the colon at
///     once, as in `app:message`, it is one only if it looks like a name, and the whole like no URL.
///
/// A NUL at the end, which Python and others send, and a newline, which others count as part of an octet frame, are no
/// part of the message.
#include <logrelay/decode/record.hpp>

namespace logrelay {

void decode_syslog(std::string_view line, wall_time received, bool local, record& to);

}  // namespace logrelay
