#pragma once
/// Numbered lines for tests of a spool: each says its own place, so that a line that was read tells where it belongs.
#include <logrelay/core/batch.hpp>

#include <fmt/format.h>

#include <charconv>
#include <cstring>
#include <optional>
#include <string>

namespace logrelay::support {

/// "17 17171717\n": its number, and as much filling as its number calls for.
inline std::string line_at(std::uint64_t number, std::size_t longest = 60) {
  std::string text = fmt::format("{} ", number);
  const auto size = 3 + number * 7919 % longest;
  while (text.size() < size) text += static_cast<char>('a' + number % 26);
  return text + '\n';
}

/// Nothing where it is not exactly such a line.
inline std::optional<std::uint64_t> number_of(std::string_view line, std::size_t longest = 60) {
  std::uint64_t number = 0;
  const auto [end, ec] = std::from_chars(line.data(), line.data() + line.size(), number);
  if (ec != std::errc() || std::string(line) + '\n' != line_at(number, longest)) return std::nullopt;
  return number;
}

/// One line of so many bytes, and its newline.
inline std::string line_of(std::size_t bytes) {
  std::string line(bytes, 'x');
  line += '\n';
  return line;
}

inline batch batch_of(block_pool& pool, std::string_view text, const std::shared_ptr<const source>& from,
                      framing frames = framing::newline) {
  auto memory = pool.take(text.size());
  std::memcpy(memory->data(), text.data(), text.size());
  const char* const data = memory->data();
  return {std::move(memory), data, static_cast<std::uint32_t>(text.size()), frames, false, count_lines(text, frames),
          wall_time(std::chrono::seconds(1'795'356'301)), from};
}

/// Lines first to first + count - 1.
inline batch numbered_batch(block_pool& pool, std::uint64_t first, std::uint64_t count, const std::shared_ptr<const source>& from,
                            std::size_t longest = 60) {
  std::string text;
  for (std::uint64_t i = 0; i < count; ++i) text += line_at(first + i, longest);
  return batch_of(pool, text, from);
}

}  // namespace logrelay::support
