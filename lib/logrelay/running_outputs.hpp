#pragma once
/// The outputs of a relay, all at once: opened, started, changed, drained and told to leave, each on its own in its own time.
/// Owned by the relay; main thread. Waits for none of them: whoever asks looks again when the relay's wake says so.
///
/// Each output has a place of its own, which one of the same name that comes later has too: routes and the times for which
/// it has held inputs go by that.
#include <logrelay/report.hpp>
#include <logrelay/running_output.hpp>

#include <chrono>
#include <list>
#include <optional>
#include <string>
#include <vector>

namespace logrelay {

struct user_and_group;

class running_outputs {
 public:
  /// Made and connected to the inputs that they take; nothing is opened.
  running_outputs(const std::vector<output_config>& all, const surroundings& in);
  ~running_outputs();  ///< a listener thread that hangs is let go

  /// Opens what has to be there, in order. Throws error that names the output; unprepare() is to be called then too.
  void prepare();
  void unprepare() noexcept;
  /// What that has made is to be theirs who we are about to become.
  void give_to(const user_and_group& whose);
  void start();

  void reopen();
  void rotate();

  /// From now on these, taking what comes from `inputs`, the places of those of their configuration, of `places` that there
  /// are in all. Who is unchanged goes on; who has other options only keeps its queue; all others drain and leave, or are
  /// opened. What cannot be opened is said, and tried again for ever; one whose queue on disk cannot be had is left out, and
  /// that counts as a loss. No line is lost else: the new routes are there before an old queue is closed, and where one that
  /// leaves still has the directory, lines wait in memory for it.
  void change(const std::vector<output_config>& wanted, const std::vector<std::size_t>& inputs, std::size_t places);
  /// Goes on with what change() has begun; those that leave may make no progress for `patience`. When to call it again.
  steady_time advance(std::chrono::milliseconds patience);
  [[nodiscard]] bool settled() const;  ///< there is nothing to go on with
  [[nodiscard]] bool lost_any() const { return lost_; }  ///< one that has left did not deliver everything, or never came

  /// The inputs have ended: what is in the queues is all there will be, those of outputs that leave included.
  void drain();
  /// Until when drained outputs may go on.
  [[nodiscard]] steady_time drain_deadline(std::chrono::milliseconds patience, std::optional<steady_time> stop_by) const;
  /// Nothing is to be taken from the queues any more.
  void abandon();
  /// … and the queues bring what is left to where it is kept; those that still wait for a directory when it is free.
  void leave();
  void keep_late();

  [[nodiscard]] bool nobody_takes() const;  ///< every output has ended by itself
  [[nodiscard]] bool all_done() const;
  [[nodiscard]] bool all_left() const;

  [[nodiscard]] const std::string& name_of(std::size_t place) const { return names_[place]; }
  /// Those that leave come last.
  [[nodiscard]] std::vector<output_report> report() const;

 private:
  // An output that is no longer wanted: it drains, then its listener is told to stop, then its queue keeps what is left.
  struct leaving_output {
    enum class stage { draining, stopping, keeping };
    running_output it;
    steady_time began{}, until{};
    stage now = stage::draining;
  };

  [[nodiscard]] std::size_t place_of(const std::string& name);
  void change_one(running_output& one, const output_config& to);
  void add(const output_config& wanted);
  [[nodiscard]] bool has_to_wait(const running_output& one) const;
  [[nodiscard]] bool lacks_directory(const running_output& one) const;
  [[nodiscard]] steady_time start_if_free(running_output& one);
  void route(const std::vector<std::size_t>& inputs, std::size_t places);
  [[nodiscard]] bool has_gone(leaving_output& one, std::chrono::milliseconds patience, steady_time& look_at);
  void say_gone(const running_output& one);

  const surroundings& in_;
  std::vector<running_output> all_;
  std::list<leaving_output> leaving_;
  std::vector<std::string> names_;  // by place
  std::size_t prepared_ = 0;
  steady_time drain_began_{};
  bool lost_ = false;
  bool abandoned_ = false;
};

}  // namespace logrelay
