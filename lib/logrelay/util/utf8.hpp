#pragma once
/// UTF-8 among bytes that come from anywhere. Any thread, no I/O, linear time.
#include <string>
#include <string_view>

namespace logrelay {

/// `bytes` where they are UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF); else a copy in
/// `scratch` with U+FFFD for each byte that belongs to no character. Costs one pass over 8 bytes at a time for ASCII.
[[nodiscard]] std::string_view as_utf8(std::string_view bytes, std::string& scratch);

/// `bytes` as text that a terminal shows and does not obey: each byte of a control character (C0, DEL, C1), and each that
/// belongs to no character, is written `\xNN`; a newline, a return and a tab `\n`, `\r` and `\t`. A backslash stays one.
[[nodiscard]] std::string as_shown(std::string_view bytes);

}  // namespace logrelay
