#pragma once
/// The last bytes that the other side has acked, for those who would rather have lines twice than lose what a peer's
/// kernel had taken and its program had not read. Whole lines, as they went over the wire; holds little more than it is
/// asked to. Owned by a wire_window; does nothing where 0 bytes are asked for.
#include <logrelay/core/batch.hpp>

#include <algorithm>
#include <deque>
#include <string>
#include <string_view>

namespace logrelay {

/// What one listener leaves to another: pieces of whole lines, in order.
struct kept_lines {
  framing frames = framing::newline;
  std::deque<std::string> pieces;
};

class resend_buffer {
 public:
  static constexpr std::size_t piece_bytes = 64 * 1024;

  resend_buffer(std::size_t most_bytes, framing frames) : most_(most_bytes), frames_(frames) {}

  [[nodiscard]] bool keeps() const { return most_ > 0; }
  [[nodiscard]] std::size_t bytes() const { return std::min(bytes_, most_); }
  [[nodiscard]] framing frames() const { return frames_; }
  /// Whole lines, behind those before them.
  void append(std::string_view lines);
  /// The last `most_bytes`, and what the line that they begin in has before them. Nothing is left here.
  [[nodiscard]] std::deque<std::string> take();

 private:
  const std::size_t most_;
  const framing frames_;
  std::deque<std::string> pieces_;
  std::size_t bytes_ = 0;
};

}  // namespace logrelay
