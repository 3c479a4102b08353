#include <logrelay/core/level.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

namespace logrelay {

namespace {

constexpr std::array<std::string_view, 8> names = {"emerg",   "alert",  "crit", "err",
                                                   "warning", "notice", "info", "debug"};

constexpr std::pair<std::string_view, level> synonyms[] = {
    {"panic", level::emerg}, {"critical", level::crit}, {"fatal", level::crit},
    {"error", level::err},   {"warn", level::warning},  {"trace", level::debug},
};

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

constexpr bool same(std::string_view written, std::string_view name) {
  return std::equal(written.begin(), written.end(), name.begin(), name.end(),
                    [](char left, char right) { return lower(left) == right; });
}

}  // namespace

std::string_view level_name(level severity) { return names[static_cast<std::size_t>(severity)]; }

std::optional<level> parse_level(std::string_view name) {
  for (std::size_t i = 0; i < names.size(); ++i)
    if (same(name, names[i])) return static_cast<level>(i);
  for (const auto& [synonym, severity] : synonyms)
    if (same(name, synonym)) return severity;
  return std::nullopt;
}

}  // namespace logrelay
