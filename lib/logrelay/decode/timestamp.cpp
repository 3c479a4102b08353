#include <logrelay/decode/timestamp.hpp>

#include <algorithm>
#include <array>
#include <ctime>
#include <optional>

namespace logrelay {
namespace {

using namespace std::chrono;
using namespace std::chrono_literals;

struct date_and_time {
  year_month_day date;
  int hour = 0, minute = 0, second = 0;
  nanoseconds fraction{};

  [[nodiscard]] bool is_valid() const { return date.ok() && hour < 24 && minute < 60 && second < 61; }  // 60: a leap second
  [[nodiscard]] sys_seconds as_if_utc() const { return sys_days(date) + hours(hour) + minutes(minute) + seconds(second); }
};

/// Takes bytes off the front of a text. What is asked for and not there leaves it where it is.
class scanner {
 public:
  explicit scanner(std::string_view text) : text_(text) {}
  [[nodiscard]] std::size_t at() const { return at_; }
  [[nodiscard]] std::string_view rest() const { return text_.substr(at_); }
  [[nodiscard]] bool ends() const { return at_ == text_.size(); }
  [[nodiscard]] bool next_is(char c) const { return at_ < text_.size() && text_[at_] == c; }
  bool skip(char c) { return next_is(c) && (++at_, true); }
  /// `least` to `most` digits; -1: there are fewer.
  int digits(std::size_t least, std::size_t most) {
    int value = 0;
    std::size_t n = 0;
    for (; n < most && at_ + n < text_.size() && is_digit(text_[at_ + n]); ++n) value = value * 10 + (text_[at_ + n] - '0');
    if (n < least) return -1;
    at_ += n;
    return value;
  }
  void back_to(std::size_t at) { at_ = at; }
  void skip_bytes(std::size_t n) { at_ += n; }
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

bool read_clock(scanner& from, date_and_time& to) {
  to.hour = from.digits(2, 2);
  if (to.hour < 0 || !from.skip(':')) return false;
  to.minute = from.digits(2, 2);
  if (to.minute < 0 || !from.skip(':')) return false;
  to.second = from.digits(2, 2);
  return to.second >= 0;
}

/// ".123456": false where a point has no digit behind it, or more than nine.
bool read_fraction(scanner& from, date_and_time& to, bool comma_too) {
  if (!from.skip('.') && !(comma_too && from.skip(','))) return true;
  const std::size_t before = from.at();
  int value = from.digits(1, 9);
  if (value < 0) return false;
  for (std::size_t n = from.at() - before; n < 9; ++n) value *= 10;
  to.fraction = nanoseconds(value);
  return from.ends() || !scanner::is_digit(from.rest().front());
}

/// The moment in UTC at which local clocks show this hour.
sys_seconds local_hour(const year_month_day& date, int hour) {
  struct memory {
    year_month_day date{};
    int hour = -1;
    sys_seconds moment{};
  };
  thread_local memory last;
  if (last.hour == hour && last.date == date) return last.moment;
  std::tm local{};
  local.tm_year = static_cast<int>(date.year()) - 1900;
  local.tm_mon = static_cast<int>(static_cast<unsigned>(date.month())) - 1;
  local.tm_mday = static_cast<int>(static_cast<unsigned>(date.day()));
  local.tm_hour = hour;
  local.tm_isdst = -1;
  last = {date, hour, sys_seconds(seconds(std::mktime(&local)))};
  return last.moment;
}

wall_time local_time(const date_and_time& given) {
  return local_hour(given.date, given.hour) + minutes(given.minute) + seconds(given.second) + given.fraction;
}

/// "Nov" is 11; 0: no month.
unsigned read_month(std::string_view text) {
  constexpr std::array<std::string_view, 12> names = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto found = std::find(names.begin(), names.end(), text.substr(0, 3));
  return found == names.end() ? 0 : static_cast<unsigned>(found - names.begin()) + 1;
}

bool is_year(int number) { return number >= 1970 && number < 2200; }

/// "2026 ", or what `behind` says; 0, and nothing is taken, where there is none.
int read_year(scanner& from, std::string_view behind) {
  const std::size_t before = from.at();
  const int found = from.digits(4, 4);
  if (is_year(found) && (from.ends() ? behind == " :" : behind.find(from.rest().front()) != behind.npos)) return found;
  from.back_to(before);
  return 0;
}

enum class dialect { rfc, any };

/// "+01:00", and "+0100" in any dialect: how far east of UTC.
std::optional<minutes> read_offset(scanner& from, dialect spoken) {
  const int sign = from.skip('+') ? 1 : from.skip('-') ? -1 : 0;
  const int h = sign == 0 ? -1 : from.digits(2, 2);
  if (h < 0 || h > 23 || !(from.skip(':') || spoken == dialect::any)) return {};
  const int m = from.digits(2, 2);
  if (m < 0 || m > 59) return {};
  return sign * (hours(h) + minutes(m));
}

timestamp read_dated(std::string_view text, dialect spoken) {
  const bool any = spoken == dialect::any;
  scanner from(text);
  date_and_time given;
  const int y = from.digits(4, 4);
  if (y < 0 || !from.skip('-')) return {};
  const int m = from.digits(2, 2);
  if (m < 0 || !from.skip('-')) return {};
  const int d = from.digits(2, 2);
  if (d < 0 || !(from.skip('T') || (any && (from.skip(' ') || from.skip('t'))))) return {};
  given.date = year(y) / m / d;
  // What nanoseconds since 1970 can hold, whatever the zone.
  if (!read_clock(from, given) || !read_fraction(from, given, any) || !given.is_valid() || y < 1678 || y > 2261) return {};
  if (from.skip('Z') || (any && from.skip('z'))) return {from.at(), given.as_if_utc() + given.fraction};
  if (from.next_is('+') || from.next_is('-')) {
    const auto east = read_offset(from, spoken);
    return east ? timestamp{from.at(), given.as_if_utc() - *east + given.fraction} : timestamp{};
  }
  if (!any) return {};
  const std::size_t size = from.at();
  if (from.skip(' '))
    if (const auto east = read_offset(from, spoken); east && (from.ends() || from.next_is(' ')))
      return {from.at(), given.as_if_utc() - *east + given.fraction};
  return {size, local_time(given)};
}

/// The last year in which this is not more than a week behind `near`.
bool guess_year(date_and_time& given, wall_time near) {
  const auto latest = time_point_cast<seconds>(near) + days(7);
  const year_month_day there(floor<days>(latest));
  for (int back = 0; back < 9; ++back) {  // February 29 may be that long ago
    given.date = (there.year() - years(back)) / given.date.month() / given.date.day();
    if (given.date.ok() && given.as_if_utc() <= latest) return true;
  }
  return false;
}

bool is_capital(char c) { return c >= 'A' && c <= 'Z'; }

/// " UTC:" behind a time. Only the colon tells a zone from the name of a host.
std::string_view read_zone(scanner& from) {
  const auto text = from.rest();
  if (!text.starts_with(' ')) return {};
  std::size_t end = 1;
  while (end < text.size() && end < 7 && is_capital(text[end])) ++end;
  if (end == 1 || end == text.size() || text[end] != ':') return {};
  from.skip_bytes(end);
  return text.substr(1, end - 1);
}

}  // namespace

timestamp read_rfc3339(std::string_view text) { return read_dated(text, dialect::rfc); }
timestamp read_iso_time(std::string_view text) { return read_dated(text, dialect::any); }

timestamp read_rfc3164_time(std::string_view text, wall_time near) {
  scanner from(text);
  date_and_time given;
  if (!from.skip('*')) from.skip('.');
  int known_year = read_year(from, " ");
  if (known_year != 0) from.skip(' ');
  const unsigned named = read_month(from.rest());
  if (named == 0) return {};
  from.skip_bytes(3);
  if (!from.skip(' ')) return {};
  from.skip(' ');
  const int d = from.digits(1, 2);
  if (d < 1 || !from.skip(' ')) return {};
  given.date = year(0) / month(named) / day(static_cast<unsigned>(d));
  if (known_year == 0 && (known_year = read_year(from, " ")) != 0) from.skip(' ');
  if (!read_clock(from, given) || !read_fraction(from, given, true)) return {};
  if (known_year == 0 && from.next_is(' ')) {
    const std::size_t before = from.at();
    from.skip(' ');
    if ((known_year = read_year(from, " :")) == 0) from.back_to(before);
  }
  const auto zone = read_zone(from);
  from.skip(':');
  if (known_year != 0) given.date = year(known_year) / given.date.month() / given.date.day();
  if (known_year == 0 && !guess_year(given, near)) return {};
  if (!given.is_valid()) return {};
  const bool utc = zone == "UTC" || zone == "GMT" || zone == "Z";
  return {from.at(), utc ? given.as_if_utc() + given.fraction : local_time(given)};
}

}  // namespace logrelay
