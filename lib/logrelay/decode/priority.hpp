#pragma once
/// The `<N>` before a line, of RFC 5424, 6.2.1, and sd-daemon(3). Any thread, no I/O, never fails.
#include <cstddef>
#include <string_view>

namespace logrelay {

struct priority {
  int value = -1;         ///< 0 to 191; -1: there is none
  std::size_t width = 0;  ///< of it, brackets included
};

/// N is 0 to 191, without leading zeros. Anything else is text.
[[nodiscard]] priority leading_priority(std::string_view line);

}  // namespace logrelay
