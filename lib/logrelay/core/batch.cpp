#include <logrelay/core/batch.hpp>
#include <logrelay/core/octet_header.hpp>
#include <logrelay/util/count_bytes.hpp>

#include <algorithm>
#include <cstring>

namespace logrelay {
namespace {

struct frame {
  std::size_t text;  // where the line begins
  std::size_t size;  // of the line
  std::size_t end;   // where the next frame begins: never before text + size, never 0
};

char terminator(framing frames) { return frames == framing::nul ? '\0' : '\n'; }

frame first_terminated(std::string_view bytes, char end) {
  const auto* found = static_cast<const char*>(std::memchr(bytes.data(), end, bytes.size()));
  if (found == nullptr) return {0, bytes.size(), bytes.size()};
  const auto size = static_cast<std::size_t>(found - bytes.data());
  return {0, size, size + 1};
}

// RFC 6587, 3.4.1. Framers check what comes from outside; what is no length here, or one beyond the end, is a mistake
// of ours, and the rest is then one line: nothing is lost and nobody loops.
frame first_counted(std::string_view bytes) {
  const auto head = read_octet_header(bytes);
  if (head.kind != octet_header::whole) return {0, bytes.size(), bytes.size()};
  const std::size_t size = std::min<std::size_t>(head.length, bytes.size() - head.size);
  return {head.size, size, head.size + size};
}

// `bytes` must not be empty.
frame first_frame(std::string_view bytes, framing frames) {
  return frames == framing::octet ? first_counted(bytes) : first_terminated(bytes, terminator(frames));
}

}  // namespace

bool line_cursor::next(std::string_view& line) {
  if (rest_.empty()) return false;
  const frame found = first_frame(rest_, frames_);
  line = rest_.substr(found.text, found.size);
  rest_.remove_prefix(found.end);
  return true;
}

tally count_lines(std::string_view bytes, framing frames) {
  if (frames != framing::octet) return {count_bytes(bytes, terminator(frames)), bytes.size()};
  tally count;
  line_cursor lines(bytes, frames);
  for (std::string_view line; lines.next(line);) count += {1, line.size() + 1};
  return count;
}

std::size_t line_end_from(std::string_view bytes, framing frames, std::size_t offset) {
  if (offset >= bytes.size()) return bytes.size();
  // A terminator right before `offset` is a line that ends there.
  std::size_t end = frames == framing::octet || offset == 0 ? 0 : offset - 1;
  do end += first_frame(bytes.substr(end), frames).end;
  while (end < offset);
  return end;
}

std::size_t line_end_before(std::string_view bytes, framing frames, std::size_t offset) {
  offset = std::min(offset, bytes.size());
  if (offset == 0) return 0;
  if (frames != framing::octet) {
    const auto* found = static_cast<const char*>(::memrchr(bytes.data(), terminator(frames), offset));
    return found == nullptr ? 0 : static_cast<std::size_t>(found + 1 - bytes.data());
  }
  for (std::size_t end = 0; end < bytes.size();) {
    const std::size_t next = end + first_counted(bytes.substr(end)).end;
    if (next > offset) return end;
    end = next;
  }
  return bytes.size();
}

batch split_front(batch& rest, std::size_t size) {
  batch front = rest;
  front.size = static_cast<std::uint32_t>(size);
  rest.data += size;
  rest.size -= front.size;
  if (rest.marker) return front;  // in no count, neither half
  // Counting reads all the bytes, so count the shorter half.
  if (front.size <= rest.size) {
    front.count = count_lines(front.bytes(), front.frames);
    rest.count -= front.count;
  } else {
    rest.count = count_lines(rest.bytes(), rest.frames);
    front.count -= rest.count;
  }
  return front;
}

}  // namespace logrelay
