#pragma once
/// What a mistyped word was probably meant to be. No I/O, no state.
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace logrelay {

/// The names in `known` that `word` was probably meant to be, nearest first, at most three, each once. A name is near
/// when its optimal string alignment distance (one slip inserts, deletes or replaces a letter, or swaps two
/// neighbours), whatever the case, is at most a third of the longer length; the only name that begins with `word`
/// comes first. A word of more than 100 bytes is nobody's slip and has none. The views are those of `known`.
[[nodiscard]] std::vector<std::string_view> near_misses(std::string_view word, std::span<const std::string_view> known);
/// " (did you mean 'queue' or 'quit'?)", or nothing.
[[nodiscard]] std::string did_you_mean(std::string_view word, std::span<const std::string_view> known);
/// "newline, nul or octet": a list as it is read aloud.
[[nodiscard]] std::string listed(std::span<const std::string_view> words);

}  // namespace logrelay
