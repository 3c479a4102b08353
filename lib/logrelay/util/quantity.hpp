#pragma once
/// Sizes and times as users write and read them. No I/O, never throws for what a text says.
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace logrelay {

/// A whole number from 0, digits only. Nothing on overflow or other text.
[[nodiscard]] std::optional<std::uint64_t> parse_count(std::string_view text);
/// "512", "64K", "64M", "1G", "2T": bytes, in 1024s; also "64k", "64KiB", "64KB", "512B". Nothing on overflow or
/// other text.
[[nodiscard]] std::optional<std::uint64_t> parse_size(std::string_view text);
/// "500ms", "10s", "5m", "1h", "7d"; also "1h30m", each unit smaller than the one before it; "0" needs no unit.
/// Nothing on overflow, no unit or other text. Never negative.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);
/// "512 B", "3.0 MiB".
[[nodiscard]] std::string readable_size(std::uint64_t bytes);
/// "500 ms", "1 s", "1.5 s", "5 min", "2 h", "7 d".
[[nodiscard]] std::string readable_duration(std::chrono::milliseconds duration);

}  // namespace logrelay
