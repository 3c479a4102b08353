#include <logrelay/core/resend_buffer.hpp>

#include <algorithm>
#include <utility>

namespace logrelay {

void resend_buffer::append(std::string_view lines) {
  if (!keeps() || lines.empty()) return;
  if (lines.size() > most_) {
    lines.remove_prefix(line_end_before(lines, frames_, lines.size() - most_));
    pieces_.clear();
    bytes_ = 0;
  }
  while (!lines.empty()) {
    const std::size_t fits = lines.size() <= piece_bytes ? lines.size() : line_end_before(lines, frames_, piece_bytes);
    const std::size_t size = fits > 0 ? fits : line_end_from(lines, frames_, piece_bytes);
    if (pieces_.empty() || pieces_.back().size() + size > piece_bytes) pieces_.emplace_back().reserve(std::max(size, std::min(most_, piece_bytes)));
    pieces_.back() += lines.substr(0, size);
    bytes_ += size;
    lines.remove_prefix(size);
  }
  while (bytes_ - pieces_.front().size() >= most_) {
    bytes_ -= pieces_.front().size();
    pieces_.pop_front();
  }
}

std::deque<std::string> resend_buffer::take() {
  if (bytes_ > most_) pieces_.front().erase(0, line_end_before(pieces_.front(), frames_, bytes_ - most_));
  bytes_ = 0;
  return std::exchange(pieces_, {});
}

}  // namespace logrelay
