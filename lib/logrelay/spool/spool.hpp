#pragma once
/// Lines in a folder, in order, through crashes: what is appended behind is read in front, and given up once it is
/// settled. Files and their format are in record.hpp and cursor.hpp. One thread at a time; no thread of its own.
///
/// What holds, whatever happens between any two of its operations:
///   - A line whose append was followed by a sync() is found again until it is settled; without a sync it survives the
///     end of the process, not that of the machine.
///   - Nothing is read that was not appended, and nothing in another order.
///   - The cursor is written after delivery, and a segment removed after the cursor, so that lines come twice, never not
///     at all. Twice come at most those that were settled since the cursor was last written (after a power failure:
///     synced).
///   - Files are only appended to. After a start a new segment is begun: what a crash left is read, and never changed.
#include <logrelay/spool/cursor.hpp>
#include <logrelay/spool/segment.hpp>

#include <deque>
#include <functional>
#include <string>
#include <string_view>

namespace logrelay {

struct spool_limits {
  std::uint64_t most_bytes = 1024 * 1024 * 1024;  ///< of all its files, those set aside as .bad left out
  std::uint64_t segment_bytes = 16 * 1024 * 1024;
  bool syncs = true;  ///< sync() will be called; without it no file is kept open for it
};

class spool {
 public:
  /// How many damaged segments are kept for whoever wants to look; of more the oldest are removed.
  static constexpr std::size_t most_bad = 8;

  enum class access { exclusive, look };  ///< look: changes nothing, whatever it finds
  spool(disk& folder, const spool_limits& limits, const block_pool& pool, std::function<void(std::string)> on_damage,
        access how = access::exclusive);

  /// Finds what an earlier run left. Throws error where that cannot be read, or is of another version.
  void open();

  /// Everything in it, settled or not, lies between these.
  [[nodiscard]] spool_place settled() const { return settled_; }
  [[nodiscard]] spool_place end() const { return end_; }
  /// That its files take, with the seal that the last one will get.
  [[nodiscard]] std::uint64_t bytes() const;
  [[nodiscard]] bool has_segments() const { return !segments_.empty(); }

  struct appended {
    std::size_t bytes = 0;  ///< of the batches, from the first on: those are in the spool now
    tally count;
    enum class stopped : std::uint8_t { not_at_all, full, too_large, failed } why = stopped::not_at_all;
    int error_number = 0;
  };
  /// Whole lines, as many as there is room for. `too_large`: the next line is, for ever.
  appended append(std::span<const batch> lines);
  /// For lines that never were in the spool: what is appended next has its place behind them. Only while it is empty.
  void skip(const spool_place& to);
  /// What was appended is safe when this returns 0. After a failure nobody knows what is on the medium, and trying
  /// again would not tell: undo() goes back to the last sync, and the same lines have to be appended again.
  int sync();
  void undo();

  enum class found : std::uint8_t { lines, hole, nothing, failed };
  struct read_result {
    found what = found::nothing;
    batch lines;       ///< a notice among them has `marker`
    tally lost;        ///< of a hole: lines that are gone
    wall_time time{};  ///< of a hole: that of the lines behind it
    int error_number = 0;
  };
  /// Goes on behind what was read last.
  read_result read();
  /// What was appended needs not be read: it is still in memory.
  void pass_over();
  [[nodiscard]] bool unread() const { return !all_read_; }

  /// Everything before `place` is settled: segments that only hold such lines are removed.
  int settle(const spool_place& place, bool safely);
  /// The cursor now, and not only when a segment goes.
  int write_cursor(bool safely);
  /// Removes the last segment too, when everything is settled.
  int give_back();
  /// Nothing more will come. Leaves nothing behind when everything is settled.
  int close(bool safely);
  /// At the end: lines that come before all that are here, and before what was settled.
  int prepend(std::span<const batch> lines, const spool_place& at);

  struct segment_info {
    std::string name;
    std::uint64_t bytes = 0;
    spool_place begin, end;
    bool sealed = false, damaged = false, active = false;
  };
  [[nodiscard]] std::vector<segment_info> segments() const;

 private:
  struct part {
    std::uint64_t number = 0;
    std::uint64_t bytes = 0;
    segment_header head;
    spool_place end;
    bool sealed = false, damaged = false;
  };

  void find_segment(const disk::entry& file);
  void find_ends();
  [[nodiscard]] std::uint64_t fitting_bytes(const batch& lines) const;
  int begin_segment(wall_time made);
  void end_segment();
  int flush();
  read_result read_on();
  int open_reader();
  bool next_part();
  read_result hole_before(const spool_place& place, wall_time time);
  int remove_part(std::deque<part>::iterator gone);
  int set_aside(const std::string& name);
  [[nodiscard]] part* part_of_reader();
  [[nodiscard]] bool is_active(const part& one) const { return active_ && &one == &segments_.back(); }

  disk& folder_;
  const spool_limits limits_;
  block_pool pool_;
  const std::function<void(std::string)> on_damage_;
  const access how_;
  spool_cursor cursor_;
  std::deque<part> segments_;  // in order; the active one is the last
  std::uint64_t part_bytes_ = 0;  // of those that are not active
  std::unique_ptr<segment_writer> active_;
  std::vector<std::unique_ptr<segment_writer>> unsynced_;  // complete, and not yet safe
  bool new_names_ = false;
  spool_place settled_, end_, synced_;

  // Where the reader is: in segment `reading_`, at an offset, with everything before the place `read_` read.
  std::uint64_t reading_ = 0;
  std::uint64_t read_offset_ = 0;
  spool_place read_;
  bool all_read_ = true;
  std::unique_ptr<disk_file> read_file_;
  std::unique_ptr<segment_reader> reader_;
  std::optional<spool_record> behind_hole_;  // read already
  int failures_ = 0;
};

}  // namespace logrelay
