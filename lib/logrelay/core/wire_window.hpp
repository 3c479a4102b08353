#pragma once
/// What a listener has taken from its queue and not yet acked: lines as they go over the wire, how far they are
/// written, and which source lines each byte stands for. It is what lets an output be a plain mover of bytes: a short
/// write goes on in mid-line, an acknowledgement of bytes becomes one of lines. Owned by a listener; its thread only.
#include <logrelay/core/queue.hpp>
#include <logrelay/core/resend_buffer.hpp>
#include <logrelay/output/output.hpp>

#include <deque>
#include <string>
#include <vector>

namespace logrelay {

/// One line in bytes that were built for the wire, and the source lines that went before it and were filtered.
struct wire_mark {
  std::uint64_t wire_end;    ///< in the chunk's wire bytes: a line of 1 GiB, escaped, is more than 4 GiB of JSON
  std::uint32_t source_end;  ///< in the chunk's source bytes
  std::uint32_t line_bytes;  ///< of the source line, as reports count it; 0: a notice of ours
  std::uint32_t filtered_lines;
  std::uint32_t filtered_bytes;
  bool rejected;
};

/// A run of source lines and what is written for them: the very same bytes, or built ones with a mark for each line.
struct wire_chunk {
  batch lines;
  bool built = false;
  std::string wire;
  std::vector<wire_mark> marks;
  std::string route = {};  ///< where within the output all of it goes; see encoding_rules
  bool again = false;      ///< built, and without marks: acked before, and sent once more; framed as `lines` says

  [[nodiscard]] std::string_view bytes() const { return built ? std::string_view(wire) : lines.bytes(); }
};

class wire_window final : public outgoing {
 public:
  explicit wire_window(bool datagrams, resend_buffer resend = {0, framing::newline})
      : datagrams_(datagrams), resend_(std::move(resend)) {}

  void add(wire_chunk&& chunk);
  /// An empty chunk, with the memory of one that was settled if there is one.
  [[nodiscard]] wire_chunk spare();
  [[nodiscard]] bool empty() const { return chunks_.empty(); }
  [[nodiscard]] std::size_t unwritten_bytes() const { return unwritten_; }
  /// Bytes written since the last clear().
  [[nodiscard]] std::uint64_t written_bytes() const { return written_; }
  /// Lays out what is to be written next; pieces() and the rest speak of that.
  const outgoing& next();
  /// `taken` bytes, or datagrams, of next() were written.
  void wrote(std::size_t taken);
  /// The next line, or the rest of one, cannot be taken by this output, ever.
  void reject_next();
  /// The line that ends at `end`, of all that was written since the last clear(), was taken and will not be kept.
  void reject_written(std::uint64_t end);
  /// The other side has the first `bytes` of all that was written since the last clear(): acks whole lines to `from`.
  void settle(std::uint64_t bytes, queue& from);
  /// Bytes of a line that is written in part.
  [[nodiscard]] std::size_t torn_bytes() const;
  /// Forgets everything: the queue is rewound.
  void clear();
  /// After clear(): what the resend buffer kept is to be written first.
  void send_again();
  /// Bytes at the front, since the last clear(), that are sent again.
  [[nodiscard]] std::uint64_t again_bytes() const { return again_; }
  /// What the other side has acked last, or would be sent again: bytes; and all of it, for another window or for nobody,
  /// after clear().
  [[nodiscard]] std::size_t kept_bytes() const;
  [[nodiscard]] kept_lines take_kept() { return {resend_.frames(), resend_.take()}; }
  /// Before the first line. False: it would not keep them, or frames its lines otherwise.
  [[nodiscard]] bool keep(const kept_lines& lines);

  std::span<const iovec> pieces() const override { return pieces_; }
  std::size_t bytes() const override { return piece_bytes_; }
  std::string_view route() const override { return at_ < chunks_.size() ? chunks_[at_].route : std::string_view(); }
  bool mid_line() const override { return torn_bytes() > 0; }
  std::size_t line_end_before(std::size_t limit) const override;
  std::size_t first_line_end() const override;

 private:
  void keep(wire_chunk&& settled);
  [[nodiscard]] std::size_t settle_chunk(wire_chunk& chunk, std::size_t through, settled& what);

  const bool datagrams_;
  resend_buffer resend_;
  std::deque<wire_chunk> chunks_;
  std::vector<wire_chunk> spares_;
  std::size_t at_ = 0;             // the chunk that is being written …
  std::size_t offset_ = 0;         // … and how much of it is
  std::size_t unwritten_ = 0;
  std::uint64_t written_ = 0;
  std::uint64_t again_ = 0;
  std::uint64_t front_ = 0;        // where chunks_.front() begins, in written bytes
  std::size_t settled_wire_ = 0;   // of chunks_.front(): bytes and source bytes that are acked
  std::size_t settled_source_ = 0;
  std::vector<iovec> pieces_;
  std::size_t piece_bytes_ = 0;
};

}  // namespace logrelay
