#pragma once
/// The files of one tail: finds them, tells what became of each, and remembers those that are done. Owned by a follower; its
/// thread only. Opens files, and reads no more of them than it takes to know them.
#include <logrelay/input/tail/tailed_file.hpp>
#include <logrelay/input/tail/watches.hpp>
#include <logrelay/messages.hpp>

#include <deque>
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

class followed_files {
 public:
  using maker = std::function<std::unique_ptr<tailed_file>(fd, file_position)>;
  using speaker = std::function<void(severity, const std::string&)>;
  /// `found`: the checkpoint's positions; `first`: there was no checkpoint. `looked`: when files were looked for before that.
  followed_files(const tail_rules& rules, watches watching, std::vector<file_position> found, bool first, timespec looked, maker make, speaker say);

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
  [[nodiscard]] std::vector<file_position> positions() const;

 private:
  struct candidate {
    fd file;
    std::string path;
    file_position place;
    timespec changed;
  };
  [[nodiscard]] std::optional<candidate> look_at(const std::string& path);
  [[nodiscard]] std::vector<candidate> with_missed(candidate newest, timespec stat::*when, const timespec& since);
  [[nodiscard]] std::vector<candidate> missed(const std::vector<rotated_file>& beside, const candidate& newest, timespec stat::*when,
                                              const timespec& since);
  [[nodiscard]] static bool is(const candidate& one, dev_t device, ino_t inode);
  [[nodiscard]] static bool are_same(const candidate& one, const candidate& other);
  [[nodiscard]] tailed_file* followed(dev_t device, ino_t inode) const;
  [[nodiscard]] const file_position* remembered(const candidate& one) const;
  [[nodiscard]] bool may_be_copy(const candidate& one) const;
  void remember(file_position position);
  void remember_rotated(const std::vector<candidate>& but, const std::vector<std::string>& beside);
  void resume();
  [[nodiscard]] std::optional<candidate> find_again(const file_position& position);
  [[nodiscard]] bool is_matched(const std::string& path) const;
  void take_in(candidate one);
  void add(candidate one, std::uint64_t offset, bool matched);
  void say_once(const std::string& path, const std::string& why);

  const tail_rules& rules_;
  const maker make_;
  const speaker say_;
  watches watching_;
  std::vector<std::unique_ptr<tailed_file>> files_;
  std::vector<file_position> found_;  // until the first search
  std::vector<std::string> matched_;  // by the last one, sorted
  const bool first_;
  timespec looked_;
  bool searched_ = false;
  std::map<std::string, timespec> led_to_;  // each path that led to a file of ours, and when that was written to last
  std::deque<file_position> done_;
  std::set<std::string> complained_;
  bool full_ = false;
  steady_time now_{};  // of the search
};

}  // namespace logrelay
