#pragma once
/// JSON text, RFC 8259, section 7. Any thread.
#include <string>
#include <string_view>

namespace logrelay {

/// Appends `text` as a JSON string, quotes included. Bytes that are not UTF-8 become U+FFFD.
void append_json_string(std::string_view text, std::string& to);

}  // namespace logrelay
