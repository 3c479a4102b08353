#pragma once
/// Cuts a byte stream into lines. Owned by one input or connection; its reader's thread only. Does no I/O; throws
/// only std::bad_alloc.
///
/// Reading goes  space() → read there → commit(n),  and at the stream's end  finish(). Whole lines leave as slices of
/// the block that they were read into; nothing is copied or allocated for a line that is not cut in two by a change of
/// block. An unfinished line waits in the open block while no other stream wants its tail, else in a carry of its own,
/// sized to fit, which later reads go into directly once it is large.
///
/// A line longer than `max_line` bytes (without its frame) is cut there as `long_lines` says, and counted once.
/// Octet counting (RFC 6587, 3.4.1): what does not begin with a length and a space is taken up to the next newline
/// as a line and counted as a framing error, so that nothing is lost and the stream finds its way back.
///
/// With `detect` no message needs a length: one that has none, or no priority behind what looks like a length, is a line
/// up to a newline or a NUL, whichever comes first. Empty lines are left out there.
#include <logrelay/core/batch.hpp>
#include <logrelay/core/read_memory.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>

namespace logrelay {

/// Where batches go. Implemented by the queue handler.
class batch_sink {
 public:
  virtual ~batch_sink() = default;
  virtual void publish(batch&& lines) = 0;
};

enum class long_line_action : std::uint8_t { split, truncate, drop };

struct framing_rules {
  framing frames = framing::newline;
  bool detect = false;  ///< with octet: each message may as well be a line up to a newline or a NUL
  std::uint32_t max_line = 1024 * 1024;  ///< bytes, from 1
  long_line_action long_lines = long_line_action::split;
};

/// What an input has read. Written by the input's thread, read by reports: relaxed, since each number stands alone.
struct input_counters {
  std::atomic<std::uint64_t> lines{0}, bytes{0}, long_lines{0}, framing_errors{0};
  std::atomic<std::uint64_t> refused{0};  ///< connections that were turned away, and datagrams of who is not allowed
  std::atomic<std::uint64_t> limited{0};  ///< datagrams that were dropped because there were too many a second
};

class line_framer {
 public:
  line_framer(read_memory& memory, const framing_rules& rules, std::shared_ptr<const source> from, batch_sink& sink,
              input_counters& counters);
  line_framer(const line_framer&) = delete;
  ~line_framer();

  /// Where to read next, from 1 to `most` bytes. Valid until another framer of the same memory is asked.
  [[nodiscard]] std::span<char> space(std::size_t most);
  /// `n` bytes were read there at `now`: publishes the lines that are whole.
  void commit(std::size_t n, wall_time now);
  /// The stream has ended: publishes a last line that has no terminator, with one.
  void finish(wall_time now);
  /// … and what is unfinished will come again.
  void discard();

  /// Whom the next lines come from; with nothing unfinished.
  void set_source(std::shared_ptr<const source> from) { from_ = std::move(from); }
  [[nodiscard]] std::size_t unfinished_bytes() const { return end_ - begin_; }

 private:
  friend class read_memory;
  void move_out();      // the tail is wanted by another: the unfinished line becomes a carry
  void cut_carry();     // the carries' budget is used up, and ours is the longest
  void cut_carried_line();
  void cut_carried_frame();
  void carry(std::size_t capacity);
  [[nodiscard]] std::size_t grown(std::size_t unfinished) const;
  void drop_carry();

  void commit_delimited(std::size_t fresh_from, char terminator);
  void commit_octets(std::size_t fresh_from);
  void commit_mixed(std::size_t fresh_from);
  [[nodiscard]] std::size_t find(char byte, std::size_t from, std::size_t to) const;
  bool cut_frame();
  bool take_plain_line(std::size_t search_from);
  void skip_empty_rest(char terminator);
  void finish_delimited();
  void finish_octets();
  void cut_long_tail();
  void emit(std::size_t from, std::size_t to, framing frames, tally count);
  void emit_copy(std::string_view line);
  void long_line(std::string_view line);
  [[nodiscard]] std::string_view bytes(std::size_t from, std::size_t to) const;

  read_memory& memory_;
  const framing_rules& rules_;
  std::shared_ptr<const source> from_;
  batch_sink& sink_;
  input_counters& counters_;

  // The unfinished line is block_[begin_, end_): in the carry, or in the open block while we rent its tail.
  block_ref block_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool carried_ = false;
  bool cut_ = false;         // the unfinished bytes go on a line that was cut and counted
  bool discarding_ = false;  // … of which the rest is unwanted
  bool plain_line_ = false;  // in octet framing: the unfinished bytes are no frame, but a line
  std::uint64_t octets_left_ = 0;  // of a frame that was cut
  wall_time now_;
};

}  // namespace logrelay
