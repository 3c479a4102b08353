#include <logrelay/util/quantity.hpp>

#include <fmt/format.h>

#include <charconv>
#include <iterator>
#include <limits>
#include <utility>

namespace logrelay {

namespace {

constexpr std::uint64_t most_milliseconds = std::numeric_limits<std::chrono::milliseconds::rep>::max();

struct time_unit {
  std::string_view written, read;
  std::uint64_t milliseconds;
};
constexpr time_unit time_units[] = {  // the largest first
    {"d", "d", 24 * 60 * 60 * 1000},
    {"h", "h", 60 * 60 * 1000},
    {"m", "min", 60 * 1000},
    {"s", "s", 1000},
    {"ms", "ms", 1}};

constexpr std::string_view digits = "0123456789";

/// The leading whole number, taken away from `text`.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t number = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (ec != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

constexpr char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

/// How many times 1024 a suffix stands for.
std::optional<unsigned> size_exponent(std::string_view suffix) {
  std::string spelt;
  for (const char c : suffix) spelt += upper(c);
  if (spelt.empty() || spelt == "B") return 0;
  const auto exponent = std::string_view("BKMGTPE").find(spelt.front());
  if (exponent == std::string_view::npos || exponent == 0) return std::nullopt;
  const std::string_view unit = std::string_view(spelt).substr(1);
  if (!unit.empty() && unit != "B" && unit != "IB") return std::nullopt;
  return static_cast<unsigned>(exponent);
}

struct tenths {
  std::uint64_t whole, tenth;
};
/// `number` / `unit` to the nearest tenth. No unit is large enough (2^60) for ten of its remainders to overflow.
constexpr tenths divide(std::uint64_t number, std::uint64_t unit) {
  const tenths rounded{number / unit, (number % unit * 10 + unit / 2) / unit};
  return rounded.tenth < 10 ? rounded : tenths{rounded.whole + 1, 0};
}

}  // namespace

std::optional<std::uint64_t> parse_count(std::string_view text) {
  const auto number = take_number(text);
  return text.empty() ? number : std::nullopt;
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  const auto number = take_number(text);
  if (!number) return std::nullopt;
  const auto exponent = size_exponent(text);
  if (!exponent) return std::nullopt;
  const unsigned shift = 10 * *exponent;
  if (*number > std::numeric_limits<std::uint64_t>::max() >> shift) return std::nullopt;
  return *number << shift;
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  if (text.empty()) return std::nullopt;
  if (text.find_first_not_of('0') == std::string_view::npos) return std::chrono::milliseconds(0);
  std::uint64_t total = 0;
  const time_unit* larger = std::begin(time_units);  // no unit before this one may follow
  while (!text.empty()) {
    const auto number = take_number(text);
    if (!number) return std::nullopt;
    const std::string_view name = text.substr(0, text.find_first_of(digits));
    while (larger != std::end(time_units) && larger->written != name) ++larger;
    if (larger == std::end(time_units)) return std::nullopt;
    if (*number > (most_milliseconds - total) / larger->milliseconds) return std::nullopt;
    total += *number * larger->milliseconds;
    text.remove_prefix(name.size());
    ++larger;
  }
  return std::chrono::milliseconds(static_cast<std::chrono::milliseconds::rep>(total));
}

std::string readable_size(std::uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  unsigned exponent = 1;
  // Rounding may reach the next unit: 1048575 bytes are 1.0 MiB, not 1024.0 KiB.
  while (exponent < 6 && divide(bytes, std::uint64_t{1} << (10 * exponent)).whole >= 1024) ++exponent;
  const auto [whole, tenth] = divide(bytes, std::uint64_t{1} << (10 * exponent));
  return fmt::format("{}.{} {}iB", whole, tenth, "BKMGTPE"[exponent]);
}

std::string readable_duration(std::chrono::milliseconds duration) {
  const auto count = duration.count();
  const std::uint64_t milliseconds =
      count < 0 ? 0 - static_cast<std::uint64_t>(count) : static_cast<std::uint64_t>(count);
  const time_unit* unit = std::end(time_units) - 1;
  // Rounding may reach the next unit: 59.96 s are 1 min, not 60 s.
  while (unit != std::begin(time_units)) {
    const std::uint64_t whole = divide(milliseconds, unit->milliseconds).whole;
    if (whole < (unit - 1)->milliseconds / unit->milliseconds) break;
    --unit;
  }
  const auto [whole, tenth] = divide(milliseconds, unit->milliseconds);
  const std::string_view sign = count < 0 ? "-" : "";
  return tenth == 0 ? fmt::format("{}{} {}", sign, whole, unit->read)
                    : fmt::format("{}{}.{} {}", sign, whole, tenth, unit->read);
}

}  // namespace logrelay
