#pragma once
/// Severities, RFC 5424 section 6.2.1: the smaller the number, the worse.
#include <cstdint>
#include <optional>
#include <string_view>

namespace logrelay {

enum class level : std::uint8_t { emerg, alert, crit, err, warning, notice, info, debug };

/// The levels with their synonyms, as the `choices` of an option row.
inline constexpr std::string_view level_choices =
    "emerg=panic|alert|crit=critical=fatal|err=error|warning=warn|notice|info|debug=trace";

[[nodiscard]] std::string_view level_name(level severity);
/// A name as in the option `level`, or one of its synonyms, in any case: programs write "ERROR" and "Warn" too.
[[nodiscard]] std::optional<level> parse_level(std::string_view name);

}  // namespace logrelay
