#pragma once
/// One file of a spool, written and read record by record. The format is in record.hpp. One thread at a time; no
/// exceptions: results are 0 or an errno.
#include <logrelay/spool/disk.hpp>
#include <logrelay/spool/record.hpp>

#include <deque>
#include <functional>
#include <string>
#include <vector>

namespace logrelay {

/// "00000000000000000042.segment" for a segment whose first line is the 42nd, counted from 0.
[[nodiscard]] std::string segment_name(std::uint64_t first_line);
/// The first line of a name like that; nothing for any other.
[[nodiscard]] std::optional<std::uint64_t> segment_number(std::string_view name);

/// Where a record begins.
struct record_position {
  std::uint64_t segment = 0;  ///< its first line
  std::uint64_t offset = 0;
};

/// Writes a segment. Records are gathered by add() and written as one by flush().
class segment_writer {
 public:
  /// What a segment with one record needs beside the record: two headers and the seal.
  static constexpr std::size_t overhead = 2 * segment_header::bytes + record_header::bytes;
  /// A record of several lines is no larger, so that it is read into one block of the pool.
  static constexpr std::size_t most_lines_bytes = block_pool::standard_bytes - 1024;

  segment_writer(std::unique_ptr<disk_file> file, const segment_header& head);

  /// Whole lines, whose memory has to stay until the flush.
  void add(const batch& lines);
  /// Writes what was added. After a failure none of it counts, and the next flush writes over what there is of it.
  int flush();
  /// Writes the footer. Nothing more is added then.
  int seal();
  int sync();

  [[nodiscard]] const segment_header& head() const { return head_; }
  [[nodiscard]] disk_file& file() { return *file_; }
  [[nodiscard]] spool_place end() const { return end_; }                    ///< of what was flushed
  [[nodiscard]] std::uint64_t flushed_bytes() const { return flushed_; }    ///< the file's size
  [[nodiscard]] std::uint64_t bytes() const { return flushed_ + added_; }  ///< … with what was added
  [[nodiscard]] bool sealed() const { return sealed_; }
  /// The size of the record that `lines` will be.
  [[nodiscard]] std::size_t record_bytes(const batch& lines) { return record_header::bytes + encoded(lines).size() + lines.size; }

 private:
  void put(const record_header& head, std::string_view from, std::string_view bytes);
  const std::string& encoded(const batch& lines);
  void forget();

  const std::unique_ptr<disk_file> file_;
  const segment_header head_;
  spool_place end_, added_end_;
  std::uint64_t flushed_ = 0, added_ = 0;
  bool sealed_ = false;
  std::deque<std::array<char, segment_header::bytes>> headers_;
  std::deque<std::array<char, record_header::bytes>> heads_;
  std::deque<std::string> sources_;
  std::shared_ptr<const source> last_source_;
  std::vector<iovec> pieces_;
};

struct spool_record {
  record_header head;
  batch lines;
  std::uint64_t offset = 0;  ///< in its segment
};

/// Reads a segment from any record on, over whatever damage there is.
class segment_reader {
 public:
  /// From `offset`, where a record begins; 0 is the first.
  segment_reader(disk_file& file, const segment_header& head, const block_pool& pool, std::uint64_t offset = 0);

  enum class found : std::uint8_t {
    record,  ///< a whole one, lines or a notice
    end,     ///< nothing more, or nothing yet
    failed,  ///< the disk says no: error_number() tells why
  };
  /// The next whole record before `limit`, which is the file's size, or what of it is known to be complete.
  found next(spool_record& into, std::uint64_t limit);

  [[nodiscard]] int error_number() const { return error_number_; }
  [[nodiscard]] std::uint64_t offset() const { return offset_; }
  [[nodiscard]] bool sealed() const { return sealed_; }
  /// Something is wrong that a crash does not explain.
  [[nodiscard]] bool damaged() const { return damaged_; }
  /// The place behind the last record whose head was whole, also when its lines were not.
  [[nodiscard]] spool_place end() const { return end_; }

 private:
  std::string_view see(std::size_t bytes, std::uint64_t limit);
  bool find_next(std::uint64_t limit);
  void judge_tail(std::uint64_t limit);
  std::shared_ptr<const source> source_of(std::string_view bytes);

  disk_file& file_;
  const std::uint32_t salt_;
  block_pool pool_;
  block_ref chunk_;
  std::uint64_t chunk_offset_ = 0;
  std::size_t chunk_size_ = 0;
  std::uint64_t offset_;
  spool_place end_;
  int error_number_ = 0;
  bool sealed_ = false, damaged_ = false;
  std::string last_source_bytes_;
  std::shared_ptr<const source> last_source_;
};

/// What the ends of a segment tell, without a look at what is between them.
struct segment_ends {
  std::optional<segment_header> head;
  std::uint32_t other_version = 0;
  std::optional<spool_place> sealed_at;
};
int look_at_ends(disk_file& file, std::uint64_t size, segment_ends& ends);

}  // namespace logrelay
