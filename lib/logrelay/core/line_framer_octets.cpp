// line_framer where messages have a length before them (RFC 6587, 3.4.1), all of them or some.
#include <logrelay/core/line_framer.hpp>

#include <logrelay/core/octet_header.hpp>

#include <algorithm>
#include <cstring>
#include <utility>

namespace logrelay {

void line_framer::commit_octets(std::size_t fresh_from) {
  std::size_t run_from = begin_;
  tally run;
  for (bool more = true; more && begin_ < end_;) {
    if (octets_left_ == 0 && !plain_line_) {
      const auto head = read_octet_header(bytes(begin_, end_));
      if (head.kind == octet_header::unfinished) break;
      if (head.kind == octet_header::whole && head.length <= rules_.max_line) {
        if (end_ - begin_ < head.size + head.length) break;
        run += {1, head.length + 1};
        begin_ += head.size + head.length;
        continue;
      }
      emit(run_from, begin_, framing::octet, std::exchange(run, {}));
      if (head.kind == octet_header::whole) {
        begin_ += head.size;
        octets_left_ = head.length;
        counters_.long_lines.fetch_add(1, std::memory_order_relaxed);
      } else {
        plain_line_ = true;
        counters_.framing_errors.fetch_add(1, std::memory_order_relaxed);
      }
    }
    more = plain_line_ ? take_plain_line(std::max(begin_, fresh_from)) : cut_frame();
    run_from = begin_;
  }
  emit(run_from, begin_, framing::octet, run);
}

// Each message as it begins: with a length, or as a line up to a newline or a NUL. Empty ones are nobody's message, but
// what is left of two terminators.
void line_framer::commit_mixed(std::size_t fresh_from) {
  std::size_t run_from = begin_;
  auto run_frames = framing::newline;
  tally run;
  const auto end_run = [&] { emit(run_from, begin_, run_frames, std::exchange(run, {})); };
  const auto add = [&](framing frames, std::size_t to, std::size_t line_bytes) {
    if (frames != run_frames) end_run(), run_from = begin_;
    run_frames = frames;
    run += {1, line_bytes + 1};
    begin_ = to;
  };
  std::size_t newline = 0;  // the next one, once it is behind begin_
  while (begin_ < end_) {
    if (octets_left_ == 0 && !plain_line_) {
      if (block_->data()[begin_] == '\n' || block_->data()[begin_] == '\0') {
        end_run();
        run_from = ++begin_;
        continue;
      }
      const auto head = read_syslog_header(bytes(begin_, end_));
      if (head.kind == octet_header::unfinished) break;
      if (head.kind == octet_header::whole && head.length <= rules_.max_line) {
        if (end_ - begin_ < head.size + head.length) break;
        add(framing::octet, begin_ + head.size + head.length, head.length);
        continue;
      }
      plain_line_ = head.kind != octet_header::whole;
      if (!plain_line_) {
        end_run();
        run_from = begin_ += head.size;
        octets_left_ = head.length;
        counters_.long_lines.fetch_add(1, std::memory_order_relaxed);
      }
    }
    if (octets_left_ > 0) {
      const bool more = cut_frame();
      run_from = begin_;
      if (!more) return;
      continue;
    }
    const std::size_t from = std::max(begin_, fresh_from);
    if (newline <= from) newline = find('\n', from, end_);
    const std::size_t line_to = find('\0', from, newline);
    if (line_to == end_) {
      end_run();
      if (discarding_)
        begin_ = end_;
      else
        cut_long_tail();
      return;
    }
    const bool is_rest = cut_ && line_to == begin_;
    if (discarding_ || is_rest || line_to - begin_ > rules_.max_line) {
      end_run();
      if (!discarding_ && !is_rest) long_line(bytes(begin_, line_to));
      run_from = begin_ = line_to + 1;
    } else {
      add(line_to == newline ? framing::newline : framing::nul, line_to + 1, line_to - begin_);
    }
    cut_ = discarding_ = plain_line_ = false;
  }
  end_run();
}

// The first `byte` at or behind `from`; `to` where there is none.
std::size_t line_framer::find(char byte, std::size_t from, std::size_t to) const {
  const auto* found = static_cast<const char*>(std::memchr(block_->data() + from, byte, to - from));
  return found == nullptr ? to : static_cast<std::size_t>(found - block_->data());
}

// Goes on with a frame that is longer than max_line. False: more bytes are needed.
bool line_framer::cut_frame() {
  const bool wanted = rules_.long_lines == long_line_action::split || (rules_.long_lines == long_line_action::truncate && !cut_);
  const std::size_t here = unfinished_bytes();
  const auto piece = static_cast<std::size_t>(std::min<std::uint64_t>(octets_left_, wanted ? rules_.max_line : here));
  if (here < piece) return false;
  if (wanted) emit_copy(bytes(begin_, begin_ + piece));
  begin_ += piece;
  octets_left_ -= piece;
  cut_ = octets_left_ > 0;
  return true;
}

// What is no frame is a line up to the next newline, of which there is none before `search_from`. False: more bytes are
// needed.
bool line_framer::take_plain_line(std::size_t search_from) {
  if (!discarding_) skip_empty_rest('\n');
  if (!plain_line_) return true;
  const auto* found = static_cast<const char*>(std::memchr(block_->data() + search_from, '\n', end_ - search_from));
  if (found == nullptr) {
    if (discarding_)
      begin_ = end_;
    else
      cut_long_tail();
    return false;
  }
  const std::size_t line_to = static_cast<std::size_t>(found - block_->data());
  if (!std::exchange(discarding_, false)) {
    if (line_to - begin_ > rules_.max_line)
      long_line(bytes(begin_, line_to));
    else
      emit(begin_, line_to + 1, framing::newline, {1, line_to + 1 - begin_});
  }
  begin_ = line_to + 1;
  cut_ = plain_line_ = false;
  return true;
}

// The stream broke off in mid-frame: what is there of the message is a line, without its length.
void line_framer::finish_octets() {
  auto rest = bytes(begin_, end_);
  if (octets_left_ > 0) {  // of a long frame, which was counted
    if (rules_.long_lines == long_line_action::drop || (rules_.long_lines == long_line_action::truncate && cut_)) return;
  } else if (!plain_line_) {
    const auto head = rules_.detect ? read_syslog_header(rest) : read_octet_header(rest);
    if (head.kind == octet_header::whole) rest.remove_prefix(head.size);
    if (head.kind == octet_header::whole || !rules_.detect) counters_.framing_errors.fetch_add(1, std::memory_order_relaxed);
  }
  if (!rest.empty()) emit_copy(rest);
}

void line_framer::cut_carried_frame() {
  if (octets_left_ == 0) {
    const auto head = rules_.detect ? read_syslog_header(bytes(begin_, end_)) : read_octet_header(bytes(begin_, end_));
    if (head.kind != octet_header::whole) {  // part of a length: without it nobody knows where the frame ends
      plain_line_ = true;
      if (!rules_.detect) counters_.framing_errors.fetch_add(1, std::memory_order_relaxed);
      return cut_carried_line();
    }
    begin_ += head.size;
    octets_left_ = head.length;
    counters_.long_lines.fetch_add(1, std::memory_order_relaxed);
  }
  if (begin_ == end_) return;
  if (rules_.long_lines == long_line_action::split || (rules_.long_lines == long_line_action::truncate && !cut_))
    emit_copy(bytes(begin_, end_));
  octets_left_ -= unfinished_bytes();
  cut_ = true;
}

}  // namespace logrelay
