#pragma once
/// How one line is framed for the wire, the opposite of a line_cursor. Any thread, no I/O, never fails.
#include <logrelay/core/batch.hpp>

#include <string>
#include <string_view>

namespace logrelay {

/// Appends `message` to `to` so that the other side gets back one line. A byte in it that would end the line early is
/// written as an escape: a newline as the two characters `\n` where newlines frame, a NUL as the four characters
/// `\x00` where NULs do. Octet framing (RFC 6587, 3.4.1: "11 hello world") takes every byte as it is.
/// One newline at the end of a message is dropped where newlines frame: syslog-ng and rsyslog put one into the frames that
/// they count, and into those of RELP, and it ends the line anyway.
/// The escape is for people: a backslash is not escaped in turn, so nothing that was framed by newlines changes.
void append_framed(std::string_view message, framing frames, std::string& to);

}  // namespace logrelay
