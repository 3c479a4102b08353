#include <logrelay/format/time_text.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <ctime>

namespace logrelay {
namespace {

using std::chrono::sys_seconds;

struct split_time {
  sys_seconds second;
  std::uint32_t nanosecond;  // of it, also before 1970
};

// By remainder: a floor and a difference overflow in the first second of the clock, in 1677.
split_time split(wall_time time) {
  using namespace std::chrono_literals;
  const auto since_epoch = time.time_since_epoch();
  auto second = std::chrono::duration_cast<std::chrono::seconds>(since_epoch);
  std::chrono::nanoseconds rest = since_epoch % 1s;
  if (rest < 0ns) {
    rest += 1s;
    second -= 1s;
  }
  return {sys_seconds(second), static_cast<std::uint32_t>(rest.count())};
}

void append_digits(std::uint32_t number, std::size_t digits, std::string& to) {
  to.append(digits, '0');
  for (auto digit = to.rbegin(); number != 0; number /= 10) *digit++ = static_cast<char>('0' + number % 10);
}

void append_hex(std::uint64_t number, std::size_t digits, std::string& to) {
  to.append(digits, '0');
  for (auto digit = to.rbegin(); number != 0; number >>= 4) *digit++ = "0123456789abcdef"[number & 15];
}

void append_microseconds(std::uint32_t nanosecond, std::string& to) { append_digits(nanosecond / 1000, 6, to); }

/// "2026-11-22T14:05:01.": without localtime's locks and tables, since UTC is arithmetic.
std::string up_to_fraction(sys_seconds second) {
  const auto day = std::chrono::floor<std::chrono::days>(second);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(second - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count());
}

/// "%H:%M:%.S!" is "%H:%M:%S", microseconds, "!".
std::vector<std::string> split_at_fractions(std::string_view pattern) {
  std::vector<std::string> parts(1);
  while (!pattern.empty()) {
    std::size_t taken = 1;
    if (pattern.size() >= 3 && pattern.starts_with("%.") && std::string_view("SsT").find(pattern[2]) != pattern.npos) {
      parts.back() += {'%', pattern[2]};
      parts.emplace_back();
      taken = 3;
    } else {
      if (pattern.front() == '%') taken = 2;  // "%%.S" is a percent sign, then ".S"
      parts.back() += pattern.substr(0, taken);
    }
    pattern.remove_prefix(std::min(taken, pattern.size()));
  }
  return parts;
}

std::tm local_time(sys_seconds second) {
  const std::time_t seconds = second.time_since_epoch().count();
  std::tm local{};
  ::localtime_r(&seconds, &local);
  return local;
}

/// Empty where the text would be longer than strftime_text::longest.
std::string local_text(const std::tm& local, const std::string& pattern) {
  // A leading space tells an empty text, which strftime reports as it does a failure. (A trailing one would complete
  // a "%" at the pattern's end.)
  char text[strftime_text::longest + 2];
  const std::size_t size = std::strftime(text, sizeof text, (' ' + pattern).c_str(), &local);
  return size == 0 ? std::string() : std::string(text + 1, size - 1);
}

}  // namespace

void rfc3339_text::append(wall_time time, std::string& to) {
  const auto [second, nanosecond] = split(time);
  if (second != second_) {
    up_to_second_ = up_to_fraction(second);
    second_ = second;
  }
  to += up_to_second_;
  append_microseconds(nanosecond, to);
  to += 'Z';
}

std::string rfc3339_milliseconds(wall_time time) {
  const auto [second, nanosecond] = split(time);
  std::string text = up_to_fraction(second);
  append_digits(nanosecond / 1'000'000, 3, text);
  return text += 'Z';
}

strftime_text::strftime_text(std::string_view pattern)
    : patterns_(split_at_fractions(pattern)), rendered_(patterns_.size()) {}

void strftime_text::append(wall_time time, std::string& to) {
  const auto [second, nanosecond] = split(time);
  if (second != second_) render(second);
  to += rendered_.front();
  for (auto behind = rendered_.begin() + 1; behind != rendered_.end(); ++behind) {
    to += '.';
    append_microseconds(nanosecond, to);
    to += *behind;
  }
}

void strftime_text::render(sys_seconds second) {
  const std::tm local = local_time(second);
  for (std::size_t n = 0; n < patterns_.size(); ++n) rendered_[n] = local_text(local, patterns_[n]);
  second_ = second;
}

bool is_useless_strftime(std::string_view pattern) {
  if (pattern.empty() || pattern.find('\0') != pattern.npos) return true;
  const std::tm local = local_time({});
  for (const std::string& part : split_at_fractions(pattern))
    if (!part.empty() && local_text(local, part).empty()) return true;
  return false;
}

std::string unknown_conversion(std::string_view pattern) {
  const std::tm local = local_time({});
  for (const std::string& part : split_at_fractions(pattern)) {
    for (auto at = part.find('%'); at != part.npos;) {
      const auto letter = part.find_first_not_of("_-0^#+EO123456789", at + 1);
      if (letter == part.npos) break;  // the sign at the end is itself
      const std::string plain{'%', part[letter]};
      if (local_text(local, plain) == plain) return part.substr(at, letter + 1 - at);
      at = part.find('%', letter + 1);
    }
  }
  return {};
}

void append_tai64n(wall_time time, std::string& to) {
  constexpr std::uint64_t epoch = (1ULL << 62) + 10;  // TAI was 10 s ahead of UTC when it began
  const auto [second, nanosecond] = split(time);
  to += '@';
  append_hex(epoch + static_cast<std::uint64_t>(second.time_since_epoch().count()), 16, to);
  append_hex(nanosecond, 8, to);
}

}  // namespace logrelay
