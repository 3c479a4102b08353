#include <logrelay/output/rotation.hpp>

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
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
  return true;
}

std::vector<std::string> rotation::parts() const {
  std::vector<std::string> names;
  std::error_code ec;
  for (std::filesystem::directory_iterator it(folder_, ec), end; !ec && it != end; it.increment(ec)) {
    auto name = it->path().filename().string();
    if (is_part(name, base_)) names.push_back(std::move(name));
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
    if (::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, target.c_str(), RENAME_NOREPLACE) == 0) {
      last_ = name;
      return 0;
    }
    if (errno != EEXIST) return errno;
    now += std::chrono::microseconds(1);
  }
}

void rotation::retain() {
  if (!keep_) return;
  const auto names = parts();
  for (std::size_t i = 0; i + *keep_ < names.size(); ++i) {
    const auto path = folder_ == "." ? names[i] : folder_ + names[i];
    struct stat there {};
    if (::lstat(path.c_str(), &there) == 0 && S_ISREG(there.st_mode)) ::unlink(path.c_str());
  }
}

}  // namespace logrelay
