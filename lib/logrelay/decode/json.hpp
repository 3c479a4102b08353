#pragma once
/// Lines that are JSON objects (RFC 8259), as programs with structured logging write them. Any thread, no I/O, linear time,
/// never fails: what is no object is message, whole.
///
/// Members of the outermost object are taken by name, the first of each kind that is there:
///
///   time       time, timestamp, @timestamp, ts        RFC 3339 (without a zone: local time), or a number: seconds, or what
///                                                     its size says, milli-, micro- or nanoseconds since 1970
///   severity   level, severity, lvl, log.level        a name of a level, 0 to 7, or the tens of pino and bunyan
///   facility   facility                               a name, or 0 to 23
///   host       host, hostname
///   app        app, logger, program, service
///   pid        pid
///   msgid      msgid
///   message    message, msg, log, short_message
///
/// An object without a message is itself the message, whole, so that nothing of it is lost.
#include <logrelay/decode/record.hpp>

#include <string>

namespace logrelay {

/// The fields are views into `line`, or into `unescaped` where a string has escapes; that is not allocated where none has.
void decode_json(std::string_view line, record& to, std::string& unescaped);

}  // namespace logrelay
