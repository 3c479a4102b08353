#include <logrelay/output/rotation.hpp>

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <unistd.h>

namespace logrelay {
namespace {

std::string part_name(std::string_view base, std::chrono::microseconds since_1970) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since_1970);
  return fmt::format("{}.{:%Y%m%dT%H%M%S}.{:06}Z", base, fmt::gmtime(seconds.count()), (since_1970 - seconds).count());
}

// Renames, unless there is something of the new name. Some file systems (NFS) cannot do both at once; the names are
// ours, and we hold the lock.
int rename_new(const std::string& from, const std::string& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return errno;
  struct stat there {};
  if (::lstat(to.c_str(), &there) == 0) return EEXIST;
  return ::rename(from.c_str(), to.c_str()) == 0 ? 0 : errno;
}

}  // namespace

rotation::rotation(std::string path, std::optional<std::uint64_t> keep, const time_source& clock)
    : path_(std::move(path)), keep_(keep), clock_(clock) {
  const auto slash = path_.rfind('/');
  folder_ = slash == std::string::npos ? "." : path_.substr(0, slash + 1);
  base_ = slash == std::string::npos ? path_ : path_.substr(slash + 1);
  if (const auto there = parts(); !there.empty()) last_ = there.back();
}

bool rotation::is_part(std::string_view name, std::string_view base) {
  constexpr std::string_view shape = ".dddddddd?dddddd.ddddddZ";
  if (name.size() != base.size() + shape.size() || !name.starts_with(base)) return false;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const char at = name[base.size() + i];
    const char wanted = shape[i] == '?' ? 'T' : shape[i];
    if (wanted == 'd' ? at < '0' || at > '9' : at != wanted) return false;
  }
  // A time that the clock could have told, so that the next one can be told too.
  const auto number = [&](std::size_t from, std::size_t digits) {
    int value = 0;
    std::from_chars(name.data() + base.size() + from, name.data() + base.size() + from + digits, value);
    return value;
  };
  const std::chrono::year_month_day date{std::chrono::year(number(1, 4)),
                                         std::chrono::month(static_cast<unsigned>(number(5, 2))),
                                         std::chrono::day(static_cast<unsigned>(number(7, 2)))};
  return date.ok() && number(1, 4) < 9999 && number(10, 2) < 24 && number(12, 2) < 60 && number(14, 2) < 60;
}

std::vector<std::string> rotation::parts() const {
  std::vector<std::string> names;
  std::error_code ec;
  for (std::filesystem::directory_iterator it(folder_, ec), end; !ec && it != end; it.increment(ec)) {
    auto name = it->path().filename().string();
    std::error_code gone;
    if (is_part(name, base_) && std::filesystem::is_regular_file(it->symlink_status(gone)))
      names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

int rotation::move_away() {
  auto now = std::chrono::duration_cast<std::chrono::microseconds>(clock_.wall().time_since_epoch());
  for (;;) {
    auto name = part_name(base_, now);
    if (name <= last_) {  // the clock went back, or stood still: the name must sort behind the last one all the same
      auto digits = last_.substr(base_.size() + 1);
      std::tm at{};
      ::strptime(digits.c_str(), "%Y%m%dT%H%M%S", &at);
      now = std::chrono::seconds(::timegm(&at)) + std::chrono::microseconds(std::stol(digits.substr(16, 6)) + 1);
      name = part_name(base_, now);
    }
    const auto target = folder_ == "." ? name : folder_ + name;
    const int error_number = rename_new(path_, target);
    if (error_number == 0) last_ = name;
    if (error_number != EEXIST) return error_number;
    now += std::chrono::microseconds(1);
  }
}

void rotation::retain() {
  if (!keep_) return;
  const auto names = parts();
  for (std::size_t i = 0; i + *keep_ < names.size(); ++i)
    ::unlink((folder_ == "." ? names[i] : folder_ + names[i]).c_str());
}

}  // namespace logrelay
