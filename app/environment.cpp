#include "environment.hpp"

#include <logrelay/util/near_miss.hpp>

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>

namespace logrelay {
namespace {

constexpr std::string_view prefix = "LOGRELAY_";

/// DRAIN_TIMEOUT for "drain-timeout".
std::string capitals(std::string_view name) {
  std::string made;
  for (const char c : name) made += c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  return made;
}

/// What Kubernetes tells every container of a service that is called as we are.
bool tells_of_a_service(std::string_view name) {
  return name == "PORT" || name.starts_with("PORT_") || name.starts_with("SERVICE_");
}

}  // namespace

std::optional<std::string> from_environment(const option_row& row, mistakes& wrong) {
  if (row.name == "help" || row.name == "version") return std::nullopt;
  const std::string variable = std::string(prefix) + capitals(row.name);
  const char* const value = std::getenv(variable.c_str());
  if (!value || !*value) return std::nullopt;
  const std::size_t before = wrong.texts().size();
  parse_options({{std::string(row.name), value}}, std::array{option_rows(&row, 1)}, "environment " + variable, wrong);
  return wrong.texts().size() == before ? std::optional<std::string>(value) : std::nullopt;
}

std::vector<std::string> doubtful_variables(const std::vector<option_row>& rows) {
  std::vector<std::string> names;  // without the prefix, which makes all of them near
  for (const option_row& row : rows) names.push_back(capitals(row.name));
  const std::vector<std::string_view> known(names.begin(), names.end());
  std::vector<std::string> doubts;
  for (char* const* each = ::environ; *each; ++each) {
    std::string_view name = *each;
    if (!name.starts_with(prefix)) continue;
    name = name.substr(prefix.size(), name.find('=') - prefix.size());
    if (std::find(known.begin(), known.end(), name) != known.end() || tells_of_a_service(name)) continue;
    const auto near = near_misses(name, known);
    if (!near.empty()) doubts.push_back(fmt::format("environment {0}{1} means nothing (did you mean '{0}{2}'?)", prefix, name, near.front()));
  }
  return doubts;
}

}  // namespace logrelay
