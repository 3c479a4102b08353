#include <logrelay/output/file/retention.hpp>

#include <logrelay/util/fd.hpp>

#include <sys/file.h>

#include <algorithm>
#include <cerrno>
#include <numeric>

namespace logrelay {

int find_parts(file_system& files, int folder, const part_names& names, const std::string& live,
               std::vector<found_part>& into) {
  const int listed = files.names(folder, [&](const char* name) {
    if (name == live) return;
    auto read = names.read(name);
    if (read) into.push_back({std::move(*read)});
  });
  if (listed != 0) return errno;
  int why = 0;
  std::erase_if(into, [&](found_part& each) {
    struct stat facts {};
    if (files.status(folder, each.name.text().c_str(), facts, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno != ENOENT) why = errno;
      return true;
    }
    each.bytes = static_cast<std::uint64_t>(facts.st_size);
    each.second = each.name.microseconds > 0 ? each.name.microseconds / 1'000'000 : facts.st_mtime;
    each.mode = facts.st_mode & 07777;
    each.device = facts.st_dev;
    each.inode = facts.st_ino;
    return !S_ISREG(facts.st_mode);
  });
  std::sort(into.begin(), into.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return why;
}

int remove_half_packed(file_system& files, int folder, const part_names& names) {
  std::vector<std::string> found;
  const int listed = files.names(folder, [&](const char* text) {
    std::string_view name(text);
    if (!name.ends_with(being_packed)) return;
    name.remove_suffix(being_packed.size());
    const auto part = names.read(name);
    if (part && part->packed != compression::none) found.emplace_back(text);
  });
  int why = listed == 0 ? 0 : errno;
  for (const auto& each : found) {
    struct stat facts {};
    if (files.status(folder, each.c_str(), facts, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(facts.st_mode)) continue;
    if ((facts.st_mode & unfinished) != 0 && files.remove(folder, each.c_str(), 0) != 0 && errno != ENOENT) why = errno;
  }
  return why;
}

std::size_t too_many(const std::vector<found_part>& parts, const keep_rules& keep, wall_time now) {
  std::size_t from = 0;
  if (keep.parts && parts.size() > *keep.parts) from = parts.size() - static_cast<std::size_t>(*keep.parts);
  if (keep.bytes) {
    auto bytes = std::accumulate(parts.begin() + static_cast<std::ptrdiff_t>(from), parts.end(), std::uint64_t{0},
                                 [](std::uint64_t sum, const auto& each) { return sum + each.bytes; });
    while (from < parts.size() && bytes > *keep.bytes) bytes -= parts[from++].bytes;
  }
  if (keep.age) {
    const auto oldest = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch() - *keep.age).count();
    while (from < parts.size() && parts[from].second < oldest) ++from;
  }
  return from;
}

int remove_part(file_system& files, int folder, const found_part& part) {
  const auto name = part.name.text();
  fd live;
  if (part.name.was_live) {  // of another relay, whose clock is behind, or ours again
    live.reset(files.open(folder, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0));
    if (!live || (files.lock(live.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)) return errno;
  }
  struct stat facts {};
  if (files.status(folder, name.c_str(), facts, AT_SYMLINK_NOFOLLOW) != 0) return errno;
  // The number of what was removed may be given to what comes in its place.
  if (!S_ISREG(facts.st_mode) || facts.st_dev != part.device || facts.st_ino != part.inode) return ENOENT;
  return files.remove(folder, name.c_str(), 0) == 0 ? 0 : errno;
}

}  // namespace logrelay
