#include <logrelay/spool/held_receipts.hpp>

#include <algorithm>
#include <utility>

namespace logrelay {
namespace {

batch split_lines(batch& rest, std::uint64_t count) {
  if (count >= rest.count.lines) return std::exchange(rest, {});
  line_cursor cursor(rest.bytes(), rest.frames);
  std::string_view line;
  for (; count > 0 && cursor.next(line); --count) {}
  return split_front(rest, cursor.offset());
}

}  // namespace

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

void held_receipts::put_on(batch lines, std::uint64_t first, const std::function<void(const batch&)>& to) {
  lose(first);  // or they had been read
  const auto end = first + lines.count.lines;
  while (!held_.empty() && first < end && held_.front().begin() < end) {
    const one& next = held_.front();
    const bool owes = next.begin() <= first;
    const auto cut = owes ? std::min(next.end, end) : next.begin();
    batch part = split_lines(lines, cut - first);
    if (owes) part.owed = next.owed;
    to(part);
    if (owes) leave_front(cut - first);  // expected by now
    first = cut;
  }
  if (lines.size > 0) to(lines);
}

void held_receipts::settle(std::uint64_t before) {
  while (!held_.empty() && held_.front().begin() < before) leave_front(held_.front().lines_before(before));
}

void held_receipts::lose(std::uint64_t before) {
  while (!held_.empty() && held_.front().begin() < before) {
    const auto lines = held_.front().lines_before(before);
    held_.front().owed->lose(lines);
    leave_front(lines);
  }
}

void held_receipts::leave_front(std::uint64_t lines) {
  one& front = held_.front();
  front.owed->settle(lines);
  front.lines -= lines;
  if (front.lines == 0) held_.pop_front();
}

}  // namespace logrelay
