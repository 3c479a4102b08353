#pragma once
/// `PATH|GLOB` of a tail: which files there are now, and in which folders others may come to be. And the names that programs
/// give to a file when they rotate it. Reads folders; any thread.
#include <string>
#include <string_view>
#include <vector>

namespace logrelay {

struct found_paths {
  std::vector<std::string> files;    ///< what the pattern matches, of any type, sorted
  std::vector<std::string> folders;  ///< where another may appear, or what leads to one: those that are there
};

/// Wildcards as of glob(7), `*`, `?` and `[…]`, in any part of the path; without any it is a path.
[[nodiscard]] found_paths find_paths(const std::string& pattern);

/// Whether `name` is what became of a file called `base` when it rotated: behind it a dot or a dash and a number or a time,
/// as in app.log.1, app.log-20261122 and app.log.20261122T140501.123456Z. A compressed one is not: nothing can go on there.
[[nodiscard]] bool is_rotated_name(std::string_view base, std::string_view name);

/// Paths of the regular files beside `path` that have such a name.
[[nodiscard]] std::vector<std::string> rotated_beside(const std::string& path);

}  // namespace logrelay
