#pragma once
/// Counts one byte in many at the speed of memory: what makes "how many lines is this?" cheap enough to ask of every
/// batch. Any thread, never throws.
#include <cstddef>
#include <string_view>

namespace logrelay {

/// How many times `wanted` occurs in `bytes`.
[[nodiscard]] std::size_t count_bytes(std::string_view bytes, char wanted);

}  // namespace logrelay
