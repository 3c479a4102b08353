#pragma once
/// The one thing that travels from an input to the outputs: a run of whole lines of one source, as they lie in a
/// shared block of memory. Immutable once made; copies share the block. Any thread.
///
/// A batch needs no index, because its framing is one: lines end in '\n' or in NUL, or each has its length before it
/// (RFC 6587, "11 hello world"). Whoever needs single lines finds them with a line_cursor; whoever needs none never
/// pays for it. (A side index was the rejected idea: it costs the reader a pass and the queue four bytes a line.)
#include <logrelay/core/block.hpp>
#include <logrelay/core/level.hpp>
#include <logrelay/core/receipt.hpp>
#include <logrelay/util/clock.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace logrelay {

enum class framing : std::uint8_t { newline, nul, octet };
enum class decoding : std::uint8_t { none, prefix, syslog, json, packed };  ///< packed: decode/packed.hpp; numbers as spools have them

/// Where lines came from: an input, or one connection of it. Immutable, shared by the batches that came from it.
struct source {
  std::size_t input = 0;  ///< its place in the relay's list of inputs
  std::string input_name;
  std::string stream;  ///< "stdin" where the input is one; else empty
  std::string peer;    ///< "192.0.2.1:514" or what the kernel says of a unix peer; empty where there is none
  decoding decode = decoding::none;
  level default_level = level::info;
  bool local = false;      ///< a socket of this machine
  std::string app;         ///< what its lines come from where they do not say it themselves; empty: not known
  std::int64_t pid = -1;   ///< of the peer, as the kernel vouches for it (unix(7)); -1: not known
  std::int64_t uid = -1;
};

/// Lines and bytes as reports count them: each line with one terminator, whatever framed it.
struct tally {
  std::uint64_t lines = 0;
  std::uint64_t bytes = 0;
  tally& operator+=(const tally& other) { lines += other.lines, bytes += other.bytes; return *this; }
  tally& operator-=(const tally& other) { lines -= other.lines, bytes -= other.bytes; return *this; }
  friend tally operator+(tally a, const tally& b) { return a += b; }
  friend tally operator-(tally a, const tally& b) { return a -= b; }
  friend bool operator==(const tally&, const tally&) = default;
};

struct batch {
  block_ref memory;
  const char* data = nullptr;
  std::uint32_t size = 0;  ///< bytes at `data`, whole frames only
  framing frames = framing::newline;
  bool marker = false;  ///< a notice of ours about dropped lines, in no count
  tally count;
  wall_time time;  ///< when its first byte was read
  std::shared_ptr<const source> from;
  receipt_ref owed = {};  ///< who wants to know what becomes of the lines; null: nobody

  [[nodiscard]] std::string_view bytes() const { return {data, size}; }
};

/// Walks the lines of framed bytes. `frames` must be whole: a batch's are.
class line_cursor {
 public:
  line_cursor(std::string_view bytes, framing frames) : rest_(bytes), whole_(bytes.size()), frames_(frames) {}
  /// The next line without its frame; false at the end.
  bool next(std::string_view& line);
  /// Bytes consumed so far, frames included: always a line's end.
  [[nodiscard]] std::size_t offset() const { return whole_ - rest_.size(); }

 private:
  std::string_view rest_;
  std::size_t whole_;
  framing frames_;
};

/// The tally of framed bytes that are whole lines.
[[nodiscard]] tally count_lines(std::string_view bytes, framing frames);
/// The end of the first line that ends at or behind `offset`; bytes.size() where none does.
[[nodiscard]] std::size_t line_end_from(std::string_view bytes, framing frames, std::size_t offset);
/// The last line end at or before `offset`: 0 where the first line ends behind it.
[[nodiscard]] std::size_t line_end_before(std::string_view bytes, framing frames, std::size_t offset);
/// Takes the first `size` bytes, which must end a line, off the front of `rest`.
[[nodiscard]] batch split_front(batch& rest, std::size_t size);

}  // namespace logrelay
