#pragma once
/// Files that lines are appended to, and that rotate between lines: by size, by the clock, when asked to. What becomes
/// of rotated files is upkeep's, how they rotate a live file's; see there. With fields in the path there are several
/// live files behind the one queue; the ones that were used last are open. One that cannot be opened, because a folder has
/// its name or another program holds it, must not hold up the others, since who sends lines may have chosen that name: its
/// lines go to the common file, path_fields::common_name in the folder before the first field, as markers do that come first.
///
/// A write is what delivers (with sync=always, the sync). A full disk, a quota or an I/O error pauses: the write goes
/// on where it stopped once it can, and what was written of a line that will never be finished here is cut off again at
/// the end. flock(2) on the live file keeps a second relay away; the kernel lets go of it with the process, so it is
/// never stale.
#include <logrelay/output/file/live_file.hpp>
#include <logrelay/registry.hpp>
#include <logrelay/util/wall_alarm.hpp>

#include <list>
#include <set>
#include <string>

namespace logrelay {

class file_output final : public output {
 public:
  file_output(file_rules rules, const time_source& clock);
  file_output(file_rules rules, const time_source& clock, file_system& files);

  void set_speaker(speaker say) override;
  void prepare() override;
  void unprepare() noexcept override;
  void give_to(uid_t user, gid_t group) override;
  std::unique_ptr<format> make_route() const override;
  bool keeps_place() const override { return true; }
  result open(waiter& wait) override;
  write_result write(const outgoing& lines) override;
  std::uint64_t unacked() override;
  interest idle() const override;
  result idle_event() override;
  result finish(waiter& wait) override;
  void close(std::size_t torn_bytes) noexcept override;
  result reopen() override;
  result rotate() override;
  std::uint64_t rotations() const override { return rotations_; }

  [[nodiscard]] upkeep& parts() { return parts_; }  ///< for tests

 private:
  struct open_file {
    open_file(live_file::surroundings with, const std::string& path) : route(path), file(with, path) {}
    std::string route;  // the path, its fields filled in
    live_file file;
  };
  [[nodiscard]] result use(const outgoing& lines);
  [[nodiscard]] result bring_up(const std::string& route);
  void tell_astray(const std::string& route, const std::string& why);
  [[nodiscard]] result for_each(result (live_file::*what)());
  void drop_unless(result (live_file::*what)());
  std::list<open_file>::iterator let_go(std::list<open_file>::iterator one);
  void note();

  const file_rules rules_;
  speaker say_ = [](severity, std::string_view) {};
  upkeep parts_;
  file_system& files_;
  const time_source& clock_;
  const std::string common_;   // the path of the common file
  std::list<open_file> open_;  // the one that was used last comes first
  std::set<std::string> astray_;  // routes that were told: whose lines go to the common file
  std::uint64_t rotations_ = 0, rotations_before_ = 0;  // the latter of files that are closed by now
  wall_alarm alarm_;
};

extern const output_kind file_output_kind;

}  // namespace logrelay
