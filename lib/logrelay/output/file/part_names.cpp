#include <logrelay/output/file/part_names.hpp>

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <climits>
#include <ctime>
#include <tuple>

namespace logrelay {
namespace {

constexpr std::string_view time_shape = ".dddddddd?dddddd.ddddddZ";
constexpr std::int64_t latest = 253'370'764'800'000'000;  // 9999: behind it there is no room for one more

std::tm calendar(std::int64_t second, bool utc) {
  const std::time_t time = second;
  std::tm at{};
  utc ? ::gmtime_r(&time, &at) : ::localtime_r(&time, &at);
  return at;
}

std::string rendered(const std::string& pattern, const std::tm& at) {
  std::array<char, PATH_MAX> text;
  return {text.data(), ::strftime(text.data(), text.size(), pattern.c_str(), &at)};
}

std::string time_text(std::int64_t microseconds) {
  const auto at = calendar(microseconds / 1'000'000, true);
  return fmt::format(".{:04}{:02}{:02}T{:02}{:02}{:02}.{:06}Z", at.tm_year + 1900, at.tm_mon + 1, at.tm_mday,
                     at.tm_hour, at.tm_min, at.tm_sec, microseconds % 1'000'000);
}

int number_at(std::string_view text, std::size_t from, std::size_t digits) {
  int value = 0;
  std::from_chars(text.data() + from, text.data() + from + digits, value);
  return value;
}

// ".20261122T140501.123456Z" at the end of `name`, taken off it.
std::optional<std::int64_t> take_time(std::string_view& name) {
  if (name.size() <= time_shape.size()) return {};
  const auto text = name.substr(name.size() - time_shape.size());
  for (std::size_t i = 0; i < time_shape.size(); ++i) {
    const char wanted = time_shape[i] == '?' ? 'T' : time_shape[i];
    if (wanted == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != wanted) return {};
  }
  std::tm at{};
  at.tm_year = number_at(text, 1, 4) - 1900;
  at.tm_mon = number_at(text, 5, 2) - 1;
  at.tm_mday = number_at(text, 7, 2);
  at.tm_hour = number_at(text, 10, 2);
  at.tm_min = number_at(text, 12, 2);
  at.tm_sec = number_at(text, 14, 2);
  const auto microseconds = static_cast<std::int64_t>(::timegm(&at)) * 1'000'000 + number_at(text, 17, 6);
  if (microseconds < 0 || microseconds >= latest || time_text(microseconds) != text)
    return {};  // no time that a clock tells
  name.remove_suffix(time_shape.size());
  return microseconds;
}

std::optional<std::uint32_t> take_number(std::string_view& name) {
  const auto dot = name.rfind('.');
  if (dot == std::string_view::npos || dot == 0 || dot + 1 == name.size() || name[dot + 1] == '0') return {};
  std::uint32_t number = 0;
  const auto end = name.data() + name.size();
  const auto read = std::from_chars(name.data() + dot + 1, end, number);
  if (read.ec != std::errc() || read.ptr != end || number > 999'999'999) return {};
  name = name.substr(0, dot);
  return number;
}

}  // namespace

std::string_view suffix(compression how) {
  return how == compression::gzip ? ".gz" : how == compression::zstd ? ".zst" : "";
}

bool operator<(const part_name& a, const part_name& b) {
  const auto key = [](const part_name& of) {
    return std::tuple(of.period, of.was_live, of.microseconds, -static_cast<std::int64_t>(of.number));
  };
  return key(a) < key(b);
}

std::string part_names::at_time(std::string_view live, std::int64_t microseconds) {
  return std::string(live) + time_text(microseconds);
}

std::string part_names::at_number(std::string_view live, std::uint32_t number) {
  return fmt::format("{}.{}", live, number);
}

bool part_names::read_base(std::string_view text, part_name& into) const {
  if (!by_time_) return text == base_;
  std::tm at{};
  at.tm_mday = 1, at.tm_year = 70, at.tm_isdst = -1;
  const std::string name(text);
  const char* const end = ::strptime(name.c_str(), base_.c_str(), &at);
  if (!end || *end != '\0') return false;
  at.tm_isdst = -1;
  into.period = utc_ ? ::timegm(&at) : ::mktime(&at);
  return rendered(base_, calendar(into.period, utc_)) == name;
}

std::optional<part_name> part_names::read_plain(std::string_view name) const {
  part_name found;
  found.plain = name;
  if (by_time_ && read_base(name, found)) {
    found.was_live = true;
    return found;
  }
  if (how_ == naming::time) {
    const auto time = take_time(name);
    if (!time) return {};
    found.microseconds = *time;
  } else {
    const auto number = take_number(name);
    if (!number) return {};
    found.number = *number;
  }
  if (!read_base(name, found)) return {};
  return found;
}

std::optional<part_name> part_names::read(std::string_view name) const {
  if (auto found = read_plain(name)) return found;
  for (const auto how : {compression::gzip, compression::zstd}) {
    if (!name.ends_with(suffix(how))) continue;
    auto found = read_plain(name.substr(0, name.size() - suffix(how).size()));
    if (found) found->packed = how;
    return found;
  }
  return {};
}

std::string render(const std::string& pattern, wall_time now, bool utc) {
  return rendered(pattern, calendar(std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count(), utc));
}

}  // namespace logrelay
