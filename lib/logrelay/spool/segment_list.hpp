#pragma once
/// The segments of a spool, in order: which there are, what they take, what became of them. It finds what an earlier run
/// left, removes what is settled, and sets aside what is damaged. Belongs to its spool; one thread at a time. It never
/// looks at lines, but in the last segment at the start, should that have no seal.
#include <logrelay/spool/segment.hpp>

#include <deque>
#include <functional>
#include <string>

namespace logrelay {

enum class spool_access : std::uint8_t { exclusive, look };  ///< look: changes nothing, whatever it finds

struct segment_part {
  std::uint64_t number = 0;  ///< its first line
  std::uint64_t bytes = 0;   ///< of the file that count
  segment_header head;
  spool_place end;
  bool sealed = false, damaged = false;
  bool active = false;  ///< it still grows: the last one, if any
};

class segment_list {
 public:
  /// How many damaged segments are kept for whoever wants to look; of more the oldest are removed.
  static constexpr std::size_t most_bad = 8;

  segment_list(disk& folder, const block_pool& pool, std::function<void(std::string)> on_damage, spool_access how)
      : folder_(folder), pool_(pool), on_damage_(std::move(on_damage)), how_(how) {}

  /// Finds what is there. Throws error where that cannot be read, or is of another version.
  void find();

  [[nodiscard]] bool empty() const { return parts_.empty(); }
  [[nodiscard]] const std::deque<segment_part>& all() const { return parts_; }
  [[nodiscard]] const segment_part& first() const { return parts_.front(); }
  [[nodiscard]] segment_part& last() { return parts_.back(); }
  /// The one with this number, or the next behind it; null where there is none.
  [[nodiscard]] segment_part* from(std::uint64_t number);
  /// Of all their files.
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

  void add(const segment_header& head);
  void add_before(const segment_part& one);
  /// The last one has grown to this.
  void grow(std::uint64_t bytes, const spool_place& end);
  void end_last(bool sealed);

  /// A damaged one is set aside instead.
  int remove_first() { return remove(0); }
  int remove(std::size_t at);
  /// Whatever it is.
  void forget_last();

 private:
  void look_at(const disk::entry& file);
  void find_ends();
  int set_aside(const std::string& name);

  disk& folder_;
  block_pool pool_;
  const std::function<void(std::string)> on_damage_;
  const spool_access how_;
  std::deque<segment_part> parts_;
  std::uint64_t bytes_ = 0;
};

}  // namespace logrelay
