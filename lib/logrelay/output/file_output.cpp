#include <logrelay/output/file_output.hpp>

#include <logrelay/output/file/options.hpp>
#include <logrelay/output/file/path_fields.hpp>

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <iterator>
#include <numeric>
#include <utility>

namespace logrelay {
namespace {

file_system& real_files() {
  static file_system files;
  return files;
}

// Of who chooses names at will, so many are told.
constexpr std::size_t most_astray = 16;

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
    : rules_(std::move(rules)), parts_(rules_, files, clock), files_(files), clock_(clock), common_(path_fields::common_file(rules_.path)) {
  if (!rules_.fields) open_.emplace_front(live_file::surroundings{rules_, files_, clock_, parts_, say_}, rules_.path);
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

// Brings the file of these lines to the front, opened: their own, or else the common one.
result file_output::use(const outgoing& lines) {
  const auto route = lines.route();
  if (!rules_.fields || (!open_.empty() && (lines.mid_line() || route.empty() || open_.front().route == route))) return {};
  const std::string own(route.empty() ? common_ : route);
  auto how = bring_up(own);
  if (how.what == outcome::done) {
    if (!astray_.empty() && astray_.erase(own) > 0) say_(severity::notice, fmt::format("lines go to {} again", own));
    return how;
  }
  if (own == common_ || bring_up(common_).what != outcome::done) return how;
  tell_astray(own, how.why);
  return {};
}

result file_output::bring_up(const std::string& route) {
  const auto found = std::find_if(open_.begin(), open_.end(), [&](const auto& each) { return each.route == route; });
  if (found != open_.end()) {
    open_.splice(open_.begin(), open_, found);
    return {};
  }
  std::list<open_file> made;
  auto& file = made.emplace_front(live_file::surroundings{rules_, files_, clock_, parts_, say_}, route).file;
  if (auto how = file.open(); how.what != outcome::done) {
    file.close(0);
    return how;
  }
  while (open_.size() >= rules_.max_files) static_cast<void>(let_go(std::prev(open_.end())));
  open_.splice(open_.begin(), made);
  return {};
}

void file_output::tell_astray(const std::string& route, const std::string& why) {
  if (astray_.size() == most_astray || !astray_.insert(route).second) return;
  say_(severity::warning, fmt::format("{}; its lines go to {} until it can be{}", why, common_,
                                      astray_.size() < most_astray ? "" : ", and so do those of others of which no word is said any more"));
}

result file_output::for_each(result (live_file::*what)()) {
  result how;
  for (auto& each : open_)
    if (how = (each.file.*what)(); how.what != outcome::done) break;
  note();
  return how;
}

result file_output::open(waiter&) {
  if (!rules_.fields) return for_each(&live_file::open);
  drop_unless(&live_file::open);
  return {};
}

result file_output::reopen() {
  if (!rules_.fields) return for_each(&live_file::reopen);
  drop_unless(&live_file::reopen);
  return {};
}

// Of several files: those that it cannot be done with are closed, and opened, if they can be, with the next line.
void file_output::drop_unless(result (live_file::*what)()) {
  for (auto each = open_.begin(); each != open_.end();) {
    if ((each->file.*what)().what == outcome::done)
      ++each;
    else
      each = let_go(each);
  }
  note();
}

std::list<file_output::open_file>::iterator file_output::let_go(std::list<open_file>::iterator one) {
  one->file.close(0);
  rotations_before_ += one->file.rotations();
  return open_.erase(one);
}
result file_output::rotate() { return for_each(&live_file::rotate); }

result file_output::idle_event() {
  alarm_.clear();
  return for_each(&live_file::tick);
}

write_result file_output::write(const outgoing& lines) {
  if (auto how = use(lines); how.what != outcome::done) return {0, how.what, std::move(how.why)};
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
