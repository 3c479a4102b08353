#pragma once
/// UTF-8 among bytes that come from anywhere. Any thread, no I/O, linear time.
#include <string>
#include <string_view>

namespace logrelay {

/// `bytes` where they are UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF); else a copy in
/// `scratch` with U+FFFD for each byte that belongs to no character. Costs one pass over 8 bytes at a time for ASCII.
[[nodiscard]] std::string_view as_utf8(std::string_view bytes, std::string& scratch);

}  // namespace logrelay
