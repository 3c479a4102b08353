#include <logrelay/format/format.hpp>

namespace logrelay {
namespace {

// The `<N>` of sd-daemon(3) and RFC 5424, 6.2.1: N is 0 to 191, without leading zeros. Anything else is text.
struct priority {
  int value = -1;         // -1: there is none
  std::size_t width = 0;  // of it, brackets included
};

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

}  // namespace

void line_view::decode() const {
  if (decoded_) return;
  decoded_ = true;
  severity_ = from_.default_level;
  message_ = line_;
  if (from_.decode == decoding::none) return;

  const priority found = leading_priority(line_);
  if (found.value < 0) return;
  severity_ = static_cast<level>(found.value & 7);
  // sd-daemon's `<3>` means a level only, and 0, kern, is nothing that a program behind a pipe could be.
  facility_ = found.value < 8 ? -1 : found.value >> 3;
  message_.remove_prefix(found.width);
}

}  // namespace logrelay
