#include <logrelay/util/near_miss.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>

namespace logrelay {

namespace {

constexpr std::size_t longest_word = 100;
constexpr std::size_t most_suggestions = 3;

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string folded(std::string_view word) {
  std::string text(word);
  std::transform(text.begin(), text.end(), text.begin(), lower);
  return text;
}

/// Row by row through the matrix of distances between all prefixes; a swap looks back two rows.
std::size_t alignment_distance(std::string_view left, std::string_view right) {
  std::vector<std::size_t> before(right.size() + 1), above(right.size() + 1), row(right.size() + 1);
  std::iota(above.begin(), above.end(), std::size_t{0});
  for (std::size_t i = 1; i <= left.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= right.size(); ++j) {
      const bool same = left[i - 1] == right[j - 1];
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (same ? 0 : 1)});
      const bool swapped = i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before.swap(above);
    above.swap(row);
  }
  return above[right.size()];
}

}  // namespace

std::vector<std::string_view> near_misses(std::string_view word, std::span<const std::string_view> known) {
  if (word.empty() || word.size() > longest_word) return {};
  const std::string meant = folded(word);
  std::vector<std::string_view> names(known.begin(), known.end());
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());

  const auto begins_with_it = [&](std::string_view name) { return folded(name).starts_with(meant); };
  const bool unique_prefix = std::count_if(names.begin(), names.end(), begins_with_it) == 1;
  std::vector<std::pair<std::size_t, std::string_view>> near;
  for (const std::string_view name : names) {
    const std::size_t limit = std::max(meant.size(), name.size()) / 3;
    if (unique_prefix && begins_with_it(name)) {
      near.emplace_back(0, name);
    } else if (name.size() <= longest_word) {
      const std::size_t distance = alignment_distance(meant, folded(name));
      if (distance <= limit) near.emplace_back(distance, name);
    }
  }
  std::stable_sort(near.begin(), near.end(),
                   [](const auto& left, const auto& right) { return left.first < right.first; });

  std::vector<std::string_view> nearest;
  for (const auto& [distance, name] : near)
    if (nearest.size() < most_suggestions) nearest.push_back(name);
  return nearest;
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> known) {
  const auto near = near_misses(word, known);
  if (near.empty()) return {};
  std::vector<std::string> quoted;
  for (const std::string_view name : near) quoted.push_back(fmt::format("'{}'", name));
  return fmt::format(" (did you mean {}?)", listed(std::vector<std::string_view>(quoted.begin(), quoted.end())));
}

std::string listed(std::span<const std::string_view> words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 < words.size() ? ", " : " or ";
    text += words[i];
  }
  return text;
}

}  // namespace logrelay
