#include <logrelay/input/tail/rotation_order.hpp>

#include <logrelay/input/tail/path_pattern.hpp>

#include <algorithm>

namespace logrelay {
namespace {

// The shortest time is a date, 20261122; so high nobody counts.
constexpr std::size_t most_digits_of_number = 7;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_number(std::string_view text) {
  return !text.empty() && text.size() <= most_digits_of_number && std::all_of(text.begin(), text.end(), is_digit);
}

// The numbers in it, one after the other, without zeros before them.
std::vector<std::string_view> numbers_in(std::string_view text) {
  std::vector<std::string_view> all;
  while (true) {
    const auto begin = std::find_if(text.begin(), text.end(), is_digit);
    text.remove_prefix(static_cast<std::size_t>(begin - text.begin()));
    if (text.empty()) return all;
    const auto size = static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_digit) - text.begin());
    const auto zeros = std::min(text.find_first_not_of('0'), size);
    all.push_back(text.substr(zeros, size - zeros));
    text.remove_prefix(size);
  }
}

bool is_less(std::string_view one, std::string_view other) { return one.size() != other.size() ? one.size() < other.size() : one < other; }

bool is_earlier(std::string_view one, std::string_view other) {
  const auto a = numbers_in(one), b = numbers_in(other);
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), is_less);
}

}  // namespace

std::vector<rotated_file> rotated_files(const std::string& path) {
  std::vector<rotated_file> all;
  for (auto& each : rotated_beside(path)) {
    rotated_file one{std::move(each), {}};
    if (::stat(one.path.c_str(), &one.what) == 0) all.push_back(std::move(one));
  }
  return all;
}

bool have_same_names(const std::vector<rotated_file>& one, const std::vector<rotated_file>& other) {
  return std::equal(one.begin(), one.end(), other.begin(), other.end(), [](const auto& a, const auto& b) {
    return a.path == b.path && a.what.st_dev == b.what.st_dev && a.what.st_ino == b.what.st_ino;
  });
}

rotation_order::rotation_order(std::string path, const std::vector<rotated_file>& all) : path_(std::move(path)), by_(learn(all)) {}

rotation_order::told_by rotation_order::learn(const std::vector<rotated_file>& all) const {
  const auto has_number = [&](const auto& each) { return is_number(behind_path(each.path)); };
  if (std::none_of(all.begin(), all.end(), has_number)) return told_by::time_in_name;
  if (!std::all_of(all.begin(), all.end(), has_number)) return told_by::clock;
  std::vector<const rotated_file*> by_number;
  for (const auto& each : all) by_number.push_back(&each);
  std::sort(by_number.begin(), by_number.end(), [&](const auto* a, const auto* b) { return is_earlier(behind_path(a->path), behind_path(b->path)); });
  int up = 0;
  for (std::size_t i = 1; i < by_number.size(); ++i) {
    const auto &smaller = by_number[i - 1]->what.st_mtim, &larger = by_number[i]->what.st_mtim;
    up += static_cast<int>(is_before(smaller, larger)) - static_cast<int>(is_before(larger, smaller));
  }
  return up > 0 ? told_by::number_up : told_by::number_down;
}

bool rotation_order::is_older(std::string_view one, const timespec& written, std::string_view other, const timespec& other_written) const {
  if (one == path_ || other == path_) return one != other && other == path_;
  switch (by_) {
    case told_by::time_in_name:
    case told_by::number_up: return is_earlier(behind_path(one), behind_path(other));
    case told_by::number_down: return is_earlier(behind_path(other), behind_path(one));
    case told_by::clock: break;
  }
  return is_before(written, other_written);
}

// A dot or a dash stands between.
std::string_view rotation_order::behind_path(std::string_view name) const { return name.substr(std::min(path_.size() + 1, name.size())); }

}  // namespace logrelay
