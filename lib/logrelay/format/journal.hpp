#pragma once
/// format=journal: an entry as systemd-journald takes it in a datagram (systemd.io/JOURNAL_NATIVE_PROTOCOL), with the
/// fields of systemd.journal-fields(7). What that has no name for is called `SYSLOG_MSGID`, `SYSLOG_HOSTNAME` (where it is
/// not this host), `LOGRELAY_INPUT`, `_STREAM` and `_PEER`, and `ID_NAME` of structured data. Of use only where a line is a
/// datagram: an entry has lines of its own.
#include <logrelay/registry.hpp>

#include <string>
#include <string_view>

namespace logrelay {

[[nodiscard]] format_kind journal_format();

/// Appends one field: `NAME=value` and a newline, or where the value has newlines itself
///
///     NAME  '\n'  its length, 8 bytes, little endian  value  '\n'
void append_journal_field(std::string_view name, std::string_view value, std::string& to);

/// Appends `text` as a name that journald takes: capital letters, digits and `_`, begun by a letter, 64 bytes at most.
/// (It ignores a field with another name, and those that begin with `_` are its own.)
void append_journal_name(std::string_view text, std::string& to);

}  // namespace logrelay
