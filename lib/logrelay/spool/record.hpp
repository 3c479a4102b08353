#pragma once
/// How lines lie in a spool: the format, version 1. All numbers are little-endian.
///
/// What shaped it: a relay may be killed, and the power may fail, between any two bytes; a disk may lose any block; and
/// lines may hold anything, also what looks like a record. Yet every line that is whole has to be found again, what is
/// lost has to be known exactly, and a spool of 10 GiB has to be opened at once.
///
/// A place in a spool is a tally: how many lines and bytes it has taken before, since it was last empty. So each
/// difference of two places says what is between them, also when that is gone.
///
/// A segment is a file `NNNNNNNNNNNNNNNNNNNN.segment`, named by the number of its first line:
///
///     header, the header once more, record...
///
/// A header, 48 bytes (twice, since without its salt no record can be told from text):
///      0  magic "LRSPOOL\n"
///      8  u32 version, 1
///     12  u32 salt: a random number that every checksum below begins with, so that no line can forge a record
///     16  u64 lines, u64 bytes: the place of the first record
///     32  u64 when it was made, nanoseconds since 1970
///     40  u32 0
///     44  u32 CRC32C of the 44 bytes before
///
/// A record, 52 bytes, then its source, then its bytes:
///      0  magic "rec\xf5"
///      4  u32 CRC32C of the salt and of bytes 8 to 51
///      8  u64 lines, u64 bytes: its place
///     24  u64 when its first byte was read, nanoseconds since 1970
///     32  u32 lines, u32 bytes: how far it is to the next place
///     40  u32 size of its bytes as they are framed
///     44  u32 CRC32C of the salt, of the source and of the bytes
///     48  u16 size of the source
///     50  u8 kind: 0 lines, 1 a notice about lines that were dropped (of no lines and bytes), 2 the seal
///     51  u8 framing: 0 newline, 1 NUL, 2 octet counts
///
/// A source: u8 decoding, u8 default level, u8 1 for a socket of this machine, u64 process, u64 user (all bits set: not
/// known), then four texts, each with its u16 size before it: the input's name, the stream, the peer, the program.
///
/// A seal is the footer of a segment that is complete: its place is the segment's end, and nothing follows it.
///
/// What damage means on reading:
///   - a segment that ends in mid-record, or in zeros, and has no seal: a crash. What is whole counts.
///   - a record whose checksums are wrong: its lines are lost. Where its head is whole the next record is where it says;
///     else the next place with a magic and a right checksum is. The gap between the places is what was lost.
///   - a segment that is missing, or whose headers are both wrong: the gap between its neighbours is what was lost.
///   - a record whose place was seen before: a copy, left out.
///   - another version: nothing is touched; the relay does not start.
///
/// The rejected ideas: one checksum for a whole record, which after one wrong length loses the rest of the segment; an
/// index beside the data, which is one more thing that can be wrong; and preallocated or recycled files, whose old bytes
/// would have to be told from new ones.
#include <logrelay/core/batch.hpp>

#include <array>
#include <optional>
#include <span>

namespace logrelay {

/// How much a spool took before, since it was last empty.
using spool_place = tally;

enum class record_kind : std::uint8_t { lines, notice, seal };

struct segment_header {
  static constexpr std::size_t bytes = 48;
  static constexpr std::uint32_t version = 1;

  std::uint32_t salt = 0;
  spool_place begin;
  wall_time made{};
};

struct record_header {
  static constexpr std::size_t bytes = 52;
  static constexpr std::string_view magic = "rec\xf5";

  spool_place begin;
  wall_time time{};
  tally count;
  std::uint32_t size = 0;
  std::uint32_t body_sum = 0;
  std::uint16_t source_size = 0;
  record_kind kind = record_kind::lines;
  framing frames = framing::newline;

  [[nodiscard]] spool_place end() const { return begin + count; }
  [[nodiscard]] std::size_t whole_size() const { return bytes + source_size + size; }
};

[[nodiscard]] std::array<char, segment_header::bytes> encode(const segment_header& head);
[[nodiscard]] std::array<char, record_header::bytes> encode(const record_header& head, std::uint32_t salt);
/// At most 64 KiB: names are cut where they are longer than anyone's.
[[nodiscard]] std::string encode(const source& from);

/// What the first bytes of a segment are.
struct decoded_header {
  std::optional<segment_header> head;
  std::uint32_t other_version = 0;  ///< where it is whole, and of a version that is not ours
};
/// Takes either of the two headers.
[[nodiscard]] decoded_header decode_segment_header(std::string_view first_bytes);
/// Nothing where they are no record's first bytes.
[[nodiscard]] std::optional<record_header> decode_record_header(std::string_view first_bytes, std::uint32_t salt);
[[nodiscard]] std::shared_ptr<const source> decode_source(std::string_view bytes);

[[nodiscard]] std::uint32_t body_sum(std::uint32_t salt, std::string_view from, std::string_view bytes);

}  // namespace logrelay
