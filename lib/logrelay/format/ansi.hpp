#pragma once
/// Takes the colours, cursor movements and window titles that programs write for terminals out of a line. Any thread,
/// no I/O, linear time, never fails.
///
/// Only sequences that ESC begins (ECMA-48, and what xterm adds) are known. Their one-byte forms 0x80 to 0x9f are
/// left alone: in UTF-8 those bytes are parts of letters. What is appended never holds an ESC.
///
///     ESC [ 0-?... SPACE-/... @-~         CSI: colours, cursor
///     ESC ] ... BEL or ESC \              OSC: titles, hyperlinks
///     ESC P or X or ^ or _ ... ESC \      DCS, SOS, PM, APC
///     ESC SPACE-/... 0-~                  character sets
///     ESC 0-~                             all others
///
/// Damage never costs text, only what cannot be text. A CSI that breaks off, at the line's end or at a byte that none
/// can hold, goes as far as it got. One that is longer than any real one, and a string without its end, lose their
/// two-byte introducer; what stood behind it stays. An OSC that the line's end cuts off goes whole if it is at most
/// 256 bytes long and begins as each does: digits, then `;`. An ESC before anything else goes alone.
#include <string>
#include <string_view>

namespace logrelay {

void append_without_ansi(std::string_view line, std::string& to);

}  // namespace logrelay
