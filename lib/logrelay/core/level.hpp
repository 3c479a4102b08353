#pragma once
/// Severities, RFC 5424 section 6.2.1: the smaller the number, the worse.
#include <cstdint>
#include <optional>
#include <string_view>

namespace logrelay {

enum class level : std::uint8_t { emerg, alert, crit, err, warning, notice, info, debug };

[[nodiscard]] std::string_view level_name(level severity);
/// A name as in the option `level`, or one of its synonyms: error, warn, fatal (crit), trace (debug), panic (emerg).
[[nodiscard]] std::optional<level> parse_level(std::string_view name);

}  // namespace logrelay
