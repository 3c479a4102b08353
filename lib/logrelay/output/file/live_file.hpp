#pragma once
/// One file that lines are appended to, and its rotation. The live file is always PATH itself, or what strftime makes
/// of it. Its owner is a file output; its listener's thread only, prepare() and unprepare() before that thread begins.
///
/// A rotation is a row of steps, each of which can be tried again until it is done; whatever ends the process between
/// two of them, the next start goes on. Writing goes on only once there is a live file again.
///
///   (write)  Lines are whole where a file ends: it rotates between two of them.
///   name     The live file gets its part's name. First, because until then nothing has changed; by one rename that
///            replaces nothing, because a link and an unlink would leave, in between, one file under two names. The
///            file stays open and locked: it is ours until there is another.
///   make     A new live file is made, locked, and only then the old one let go. After a crash before this step there
///            is no live file, which every start can make.
///   link     The symbolic link follows, by a rename of a new one over it, so that it is never missing. After `make`,
///            since it is not to point to nothing; a failure here is said and holds up nobody.
///   hand over  Syncing, compressing and the command are upkeep's (see there), which knows the part by its mode. Not
///            before `make`: they take time, and are nobody's business who writes.
///
/// With naming=number the parts move up first, the oldest first, into the first free number: wherever that stops, the
/// gap that it leaves is where the next try begins.
///
/// Rejected: to sync before `name`, as multilog does. A name would then promise what it holds, but every writer would
/// wait for the disk; the mode promises it instead, later.
#include <logrelay/output/file/schedule.hpp>
#include <logrelay/output/file/upkeep.hpp>
#include <logrelay/output/output.hpp>
#include <logrelay/util/fd.hpp>

#include <optional>
#include <string>
#include <vector>

namespace logrelay {

class live_file {
 public:
  /// What all files of one output share.
  struct surroundings {
    const file_rules& rules;
    file_system& files;
    const time_source& clock;
    upkeep& parts;
    const speaker& say;
  };

  /// `path` may hold strftime's conversions.
  live_file(surroundings with, std::string path);

  /// Opens it, or makes it, with its folders. Throws error; then, and after unprepare(), nothing new is left behind.
  void prepare();
  void unprepare() noexcept;
  /// What prepare() has made is theirs from now on, unless the rules say whose it is; -1: whose it was.
  void give_to(uid_t user, gid_t group);

  /// Ready for write(): goes on with what was begun.
  result open();
  /// One turn: what is due by the clock, then whole lines as far as they may go into this file.
  write_result write(const outgoing& lines);
  /// What is due by the clock while nothing is written.
  result tick();
  result rotate();  ///< now, unless it is empty
  result reopen();  ///< the path may be another file now
  void close(std::size_t torn_bytes) noexcept;

  /// When tick() has something to do.
  [[nodiscard]] wall_time due() const;
  [[nodiscard]] std::uint64_t rotations() const { return rotations_; }
  /// With sync=always: written, and not yet known to be on the disk.
  [[nodiscard]] std::uint64_t unsynced_bytes() const;

 private:
  enum class step : std::uint8_t { none, name, make };

  // live_file_open.cpp
  [[nodiscard]] result open_folder();
  [[nodiscard]] result open_live(fd& into, struct stat& facts, bool& created);
  [[nodiscard]] int make_live(fd& into);
  [[nodiscard]] int make_folders();
  [[nodiscard]] bool give_owner(const fd& file);
  [[nodiscard]] std::string doubts(const struct stat& facts) const;
  [[nodiscard]] std::string lock(const fd& file) const;
  void take(fd&& file, const struct stat& facts);
  [[nodiscard]] bool ends_in_mid_line();
  void unmark(const fd& file) noexcept;
  void point_link();
  result failed(std::string_view doing, int error_number) const;

  // live_file_rotate.cpp
  [[nodiscard]] result go_on();
  [[nodiscard]] int give_name();
  [[nodiscard]] int give_time();
  [[nodiscard]] int give_number();
  [[nodiscard]] int move_up(std::uint32_t& first);
  void hand_over(const fd& old, file_identity which, const std::string& part);
  [[nodiscard]] result change_path(wall_time now);

  // live_file.cpp
  [[nodiscard]] std::string path_at(wall_time now) const;
  [[nodiscard]] result open_first(wall_time now);
  [[nodiscard]] result by_the_clock(wall_time now);
  [[nodiscard]] result look(wall_time now);
  [[nodiscard]] result take_turn();
  void give_turn(const outgoing& lines, std::size_t& taken);
  [[nodiscard]] result end_torn_line();
  [[nodiscard]] std::size_t allowed(const outgoing& lines, result& how);
  [[nodiscard]] int put(const outgoing& lines, std::size_t most, std::size_t& taken);
  [[nodiscard]] result written(wall_time now, std::size_t bytes);
  [[nodiscard]] result sync();
  [[nodiscard]] bool is_ours(const struct stat& facts) const { return file_ && identity_of(facts) == which_; }
  [[nodiscard]] part_site site() const { return {where_.folder, where_.name, names_}; }

  const surroundings my_;
  const std::string pattern_;
  const std::optional<schedule> schedule_;
  const std::shared_ptr<const part_names> names_;
  std::string path_;  // PATH now
  split_path where_;
  wall_time boundary_ = wall_time::max();
  wall_time last_time_{}, last_look_{};

  fd folder_, file_;
  file_identity which_;
  unsigned mode_ = 0;
  bool regular_ = true;
  bool strict_ = false;    // anyone may put something into the folder
  bool taken_ = false;     // file_ is what lines go into, not only prepared
  bool emptied_ = false;   // append=no has been done
  bool marked_by_us_ = false;  // the file's mark is none that somebody left
  bool set_apart_ = false;     // what it holds may be torn, and cannot be completed
  bool link_failing_ = false;
  bool searched_ = false;  // upkeep knows that we are here
  bool unended_ = false;   // the file ends within a line that will not go on
  bool made_file_ = false;
  step step_ = step::none;
  std::string part_;       // the name that `name` has given
  std::int64_t newest_ = -1;  // microseconds of the newest part's name; -1: not looked for
  std::uint64_t size_ = 0, rotations_ = 0, unsynced_ = 0;
  std::optional<wall_time> unsynced_since_;
  std::vector<std::string> made_folders_;
};

}  // namespace logrelay
