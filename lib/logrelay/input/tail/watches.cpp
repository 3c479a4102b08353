#include <logrelay/input/tail/watches.hpp>

#include <logrelay/error.hpp>

#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>

namespace logrelay {
namespace {

constexpr std::uint32_t of_folders = IN_CREATE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
// IN_ATTRIB: its last name has gone.
constexpr std::uint32_t of_files = IN_MODIFY | IN_ATTRIB;

}  // namespace

watches::watches() : inotify_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
  if (!inotify_) throw system_error("watch files (inotify)", errno);
}

void watches::set_folders(const std::vector<std::string>& folders) {
  std::map<std::string, int> now;
  for (const auto& each : folders) {
    // Again also where it is watched: another folder may have its name by now, and the same one keeps its number.
    const int number = ::inotify_add_watch(inotify_.get(), each.c_str(), of_folders);
    now.emplace(each, number);
  }
  std::set<int> still;
  for (const auto& [path, number] : now) still.insert(number);
  for (const auto& [path, number] : folders_) {
    if (number < 0) --refused_;
    if (number >= 0 && !still.contains(number)) ::inotify_rm_watch(inotify_.get(), number);
  }
  folders_ = std::move(now);
  refused_ += static_cast<std::size_t>(std::count_if(folders_.begin(), folders_.end(), [](const auto& each) { return each.second < 0; }));
}

// By the descriptor, so that it is this very file, whatever its name has become.
int watches::add_file(const fd& file) {
  const auto path = "/proc/self/fd/" + std::to_string(file.get());
  const int number = ::inotify_add_watch(inotify_.get(), path.c_str(), of_files);
  if (number < 0) ++refused_;
  return number;
}

void watches::remove_file(int number) {
  if (number < 0)
    --refused_;
  else
    ::inotify_rm_watch(inotify_.get(), number);
}

watches::events watches::take() {
  events found;
  alignas(inotify_event) char buffer[16 * 1024];
  for (;;) {
    const ssize_t n = ::read(inotify_.get(), buffer, sizeof buffer);
    if (n <= 0) break;
    for (ssize_t at = 0; at < n;) {
      inotify_event event;
      std::memcpy(&event, buffer + at, sizeof event);
      at += static_cast<ssize_t>(sizeof event + event.len);
      const bool of_folder = std::any_of(folders_.begin(), folders_.end(), [of = event.wd](const auto& each) { return each.second == of; });
      if ((event.mask & IN_Q_OVERFLOW) != 0)
        found.everything = found.folders = true;
      else if (of_folder)
        found.folders = true;
      else if ((event.mask & IN_IGNORED) == 0 && (found.files.empty() || found.files.back() != event.wd))
        found.files.push_back(event.wd);
      if ((event.mask & IN_ATTRIB) != 0) found.folders = true;
    }
  }
  return found;
}

}  // namespace logrelay
