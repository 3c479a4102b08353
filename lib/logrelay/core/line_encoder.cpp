#include <logrelay/core/line_encoder.hpp>

#include <logrelay/format/ansi.hpp>
#include <logrelay/format/frame.hpp>

#include <algorithm>

namespace logrelay {
namespace {

constexpr std::size_t chunk_bytes = 64 * 1024;

}  // namespace

bool line_encoder::as_is(const batch& lines) const {
  if (rules_.frames != lines.frames) return false;
  return lines.marker
             ? rules_.prefix == nullptr && rules_.body == nullptr
             : rules_.prefix == nullptr && rules_.body == nullptr && rules_.filters.empty() && !rules_.strip_ansi;
}

// Where the lines end that go where the first one goes; not many more than a chunk of them are looked at.
std::size_t line_encoder::end_of_route(const batch& lines) {
  if (!rules_.route || lines.marker) return lines.size;
  line_cursor cursor(lines.bytes(), lines.frames);
  std::size_t end = 0;
  for (std::string_view line; end < chunk_bytes && cursor.next(line); end = cursor.offset()) {
    text_.clear();
    rules_.route->append(line_view(line, lines.time, *lines.from), text_);
    if (end == 0)
      route_ = text_;
    else if (text_ != route_)
      break;
  }
  return end;
}

// A line that is too much for the memory that there is must not keep it from the lines of others.
wire_chunk line_encoder::encode(batch& lines, wire_chunk memory) {
  try {
    return encoded(lines, std::move(memory));
  } catch (...) {
    std::string().swap(text_);
    std::string().swap(clean_);
    throw;
  }
}

wire_chunk line_encoder::encoded(batch& lines, wire_chunk memory) {
  const std::size_t end = end_of_route(lines);
  if (as_is(lines))
    return {end == lines.size ? std::exchange(lines, {}) : split_front(lines, end), false, {}, {}, route_};

  wire_chunk chunk = std::move(memory);
  chunk.built = true;
  chunk.route = route_;
  line_cursor cursor(lines.bytes(), lines.frames);
  std::uint32_t filtered_lines = 0, filtered_bytes = 0;
  for (std::string_view line; chunk.wire.size() < chunk_bytes && cursor.offset() < end && cursor.next(line);) {
    const auto line_bytes = static_cast<std::uint32_t>(line.size() + 1);
    if (rules_.strip_ansi && !lines.marker) {
      clean_.clear();
      append_without_ansi(line, clean_);
      line = clean_;
    }
    const line_view view(line, lines.time, *lines.from);
    const bool passes = lines.marker || std::all_of(rules_.filters.begin(), rules_.filters.end(),
                                                    [&](const auto& each) { return each->passes(view); });
    if (!passes) {
      ++filtered_lines;
      filtered_bytes += line_bytes;
      continue;
    }
    build(view, chunk.wire);
    chunk.marks.push_back({chunk.wire.size(), static_cast<std::uint32_t>(cursor.offset()),
                           lines.marker ? 0 : line_bytes, std::exchange(filtered_lines, 0),
                           std::exchange(filtered_bytes, 0), false});
  }
  chunk.lines = cursor.offset() == lines.size ? std::exchange(lines, {}) : split_front(lines, cursor.offset());
  return chunk;
}

void line_encoder::build(const line_view& line, std::string& to) {
  std::string_view message = line.line();
  if (rules_.prefix || rules_.body) {
    text_.clear();
    if (rules_.prefix) rules_.prefix->append(line, text_);
    if (rules_.body)
      rules_.body->append(line, text_);
    else
      text_.append(line.line());
    message = text_;
  }
  if (rules_.frames) {
    append_framed(message, *rules_.frames, to);
  } else {
    to.append(message);
    to.push_back('\n');  // never sent: it keeps an empty datagram from being no bytes at all
  }
}

}  // namespace logrelay
