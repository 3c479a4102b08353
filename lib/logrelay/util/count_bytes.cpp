// std::count keeps a wide counter, so that compilers widen every byte that they compared before they add it. Here 16
// counters of one byte run side by side and are added up before the first of them can overflow: 16 bytes of input cost
// a load, a comparison and a subtraction. The vectors are written out, because what a compiler vectorises by itself
// changes with its version and its -O level. Wider ones are not worth their choice at run time: from memory, this is
// as fast as they are.
#include <logrelay/util/count_bytes.hpp>

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace logrelay {
namespace {

constexpr std::size_t lanes = 16;
constexpr std::size_t most_rounds = 255;  // what a counter of one byte can count

using byte_lanes = std::uint8_t __attribute__((vector_size(lanes)));

std::size_t sum(const byte_lanes& counters) {
  std::uint64_t words[lanes / 8];
  std::memcpy(words, &counters, lanes);
  std::size_t total = 0;
  for (const std::uint64_t word : words) {
    constexpr std::uint64_t even_bytes = 0x00ff00ff00ff00ff;
    const std::uint64_t pairs = (word & even_bytes) + (word >> 8 & even_bytes);  // four sums of 16 bits
    total += pairs * 0x0001000100010001 >> 48;                                   // and theirs, in the top one
  }
  return total;
}

}  // namespace

std::size_t count_bytes(std::string_view bytes, char wanted) {
  const char* at = bytes.data();
  std::size_t total = 0;

  const byte_lanes sought = byte_lanes{} + static_cast<std::uint8_t>(wanted);
  for (std::size_t vectors = bytes.size() / lanes; vectors != 0;) {
    const std::size_t rounds = std::min(vectors, most_rounds);
    vectors -= rounds;
    byte_lanes counters{};
    for (const char* end = at + rounds * lanes; at != end; at += lanes) {
      byte_lanes text;
      std::memcpy(&text, at, lanes);
      counters -= (text == sought);  // a lane that is equal is all ones: -1
    }
    total += sum(counters);
  }

  for (const char* end = bytes.data() + bytes.size(); at != end; ++at) total += *at == wanted;
  return total;
}

}  // namespace logrelay
