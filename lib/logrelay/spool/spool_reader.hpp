#pragma once
/// Where a spool is read: record after record through its segments, in order, over whatever is missing or damaged. What
/// is missing is found by the places: the difference of two is what lies between them. Belongs to its spool; one thread
/// at a time.
#include <logrelay/spool/segment_list.hpp>

#include <optional>

namespace logrelay {

class spool_reader {
 public:
  spool_reader(disk& folder, segment_list& segments, const block_pool& pool) : folder_(folder), segments_(segments), pool_(pool) {}

  enum class found : std::uint8_t { lines, hole, nothing, failed };
  struct result {
    found what = found::nothing;
    batch lines;       ///< a notice among them has `marker`
    tally lost;        ///< of a hole: lines that are gone
    wall_time time{};  ///< of a hole: that of the lines behind it
    int error_number = 0;
  };

  /// Reads on from `place`, in the first segment that there is, or will be.
  void begin(const spool_place& place, const spool_place& end);
  /// What comes next before `end`.
  result read(const spool_place& end);
  /// There is nothing to read now, as what comes before `end` is known: it is still in memory, or nobody wants it.
  void pass_over(const spool_place& end);
  /// Lines were added; or the last were taken back.
  void grown() { all_read_ = false; }
  void shrunk();
  /// The files that it has open are about to go.
  void let_go();

  [[nodiscard]] bool all_read() const { return all_read_; }
  /// The segment with this number may still be needed.
  [[nodiscard]] bool needs(std::uint64_t number) const { return !all_read_ && number >= reading_; }

 private:
  result read_on(const spool_place& end);
  int open();
  bool next_part();
  [[nodiscard]] segment_part* here();
  result hole_before(const spool_place& place, wall_time time);

  disk& folder_;
  segment_list& segments_;
  block_pool pool_;
  // In segment `reading_`, at an offset, with everything before the place `read_` read.
  std::uint64_t reading_ = 0, offset_ = 0;
  spool_place read_;
  bool all_read_ = true;
  std::unique_ptr<disk_file> file_;
  std::unique_ptr<segment_reader> reader_;
  std::optional<spool_record> behind_hole_;  // read already
  int failures_ = 0;
};

}  // namespace logrelay
