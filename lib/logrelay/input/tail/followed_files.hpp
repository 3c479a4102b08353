#pragma once
/// The files of one tail: finds them, tells what became of each, and remembers those that are done. Owned by a follower; its
/// thread only. Opens files, and reads no more of them than it takes to know them.
#include <logrelay/input/tail/finished_files.hpp>
#include <logrelay/input/tail/found_file.hpp>
#include <logrelay/input/tail/tailed_file.hpp>
#include <logrelay/input/tail/watches.hpp>
#include <logrelay/messages.hpp>

#include <sys/stat.h>

#include <ctime>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace logrelay {

struct rotated_file;
struct tail_rules;

/// What a tail leaves to one that comes instead of it, in the order in which it read.
struct left_files {
  std::vector<file_position> places{};  ///< where to go on
  std::vector<fd> open{};               ///< the file of each; none: it is done
  open_accounts unsettled{};
  timespec looked{};
};

class followed_files {
 public:
  using maker = std::function<std::unique_ptr<tailed_file>(fd, file_position)>;
  using speaker = std::function<void(severity, const std::string&)>;
  /// `found`: the checkpoint's positions; `first`: there was no checkpoint. `looked`: when files were looked for before that.
  followed_files(const tail_rules& rules, watches watching, std::vector<file_position> found, bool first, timespec looked, maker make, speaker say);

  /// Before the first search: goes on where another one was.
  void take_over(left_files left);
  /// Last of all.
  [[nodiscard]] left_files hand_over();

  /// Looks for files; `now` is the moment from which those that are gone linger.
  void search(steady_time now);
  /// When that was done last, by the clock that files are dated with.
  [[nodiscard]] timespec looked() const { return looked_; }
  [[nodiscard]] watches& watching() { return watching_; }
  /// In the order in which their lines are to be read.
  [[nodiscard]] const std::vector<std::unique_ptr<tailed_file>>& all() const { return files_; }
  /// Whether an older file of the same path has still something.
  [[nodiscard]] bool has_to_wait(const tailed_file& which) const;
  /// A file was truncated: what to go on with.
  void begin_anew(tailed_file& which);
  /// Takes in what is settled. Whether the checkpoint has to be written.
  bool settle();
  /// Lines that another one had read are not settled yet, of which nobody is told.
  [[nodiscard]] bool waits_for_settling() const { return !unsettled_.empty(); }
  [[nodiscard]] std::vector<file_position> positions() const;

 private:
  [[nodiscard]] std::optional<found_file> look_at(const std::string& path);
  [[nodiscard]] std::vector<found_file> with_missed(found_file newest, timespec stat::*when, const timespec& since);
  [[nodiscard]] std::vector<found_file> missed(const std::vector<rotated_file>& beside, const found_file& newest, timespec stat::*when,
                                              const timespec& since);
  [[nodiscard]] tailed_file* followed(dev_t device, ino_t inode) const;
  [[nodiscard]] bool may_be_copy(const found_file& one) const;
  void remember_rotated(const std::vector<found_file>& but, const std::vector<std::string>& beside);
  void resume();
  [[nodiscard]] std::optional<found_file> find_again(const file_position& position);
  [[nodiscard]] bool is_matched(const std::string& path) const;
  void take_in(found_file one);
  void add(found_file one, std::uint64_t offset, bool matched);
  void follow(found_file one, std::uint64_t offset, bool matched);
  void say_once(const std::string& path, const std::string& why);

  const tail_rules& rules_;
  const maker make_;
  const speaker say_;
  watches watching_;
  std::vector<std::unique_ptr<tailed_file>> files_;
  std::vector<file_position> found_;  // until the first search
  std::vector<fd> found_open_;        // where they were taken over
  open_accounts unsettled_;           // … of what was read of them before
  std::vector<std::string> matched_;  // by the last one, sorted
  bool first_;
  timespec looked_;
  bool searched_ = false;
  std::map<std::string, timespec> led_to_;  // each path that led to a file of ours, and when that was written to last
  finished_files done_;
  std::set<std::string> complained_;
  bool full_ = false;
  steady_time now_{};  // of the search
};

}  // namespace logrelay
