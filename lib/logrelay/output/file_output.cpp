#include <logrelay/output/file_output.hpp>

#include <logrelay/output/file/options.hpp>
#include <logrelay/output/file/path_fields.hpp>

#include <poll.h>

#include <algorithm>
#include <numeric>
#include <utility>

namespace logrelay {
namespace {

file_system& real_files() {
  static file_system files;
  return files;
}

std::unique_ptr<output> make(const output_config& config) {
  static const time_source real_time;
  return std::make_unique<file_output>(read_file_rules(config), real_time);
}

}  // namespace

const output_kind file_output_kind{
    "file", "[file:]PATH", "files, appended to, rotated between lines", file_option_rows(), check_file_options, make};

file_output::file_output(file_rules rules, const time_source& clock)
    : file_output(std::move(rules), clock, real_files()) {}

file_output::file_output(file_rules rules, const time_source& clock, file_system& files)
    : rules_(std::move(rules)), parts_(rules_, files, clock), files_(files), clock_(clock) {
  if (!rules_.fields) add(rules_.path);
}

void file_output::set_speaker(speaker say) {
  say_ = say;
  parts_.set_speaker(std::move(say));
}

std::unique_ptr<format> file_output::make_route() const {
  return rules_.fields ? std::make_unique<path_fields>(rules_.path, rules_.by_time) : nullptr;
}

// Which files there will be is not known before there are lines.
void file_output::prepare() {
  if (!rules_.fields) open_.front().file.prepare();
}

void file_output::unprepare() noexcept {
  if (!rules_.fields) open_.front().file.unprepare();
}

void file_output::give_to(uid_t user, gid_t group) {
  if (!rules_.fields) open_.front().file.give_to(user, group);
}

void file_output::add(const std::string& route) {
  open_.emplace_front(live_file::surroundings{rules_, files_, clock_, parts_, say_}, route);
}

// Brings the file of this route to the front, opened. A marker that comes first of all makes a file of its own.
result file_output::use(std::string_view route) {
  if (!rules_.fields || (!open_.empty() && (route.empty() || open_.front().route == route))) return {};
  const auto found = std::find_if(open_.begin(), open_.end(), [&](const auto& each) { return each.route == route; });
  if (found != open_.end()) {
    open_.splice(open_.begin(), open_, found);
    return {};
  }
  while (open_.size() >= rules_.max_files) {
    open_.back().file.close(0);
    rotations_before_ += open_.back().file.rotations();
    open_.pop_back();
  }
  add(route.empty() ? split_path(rules_.path.substr(0, rules_.path.find('{'))).folder + "/logrelay.log"
                    : std::string(route));
  return open_.front().file.open();
}

result file_output::for_each(result (live_file::*what)()) {
  result how;
  for (auto& each : open_)
    if (how = (each.file.*what)(); how.what != outcome::done) break;
  note();
  return how;
}

result file_output::open(waiter&) { return for_each(&live_file::open); }
result file_output::reopen() { return for_each(&live_file::reopen); }
result file_output::rotate() { return for_each(&live_file::rotate); }

result file_output::idle_event() {
  alarm_.clear();
  return for_each(&live_file::tick);
}

write_result file_output::write(const outgoing& lines) {
  if (auto how = use(lines.route()); how.what != outcome::done) return {0, how.what, std::move(how.why)};
  auto how = open_.front().file.write(lines);
  note();
  return how;
}

std::uint64_t file_output::unacked() {
  return std::accumulate(open_.begin(), open_.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const auto& each) { return sum + each.file.unsynced_bytes(); });
}

interest file_output::idle() const { return {alarm_.descriptor(), POLLIN}; }

result file_output::finish(waiter& wait) {
  parts_.finish(wait);
  return {};
}

void file_output::close(std::size_t torn_bytes) noexcept {
  for (auto& each : open_) each.file.close(std::exchange(torn_bytes, 0));  // only the one in use has a torn line
}

// What is due next, and how often files have rotated.
void file_output::note() {
  auto due = wall_time::max();
  rotations_ = rotations_before_;
  for (const auto& each : open_) {
    due = std::min(due, each.file.due());
    rotations_ += each.file.rotations();
  }
  alarm_.set(due);
}

}  // namespace logrelay
