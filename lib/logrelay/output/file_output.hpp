#pragma once
/// Files that lines are appended to, and that rotate between lines: by size, by the clock, when asked to. What becomes
/// of rotated files is upkeep's, how they rotate a live file's; see there.
///
/// A write is what delivers (with sync=always, the sync). A full disk, a quota or an I/O error pauses: the write goes on
/// where it stopped once it can, and what was written of a line that will never be finished here is cut off again at the
/// end. flock(2) on the live file keeps a second relay away; the kernel lets go of it with the process, so it is never
/// stale.
#include <logrelay/output/file/live_file.hpp>
#include <logrelay/registry.hpp>
#include <logrelay/util/wall_alarm.hpp>

namespace logrelay {

class file_output final : public output {
 public:
  file_output(file_rules rules, const time_source& clock);
  file_output(file_rules rules, const time_source& clock, file_system& files);

  void set_speaker(speaker say) override;
  void prepare() override { file_.prepare(); }
  void unprepare() noexcept override { file_.unprepare(); }
  bool keeps_place() const override { return true; }
  result open(waiter& wait) override;
  write_result write(const outgoing& lines) override;
  std::uint64_t unacked() override { return file_.unsynced_bytes(); }
  interest idle() const override;
  result idle_event() override;
  result finish(waiter& wait) override;
  void close(std::size_t torn_bytes) noexcept override { file_.close(torn_bytes); }
  result reopen() override { return file_.reopen(); }
  result rotate() override { return file_.rotate(); }
  std::uint64_t rotations() const override { return file_.rotations(); }

  [[nodiscard]] upkeep& parts() { return parts_; }  ///< for tests

 private:
  const file_rules rules_;
  speaker say_ = [](severity, std::string_view) {};
  upkeep parts_;
  live_file file_;
  wall_alarm alarm_;
};

extern const output_kind file_output_kind;

}  // namespace logrelay
