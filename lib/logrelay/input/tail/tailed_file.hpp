#pragma once
/// One file that a tail follows, through whatever happens to it: it grows, is renamed or deleted while it is open, or is
/// truncated to begin anew. Knows which of its lines are settled, so that the next start can go on there.
///
/// A file that is truncated has a past: what was not read before is in the copy that was made of it (logrotate's
/// copytruncate), if there is one beside it whose first bytes are the same; that is read to its end before the file's new
/// beginning. A line that was cut in two by the truncation is put together again.
///
/// Owned by a tail; its thread only. Nothing but read_some() waits, as a disk does.
#include <logrelay/core/line_framer.hpp>
#include <logrelay/input/tail/file_account.hpp>
#include <logrelay/util/clock.hpp>
#include <logrelay/util/fd.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace logrelay {

/// The first bytes of a file, as it is now; fewer than `size` where it is shorter.
[[nodiscard]] std::string read_head(const fd& file, std::size_t size);
/// Behind the last newline, so that the first line is a whole one; a line that has no beginning in sight is begun in its middle.
[[nodiscard]] std::uint64_t last_line_end(const fd& file);
/// Whether `file` begins with the bytes that `position` remembers, and reaches as far.
[[nodiscard]] bool begins_as(const fd& file, const file_position& position);

class tailed_file {
 public:
  struct surroundings {
    read_memory& memory;
    const framing_rules& rules;
    std::shared_ptr<const source> from;
    batch_sink& sink;
    input_counters& counters;
    std::function<void()> on_settled;  ///< any thread: settle() may find something
  };

  /// `at.offset`: where to go on; the rest of `at` is as it was known, or as it is.
  tailed_file(fd file, file_position at, surroundings around);

  enum class state {
    as_known,   ///< it may have grown
    truncated,  ///< it is shorter than what was read, or has other bytes
    failed,     ///< it cannot be asked: errno
  };
  [[nodiscard]] state look();
  /// Goes on with what `copy` has of its past, where there is one, and then from the beginning.
  void begin_anew(fd copy);
  /// The copy of its past among these files; -1: none is.
  [[nodiscard]] fd find_copy(const std::vector<std::string>& paths) const;

  /// Bytes at the place where it stands; as read(2).
  [[nodiscard]] ssize_t read_some(std::span<char> into) const;
  /// `bytes` were read there, into the framer's space; publishes the lines.
  void took(std::string_view bytes, wall_time now);
  /// At the end of a copy: goes on with the file's new beginning. False: it is in no copy.
  [[nodiscard]] bool leave_copy();

  /// Nothing more will be read: publishes a last line that has no terminator, and closes it.
  void finish(wall_time now);
  [[nodiscard]] bool is_open() const { return static_cast<bool>(file_); }
  [[nodiscard]] line_framer& framer() { return framer_; }
  [[nodiscard]] const fd& file() const { return file_; }
  [[nodiscard]] bool is(dev_t device, ino_t inode) const { return is_open() && device_ == device && inode_ == inode; }
  /// Whether it is that file, or has that copy of its past.
  [[nodiscard]] bool has(dev_t device, ino_t inode) const;
  [[nodiscard]] std::uint64_t offset() const { return offset_; }

  /// As the account has it.
  bool settle(std::vector<file_position>& history) { return account_->settle(history); }
  void append_positions(std::vector<file_position>& to) const { account_->append_positions(over(), to); }
  /// Everything is read, and settled.
  [[nodiscard]] bool over() const { return !file_ && account_->is_settled(); }

  /// Of a file that somebody else goes on with: where, in which file, and the account of what was read, which it has no more.
  struct left {
    file_position place;
    fd file;
    std::vector<file_position> pasts;
    std::unique_ptr<file_account> account;
  };
  [[nodiscard]] left hand_over();

  std::string path;           ///< by which it was found
  int watch = -1;
  bool matched = false;       ///< by the last search
  bool rotated = false;       ///< no path leads to it any more
  bool drained = false;       ///< nothing was there at the last look
  steady_time last_growth{};

 private:
  void next_past();

  fd file_;
  fd copy_;
  dev_t device_;
  ino_t inode_;
  std::uint64_t offset_;
  std::string last_;  // the bytes before offset_, a few
  std::unique_ptr<file_account> account_;
  line_framer framer_;
};

}  // namespace logrelay
