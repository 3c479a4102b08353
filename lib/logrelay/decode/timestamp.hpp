#pragma once
/// Times as senders of syslog write them, read off the front of a text. Any thread, no I/O, no allocation, never fails;
/// a time that cannot be (February 30, 25:00) is no time. What has no zone is in this machine's; each thread remembers
/// what it found out about the last hour of it, since asking the C library for every line costs more than the rest.
#include <logrelay/util/clock.hpp>

#include <cstddef>
#include <string_view>

namespace logrelay {

struct timestamp {
  std::size_t size = 0;  ///< bytes that it takes; 0: there is none
  wall_time time{};
};

/// RFC 3339 as RFC 5424, 6.2.3 has it: `2026-11-22T14:05:01.123456+01:00`, up to nine digits of a fraction.
[[nodiscard]] timestamp read_rfc3339(std::string_view text);

/// The same as programs write it: without a zone it is local time; a zone may be `+0100` and stand behind a space, a
/// space or `t` may stand for the T, `z` for the Z, and a comma for the point.
[[nodiscard]] timestamp read_iso_time(std::string_view text);

/// The `Nov 22 14:05:01` of RFC 3164, 4.1.2, and its dialects: a day of one digit with or without a second space; a
/// fraction; the year before it, between day and time, or behind it; Cisco's `*` or `.` before it, and its zone behind
/// it (`UTC:`; zones but UTC, GMT and Z are taken for local time). A time without a year is the last one that is no more
/// than a week later than `near`. A closing colon belongs to it.
[[nodiscard]] timestamp read_rfc3164_time(std::string_view text, wall_time near);

}  // namespace logrelay
