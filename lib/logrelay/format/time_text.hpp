#pragma once
/// Times as text. The renderers keep what they made of the last second, so that a line costs a calendar only when its
/// second is not that of the line before; each belongs to one thread. The functions are for any thread. No I/O.
#include <logrelay/util/clock.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace logrelay {

/// RFC 3339 in UTC with microseconds: 2026-11-22T14:05:01.123456Z.
class rfc3339_text {
 public:
  void append(wall_time time, std::string& to);

 private:
  std::chrono::sys_seconds second_ = std::chrono::sys_seconds::max();
  std::string up_to_second_;  // "2026-11-22T14:05:01."
};

/// RFC 3339 in UTC with milliseconds: 2026-11-22T14:05:01.123Z. For what is written seldom, such as drop markers.
[[nodiscard]] std::string rfc3339_milliseconds(wall_time time);

/// strftime(3) in local time, and as with ts(1) `%.S`, `%.s` and `%.T`: the same with microseconds. The fraction is
/// cut, never rounded up into a second that has not come.
class strftime_text {
 public:
  /// What a pattern may give, or each part of one that has fractions: a width (`%1000Y`) can ask for any length.
  static constexpr std::size_t longest = 1024;

  explicit strftime_text(std::string_view pattern);
  void append(wall_time time, std::string& to);

 private:
  void render(std::chrono::sys_seconds second);
  std::vector<std::string> patterns_;  // microseconds stand between each two
  std::vector<std::string> rendered_;  // of second_; empty where it would be longer than `longest`
  std::chrono::sys_seconds second_ = std::chrono::sys_seconds::max();
};

/// Whether `pattern` is empty, gives more than strftime_text::longest bytes, or holds a NUL, where strftime would stop.
[[nodiscard]] bool is_useless_strftime(std::string_view pattern);

/// The first conversion that strftime does not know, and would write as it stands: "%Q"; empty: it knows them all.
[[nodiscard]] std::string unknown_conversion(std::string_view pattern);

/// TAI64N as multilog and tai64n write it: `@`, 16 hexadecimal digits of the second and 8 of the nanosecond. The
/// second is Unix time + 2^62 + 10, as there: leap seconds since 1972 are not looked up.
void append_tai64n(wall_time time, std::string& to);

}  // namespace logrelay
