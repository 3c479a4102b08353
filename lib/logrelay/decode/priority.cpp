#include <logrelay/decode/priority.hpp>

namespace logrelay {

priority leading_priority(std::string_view line) {
  constexpr int most = 23 * 8 + 7;
  if (line.size() < 3 || line.front() != '<') return {};
  int value = 0;
  std::size_t at = 1;
  while (at < line.size() && line[at] >= '0' && line[at] <= '9') {
    value = value * 10 + (line[at++] - '0');
    if (value > most) return {};
  }
  if (at == 1 || at == line.size() || line[at] != '>') return {};
  if (at > 2 && line[1] == '0') return {};
  return {value, at + 1};
}

}  // namespace logrelay
