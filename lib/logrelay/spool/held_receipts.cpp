#include <logrelay/spool/held_receipts.hpp>

#include <utility>

namespace logrelay {

void held_receipts::take_from(std::vector<batch>& lines, std::size_t bytes, std::uint64_t first, bool held) {
  std::uint64_t end = first;
  for (std::size_t i = 0; bytes > 0; ++i) {
    if (lines[i].size > bytes) {
      const batch written = split_front(lines[i], bytes);
      lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(i), written);
    }
    batch& each = lines[i];
    bytes -= each.size;
    end += each.count.lines;
    const auto owed = std::exchange(each.owed, nullptr);
    if (!owed || !held) continue;
    owed->expect(each.count.lines);
    held_.push_back({owed, each.count.lines, end});
  }
}

void held_receipts::settle(std::uint64_t before) {
  for (; !held_.empty() && held_.front().end <= before; held_.pop_front()) held_.front().owed->settle(held_.front().lines);
}

void held_receipts::lose() {
  for (const auto& each : held_) each.owed->lose(each.lines);
}

}  // namespace logrelay
