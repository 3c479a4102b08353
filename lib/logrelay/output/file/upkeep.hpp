#pragma once
/// What becomes of parts once they have their names, and which of them stay: on a thread of its own, at the lowest
/// priority, so that neither a slow processor nor a slow command holds up who writes. One for each file output; its
/// thread begins with the first part.
///
/// A part goes through these steps, in this order, and `unfinished` stays in its mode until all are done. So whatever
/// cuts them short, the next start finds the part by its mode and goes on where it stopped:
///
///   end      the last line of a live file that a crash left behind gets its end, so that no line is torn for readers;
///   sync     the part to the disk (with sync=), before anything says that it is finished;
///   pack     into PATH.gz.tmp, synced before it gets its name, since what comes next
///   unpack   removes the original. Both are there only in between; a packed part with a name is whole, so the original
///            is the one to go. Its lines are never nowhere, and twice only while a crash lasts;
///   tell     runs the command. It may be run twice for a part when a crash cuts it short, never not at all;
///   finish   takes `unfinished` off.
///
/// Then parts that may not stay are removed, the oldest first. A step that fails is tried again later, said once, and
/// keeps no other part waiting. Post, pause and make_room: any thread; construction and destruction: the output's
/// owner.
#include <logrelay/output/file/file_system.hpp>
#include <logrelay/output/file/rules.hpp>
#include <logrelay/output/output.hpp>

#include <memory>
#include <mutex>
#include <string>

namespace logrelay {

/// Where the parts of one live file are.
struct part_site {
  std::string folder;
  std::string live;  ///< the live file's name
  std::shared_ptr<const part_names> names;
};

class upkeep {
 public:
  upkeep(const file_rules& rules, file_system& files, const time_source& clock);
  ~upkeep();  ///< lets its thread go, with what is left to do
  upkeep(const upkeep&) = delete;
  upkeep& operator=(const upkeep&) = delete;

  void set_speaker(speaker say);
  /// Whether parts need anything at all.
  [[nodiscard]] static bool needed(const file_rules& rules);
  /// A part that has got its name; `plain` is that.
  void post(const part_site& where, const std::string& plain, file_identity which);
  /// Looks for parts that are not finished, and for those that may not stay.
  void post_search(const part_site& where);
  /// Removes the oldest parts until as much is free as keep-free says. Whether there was one to remove.
  bool make_room(const part_site& where);
  /// Held while parts get other names (naming=number).
  [[nodiscard]] std::unique_lock<std::mutex> renaming();

  /// Waits until all is done, or has failed, or the waiter is told to stop.
  void finish(waiter& until);
  /// For tests: no thread; instead this does one thing that is to be done. False: there is none.
  void without_thread();
  bool run_one();

 private:
  struct state;
  std::shared_ptr<state> state_;
};

}  // namespace logrelay
