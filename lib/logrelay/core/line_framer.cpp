#include <logrelay/core/line_framer.hpp>

#include <logrelay/core/octet_header.hpp>
#include <logrelay/util/count_bytes.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace logrelay {
namespace {

// A tail shorter than this is not worth a read: the next block is opened.
constexpr std::size_t least_space = 4096;
// A carry up to this size is copied back to the open block before the next read; a larger one is read into directly.
constexpr std::size_t small_carry = 4096;
// Room for the terminator that finish() adds.
constexpr std::size_t spare = 1;
char terminator_of(framing frames) { return frames == framing::nul ? '\0' : '\n'; }

}  // namespace

line_framer::line_framer(read_memory& memory, const framing_rules& rules, std::shared_ptr<const source> from,
                         batch_sink& sink, input_counters& counters)
    : memory_(memory), rules_(rules), from_(std::move(from)), sink_(sink), counters_(counters) {}

line_framer::~line_framer() {
  drop_carry();
  memory_.leave(*this);
}

// Twice the size, so that a long line is copied seldom; but no more than the longest one and its length need.
std::size_t line_framer::grown(std::size_t unfinished) const {
  return std::max(unfinished, std::min(2 * unfinished, std::size_t{rules_.max_line} + octet_header::most_bytes));
}

std::span<char> line_framer::space(std::size_t most) {
  const std::size_t unfinished = unfinished_bytes();
  const std::size_t wanted = std::min(std::max<std::size_t>(most, 1), least_space) + spare;

  if (carried_ && unfinished > small_carry) {
    if (block_->capacity() - end_ < wanted) carry(std::max(grown(unfinished), unfinished + wanted));
  } else if (carried_) {
    memory_.rent(*this, unfinished + wanted);
    if (!carried_) return space(most);  // the tenant before us has left, and the budget took what we had
    std::memcpy(memory_.open()->data() + memory_.used(), block_->data() + begin_, unfinished);
    drop_carry();
    block_ = memory_.open();
    begin_ = memory_.used();
    end_ = begin_ + unfinished;
    memory_.use(unfinished);
  } else if (unfinished == 0) {
    block_ = {};  // first, so that a block that nobody else refers to is the next one again
    memory_.rent(*this, wanted);
    block_ = memory_.open();
    begin_ = end_ = memory_.used();
  } else if (memory_.left() < wanted) {
    carry(unfinished > block_pool::standard_bytes / 2 ? grown(unfinished) : unfinished);
    memory_.keep_budget();
    return space(most);
  }
  return {block_->data() + end_, std::min(most, block_->capacity() - end_ - spare)};
}

void line_framer::commit(std::size_t n, wall_time now) {
  now_ = now;
  const std::size_t fresh = end_;
  end_ += n;
  if (!carried_) memory_.use(n);
  if (rules_.frames == framing::octet)
    rules_.detect ? commit_mixed(fresh) : commit_octets(fresh);
  else
    commit_delimited(fresh, terminator_of(rules_.frames));

  // Lines have left with the carry's block: what is unfinished gets one that fits.
  if (carried_ && begin_ != 0) {
    if (unfinished_bytes() == 0)
      drop_carry(), begin_ = end_ = 0;
    else
      carry(unfinished_bytes());
  }
  if (carried_) memory_.keep_budget();
}

void line_framer::commit_delimited(std::size_t fresh_from, char terminator) {
  if (discarding_) {
    const auto* found = static_cast<const char*>(std::memchr(block_->data() + begin_, terminator, end_ - begin_));
    begin_ = found == nullptr ? end_ : static_cast<std::size_t>(found - block_->data()) + 1;
    if (found == nullptr) return;
    discarding_ = cut_ = false;
    fresh_from = begin_;
  }
  skip_empty_rest(terminator);
  fresh_from = std::max(fresh_from, begin_);
  const auto* last = static_cast<const char*>(::memrchr(block_->data() + fresh_from, terminator, end_ - fresh_from));
  if (last != nullptr) {
    const std::size_t whole_to = static_cast<std::size_t>(last - block_->data()) + 1;
    if (whole_to - begin_ <= rules_.max_line) {  // then no line in it can be too long
      cut_ = false;
      emit(begin_, whole_to, rules_.frames, {count_bytes(bytes(begin_, whole_to), terminator), whole_to - begin_});
    } else {
      std::size_t run_from = begin_;
      tally run;
      for (std::size_t at = begin_; at < whole_to;) {
        const auto* found = static_cast<const char*>(std::memchr(block_->data() + at, terminator, whole_to - at));
        const std::size_t line_to = static_cast<std::size_t>(found - block_->data());
        if (line_to - at > rules_.max_line) {
          emit(run_from, at, rules_.frames, std::exchange(run, {}));
          long_line(bytes(at, line_to));
          run_from = line_to + 1;
        } else {
          run += {1, line_to + 1 - at};
        }
        cut_ = false;
        at = line_to + 1;
      }
      emit(run_from, whole_to, rules_.frames, run);
    }
    begin_ = whole_to;
  }
  cut_long_tail();
}

