#include <logrelay/output/file/upkeep.hpp>

#include <logrelay/error.hpp>
#include <logrelay/output/file/part_work.hpp>
#include <logrelay/output/file/retention.hpp>
#include <logrelay/util/guarded.hpp>

#include <fmt/format.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <deque>
#include <future>
#include <map>
#include <optional>
#include <set>
#include <system_error>
#include <thread>

namespace logrelay {
namespace {

using namespace std::chrono_literals;

// More parts than this are not remembered by name but looked for again, once there is time.
constexpr std::size_t most_jobs = 1000;
constexpr steady_time::duration first_pause = 1s, longest_pause = 5min;
// How often parts are looked at for their age.
constexpr steady_time::duration age_check = 1min;
constexpr auto farewell = 100ms;

void take_lowest_priority() {
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), 19);
  constexpr int of_thread = 1, lowest_of_best_effort = 2 << 13 | 7;  // ioprio_set(2)
  ::syscall(SYS_ioprio_set, of_thread, 0, lowest_of_best_effort);
}

}  // namespace

struct upkeep::state : std::enable_shared_from_this<upkeep::state> {
  state(const file_rules& given, file_system& system, const time_source& time)
      : rules(given), files(system), clock(time) {}

  void run();
  bool run_one();
  void put(part_job job);
  bool begin();
  void search(const part_job& job);
  int retain(const part_site& where);
  std::optional<part_job> next();
  void failed(part_job job, const std::string& doing, int why);
  void say(severity how, std::string_view text) {
    if (speak) speak(how, text);
  }

  struct work_list {
    std::deque<part_job> jobs;
    std::map<std::string, part_site> lost;  // sites with more parts than are remembered
    std::map<std::string, part_site> sites;  // whose parts are looked at for their age
    bool busy = false;
    bool threaded = false;
  };

  const file_rules rules;
  file_system& files;
  const time_source& clock;
  speaker speak;
  std::mutex names;
  guarded<work_list> work;
  wake alarm;
  waiter wait{alarm};
  bool no_thread = false;
  bool failing = false;  // the last part did
  std::thread thread;  // changes with `threaded`
  std::atomic<bool> lacks_thread{false};
  std::promise<void> ended;
  steady_time next_age_check{};
};

upkeep::upkeep(const file_rules& rules, file_system& files, const time_source& clock)
    : state_(std::make_shared<state>(rules, files, clock)) {}

// What it does it leaves soon, unless a disk hangs: then it is let go, for it shares what it touches.
upkeep::~upkeep() {
  state_->wait.stop();
  if (!state_->thread.joinable()) return;
  if (state_->ended.get_future().wait_for(farewell) == std::future_status::ready)
    state_->thread.join();
  else
    state_->thread.detach();
}

void upkeep::set_speaker(speaker say) { state_->speak = std::move(say); }
void upkeep::without_thread() { state_->no_thread = true; }
bool upkeep::run_one() { return state_->run_one(); }
std::unique_lock<std::mutex> upkeep::renaming() { return std::unique_lock(state_->names); }

bool upkeep::needed(const file_rules& rules) {
  return rules.keep.any() || rules.compress != compression::none || !rules.after_rotate.empty() ||
         rules.sync != sync_when::never;
}

void upkeep::post(const part_site& where, const std::string& plain, file_identity which) {
  state_->put({where, plain, which});
}
void upkeep::post_search(const part_site& where) { state_->put({where, {}, {}}); }

void upkeep::state::put(part_job job) {
  work.with([&](work_list& all) {
    if (rules.keep.age && all.sites.size() < most_jobs)
      all.sites.insert_or_assign(job.where.folder + "/" + job.where.names->base(), job.where);
    if (all.jobs.size() < most_jobs)
      all.jobs.push_back(std::move(job));
    else
      all.lost.insert_or_assign(job.where.folder + "/" + job.where.live, job.where);
  });
  alarm.notify();
  if (!no_thread) static_cast<void>(begin());
}

// Whether there is a thread. One that is not to be had is asked for again with the next part, and at the end.
bool upkeep::state::begin() {
  const auto why = work.with([&](work_list& all) -> std::string {
    if (all.threaded) return {};
    try {
      thread = std::thread([self = shared_from_this()] {
        self->run();
        self->ended.set_value();
      });
    } catch (const std::system_error& e) {
      return e.code().message();
    }
    all.threaded = true;
    return {};
  });
  if (why.empty()) return true;
  if (!lacks_thread.exchange(true))
    say(severity::warning, fmt::format("unable to start a thread that sees to rotated files: {}; they wait for the next one, or for the end", why));
  return false;
}

// The first job whose time has come.
std::optional<part_job> upkeep::state::next() {
  const auto now = clock.now();
  return work.with([&](work_list& all) -> std::optional<part_job> {
    if (all.jobs.empty() && !all.lost.empty()) {
      all.jobs.push_back({all.lost.begin()->second, {}, {}});
      all.lost.erase(all.lost.begin());
    }
    const auto found =
        std::find_if(all.jobs.begin(), all.jobs.end(), [&](const auto& each) { return each.not_before <= now; });
    if (found == all.jobs.end()) return {};
    auto job = std::move(*found);
    all.jobs.erase(found);
    all.busy = true;
    return job;
  });
}

