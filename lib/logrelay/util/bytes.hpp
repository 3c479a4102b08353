#pragma once
/// Numbers as they lie in a file: unsigned, little-endian, not aligned.
#include <cstddef>

namespace logrelay {

template <typename Number>
void put_number(char* to, Number number) {
  for (std::size_t i = 0; i < sizeof number; ++i) to[i] = static_cast<char>(number >> (8 * i));
}

template <typename Number>
[[nodiscard]] Number get_number(const char* from) {
  Number number = 0;
  for (std::size_t i = sizeof number; i-- > 0;) number = static_cast<Number>(number << 8 | static_cast<unsigned char>(from[i]));
  return number;
}

}  // namespace logrelay