// What was cut off at its very end has no rest, not an empty one.
void line_framer::skip_empty_rest(char terminator) {
  if (!cut_ || begin_ == end_ || block_->data()[begin_] != terminator) return;
  ++begin_;
  cut_ = plain_line_ = false;
}

void line_framer::cut_long_tail() {
  while (unfinished_bytes() > rules_.max_line) {
    if (!std::exchange(cut_, true)) counters_.long_lines.fetch_add(1, std::memory_order_relaxed);
    if (rules_.long_lines != long_line_action::drop) emit_copy(bytes(begin_, begin_ + rules_.max_line));
    discarding_ = rules_.long_lines != long_line_action::split;
    begin_ = discarding_ ? end_ : begin_ + rules_.max_line;
  }
}

// A whole line that is too long: the same cuts as for one that is still coming.
void line_framer::long_line(std::string_view line) {
  if (!cut_) counters_.long_lines.fetch_add(1, std::memory_order_relaxed);
  if (rules_.long_lines == long_line_action::drop) return;
  do {
    const auto piece = line.substr(0, rules_.max_line);
    emit_copy(piece);
    line.remove_prefix(piece.size());
  } while (!line.empty() && rules_.long_lines == long_line_action::split);
}

void line_framer::finish(wall_time now) {
  now_ = now;
  if (unfinished_bytes() > 0 && !discarding_) {
    if (rules_.frames == framing::octet)
      finish_octets();
    else
      finish_delimited();
  }
  discard();
}

void line_framer::discard() {
  drop_carry();
  begin_ = end_ = 0;
  cut_ = discarding_ = plain_line_ = false;
  octets_left_ = 0;
  memory_.leave(*this);
  block_ = {};
}

void line_framer::finish_delimited() {
  block_->data()[end_] = terminator_of(rules_.frames);
  if (!carried_) memory_.use(1);
  emit(begin_, end_ + 1, rules_.frames, {1, unfinished_bytes() + 1});
}

void line_framer::move_out() {
  if (unfinished_bytes() == 0) {
    block_ = {};
    begin_ = end_ = 0;
    return;
  }
  carry(unfinished_bytes());
  memory_.keep_budget();
}

void line_framer::cut_carry() {
  if (rules_.frames == framing::octet && !plain_line_)
    cut_carried_frame();
  else
    cut_carried_line();
  drop_carry();
  begin_ = end_ = 0;
}

void line_framer::cut_carried_line() {
  if (!std::exchange(cut_, true)) counters_.long_lines.fetch_add(1, std::memory_order_relaxed);
  if (rules_.long_lines != long_line_action::drop) emit_copy(bytes(begin_, end_));
  discarding_ = rules_.long_lines != long_line_action::split;
}

void line_framer::carry(std::size_t capacity) {
  const std::size_t unfinished = unfinished_bytes();
  auto fitting = memory_.pool().take(capacity + spare);
  std::memcpy(fitting->data(), block_->data() + begin_, unfinished);
  drop_carry();
  memory_.leave(*this);
  block_ = std::move(fitting);
  begin_ = 0;
  end_ = unfinished;
  carried_ = true;
  memory_.add_carry(*this, block_->capacity());
}

void line_framer::drop_carry() {
  if (!carried_) return;
  memory_.remove_carry(*this, block_->capacity());
  carried_ = false;
  block_ = {};
}

void line_framer::emit(std::size_t from, std::size_t to, framing frames, tally count) {
  if (count.lines == 0) return;
  counters_.lines.fetch_add(count.lines, std::memory_order_relaxed);
  counters_.bytes.fetch_add(count.bytes, std::memory_order_relaxed);
  sink_.publish({block_, block_->data() + from, static_cast<std::uint32_t>(to - from), frames, false, count, now_, from_});
}

// A line that no block holds in one piece with its frame: a cut one.
void line_framer::emit_copy(std::string_view line) {
  const bool octets = rules_.frames == framing::octet;
  const auto head = octets ? fmt::format("{} ", line.size()) : std::string();
  auto copy = memory_.pool().take(head.size() + line.size() + 1);
  std::memcpy(copy->data(), head.data(), head.size());
  std::memcpy(copy->data() + head.size(), line.data(), line.size());
  if (!octets) copy->data()[line.size()] = terminator_of(rules_.frames);
  const tally count{1, line.size() + 1};
  counters_.lines.fetch_add(count.lines, std::memory_order_relaxed);
  counters_.bytes.fetch_add(count.bytes, std::memory_order_relaxed);
  const char* data = copy->data();
  sink_.publish({std::move(copy), data, static_cast<std::uint32_t>(head.size() + line.size() + (octets ? 0 : 1)),
                 rules_.frames, false, count, now_, from_});
}

std::string_view line_framer::bytes(std::size_t from, std::size_t to) const {
  return {block_->data() + from, to - from};
}

}  // namespace logrelay
