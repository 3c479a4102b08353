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
#include <logrelay/spool/spool_reader.hpp>

#include <functional>
#include <string>

namespace logrelay {

struct spool_limits {
  std::uint64_t most_bytes = 1024 * 1024 * 1024;  ///< of all its files, those set aside as .bad left out
  std::uint64_t segment_bytes = 16 * 1024 * 1024;
  bool syncs = true;  ///< sync() will be called; without it no file is kept open for it
};

class spool {
 public:
  using access = spool_access;
  spool(disk& folder, const spool_limits& limits, const block_pool& pool, std::function<void(std::string)> on_damage,
        access how = access::exclusive);

  /// Finds what an earlier run left. Throws error where that cannot be read, or is of another version.
  void open();

  /// Everything in it, settled or not, lies between these.
  [[nodiscard]] spool_place settled() const { return settled_; }
  [[nodiscard]] spool_place end() const { return end_; }
  /// Up to where it is safe, by sync() or close().
  [[nodiscard]] spool_place synced() const { return synced_; }
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

  using found = spool_reader::found;
  using read_result = spool_reader::result;
  /// Goes on behind what was read last.
  read_result read() { return reader_.read(end_); }
  /// What was appended needs not be read: it is still in memory.
  void pass_over() { reader_.pass_over(end_); }
  [[nodiscard]] bool unread() const { return !reader_.all_read(); }

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

  [[nodiscard]] const std::deque<segment_part>& segments() const { return segments_.all(); }

 private:
  [[nodiscard]] std::uint64_t fitting_bytes(const batch& lines) const;
  int begin_segment(wall_time made);
  void end_segment();
  int flush();
  void forget_empty();
  int remove_first();

  disk& folder_;
  const spool_limits limits_;
  const std::function<void(std::string)> on_damage_;
  const access how_;
  spool_cursor cursor_;
  segment_list segments_;
  spool_reader reader_;
  std::unique_ptr<segment_writer> active_;
  std::vector<std::unique_ptr<segment_writer>> unsynced_;  // complete, and not yet safe
  bool new_names_ = false;
  spool_place settled_, end_, synced_;
};

}  // namespace logrelay