bool upkeep::state::run_one() {
  auto job = next();
  if (!job) return false;
  if (job->plain.empty()) {
    search(*job);
  } else {
    const auto how = part_work(rules, files, names, wait).finish(*job);
    if (!how.notice.empty()) say(severity::warning, how.notice);
    if (how.error_number != 0)
      failed(*job, how.doing, how.error_number);
    else
      failing = false;
  }
  if (const int why = retain(job->where); why != 0 && job->plain.empty())
    failed(*job, "look for rotated files in " + job->where.folder, why);
  work.with([](work_list& all) { all.busy = false; });
  return true;
}

// Said once for a part, and not for each of many that fail one after the other.
void upkeep::state::failed(part_job job, const std::string& doing, int why) {
  if (wait.stopping()) return;
  const auto pause = std::min<steady_time::duration>(first_pause * (1 << std::min(job.tries, 12u)), longest_pause);
  if (why != EAGAIN && job.tries == 0 && !std::exchange(failing, true))
    say(severity::warning, fmt::format("unable to {}: {}; it is tried again", doing, error_text(why)));
  ++job.tries;
  job.not_before = clock.now() + pause;
  work.with([&](work_list& all) { all.jobs.push_back(std::move(job)); });
}

void upkeep::state::search(const part_job& job) {
  const fd folder(files.open(AT_FDCWD, job.where.folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC, 0));
  std::vector<found_part> parts;
  int why = folder ? find_parts(files, folder.get(), *job.where.names, job.where.live, parts) : errno;
  if (why == 0) why = remove_half_packed(files, folder.get(), *job.where.names);
  if (why != 0 && why != ENOENT) return failed(job, "look for rotated files in " + job.where.folder, why);
  // Where an original and its packed one are both there, the original stands for both, and comes first.
  std::sort(parts.begin(), parts.end(), [](const auto& a, const auto& b) {
    return std::tie(a.name, a.name.packed) < std::tie(b.name, b.name.packed);
  });
  std::set<std::string> seen;
  work.with([&](work_list& all) {
    for (const auto& each : parts) {
      const file_identity which{each.device, each.inode};
      const bool known =
          std::any_of(all.jobs.begin(), all.jobs.end(), [&](const auto& other) { return other.which == which; });
      if ((each.mode & unfinished) != 0 && seen.insert(each.name.plain).second && !known)
        all.jobs.push_back({job.where, each.name.plain, which});
    }
  });
}

int upkeep::state::retain(const part_site& where) {
  if (!rules.keep.parts && !rules.keep.bytes && !rules.keep.age) return 0;
  const fd folder(files.open(AT_FDCWD, where.folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC, 0));
  if (!folder) return errno == ENOENT ? 0 : errno;
  std::vector<found_part> parts;
  if (const int why = find_parts(files, folder.get(), *where.names, where.live, parts); why != 0) return why;
  int result = 0;
  const auto most = too_many(parts, rules.keep, clock.wall());
  for (std::size_t i = 0; i < most; ++i) {
    const std::lock_guard lock(names);
    const int why = remove_part(files, folder.get(), parts[i]);
    if (why != 0 && why != ENOENT && why != EWOULDBLOCK) result = why;
  }
  return result;
}

bool upkeep::make_room(const part_site& where) {
  auto& my = *state_;
  if (my.rules.keep.free_bytes == 0) return false;
  const fd folder(my.files.open(AT_FDCWD, where.folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC, 0));
  std::uint64_t free = 0;
  const auto enough = [&] { return my.files.free_bytes(folder.get(), free) != 0 || free >= my.rules.keep.free_bytes; };
  if (!folder || enough()) return false;
  std::vector<found_part> parts;
  static_cast<void>(find_parts(my.files, folder.get(), *where.names, where.live, parts));
  bool made = false;
  for (const auto& each : parts) {
    const std::lock_guard lock(my.names);
    if (remove_part(my.files, folder.get(), each) == 0) made = true;
    if (enough()) break;
  }
  return made;
}

void upkeep::state::run() {
  ::pthread_setname_np(::pthread_self(), "upkeep");
  take_lowest_priority();
  while (!wait.stopping()) {
    if (run_one()) continue;
    alarm.prepare_sleep();
    auto until = steady_time::max();
    const auto now = clock.now();
    work.with([&](work_list& all) {
      for (const auto& each : all.jobs) until = std::min(until, each.not_before);
      if (rules.keep.age && all.jobs.empty()) {
        if (now >= next_age_check) {
          for (const auto& [path, site] : all.sites) all.jobs.push_back({site, {}, {}});
          next_age_check = now + age_check;
        }
        until = std::min(until, next_age_check);
      }
    });
    if (until > now) wait.wait(-1, 0, until);
    alarm.awake();
  }
}

// Without a thread it is the caller who does what is left, one part after the other.
void upkeep::finish(waiter& until) {
  auto& my = *state_;
  const auto is_left = [&] {
    return my.work.with([](const auto& all) {
      return all.busy || !all.lost.empty() || std::any_of(all.jobs.begin(), all.jobs.end(), [](const auto& each) { return each.tries == 0; });
    });
  };
  if (my.no_thread || !is_left()) return;
  const bool threaded = my.begin();
  while (is_left() && !until.stopping()) {
    if (threaded)
      until.wait(-1, 0, std::chrono::steady_clock::now() + 5ms);
    else if (!my.run_one())
      break;
  }
}

}  // namespace logrelay
