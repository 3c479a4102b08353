#pragma once
/// A record as a program hands it over, and as it lies in a queue, a spool or a datagram to ourselves until its listener
/// makes text of it: whole, so that every format finds its fields, and without a pointer, so that it means the same after
/// the logger that made it has gone, or the program. Pure functions, any thread, no I/O, never throw.
///
/// The form, in the byte order of the machine:
///      0  u8  0x1e, which no text of ours begins with     1  u8  severity (core/level.hpp)
///      2  u8  the program's own number of its level       3  u8  unused
///      4  u16 size of the logger's name                   6  u16 unused
///      8  i64 time, nanoseconds since 1970               16  u64 thread
///     24  u32 line                                       28  u16 size of the file's name      30  u16 … of the function's
///     32  the three names, the last two each with a NUL behind it where it is there at all; then the message
/// What does not read as one is a line of text: notices of ours are, between records.
#include <logrelay/core/level.hpp>
#include <logrelay/decode/record.hpp>
#include <logrelay/util/clock.hpp>

#include <cstdint>
#include <string_view>

namespace logrelay {

/// A record of a program. Views: valid as long as what they point to. What is not known is empty or 0.
struct program_record {
  level severity = level::info;
  std::uint8_t own_level = 0;  ///< the number that the program's logging library has for it; kept, never looked at
  wall_time time{};            ///< when it was made
  std::uint64_t thread = 0;
  std::string_view logger;
  std::string_view file;      ///< where in the source; NUL-terminated when unpacked
  std::string_view function;  ///< the same
  std::uint32_t line = 0;
  std::string_view message;
};

/// Names that are longer than 65535 bytes are cut.
[[nodiscard]] std::size_t packed_size(const program_record& one);
/// Writes packed_size() bytes.
void pack(const program_record& one, char* to);
/// False where `bytes` are no packed record.
[[nodiscard]] bool unpack(std::string_view bytes, program_record& into);

/// As `decode` does it for a line: the message is all that is known of what is no packed record.
void decode_packed(std::string_view line, record& into);

}  // namespace logrelay
