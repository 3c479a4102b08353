#include <logrelay/input/tail/path_pattern.hpp>

#include <dirent.h>
#include <fnmatch.h>
#include <sys/stat.h>

#include <algorithm>
#include <memory>

namespace logrelay {
namespace {

bool has_wildcard(std::string_view part) { return part.find_first_of("*?[") != std::string_view::npos; }

std::string beside(const std::string& folder, std::string_view name) {
  if (folder.empty()) return std::string(name);
  return folder.ends_with('/') ? folder + std::string(name) : folder + "/" + std::string(name);
}

std::vector<std::string> names_in(const std::string& folder) {
  const std::unique_ptr<DIR, int (*)(DIR*)> open(::opendir(folder.empty() ? "." : folder.c_str()), ::closedir);
  std::vector<std::string> names;
  while (const dirent* each = open ? ::readdir(open.get()) : nullptr) names.emplace_back(each->d_name);
  return names;
}

bool is_there(const std::string& path, mode_t type) {
  struct stat what {};
  return ::stat(path.c_str(), &what) == 0 && (type == 0 || (what.st_mode & S_IFMT) == type);
}

/// `folder` is there; `rest` is what is left of the pattern, with no slash before it.
void find_below(const std::string& folder, std::string_view rest, found_paths& found) {
  const auto slash = rest.find('/');
  const std::string part(rest.substr(0, slash));
  const bool last = slash == std::string_view::npos;
  const auto behind = last ? std::string_view() : rest.substr(std::min(rest.find_first_not_of('/', slash), rest.size()));
  const auto go_on = [&](const std::string& path) {
    if (last)
      found.files.push_back(path);
    else if (is_there(path, S_IFDIR))
      find_below(path, behind, found);
  };
  const auto watch = [&] { found.folders.push_back(folder.empty() ? "." : folder); };
  if (has_wildcard(part)) {
    watch();
    for (const auto& name : names_in(folder))
      if (::fnmatch(part.c_str(), name.c_str(), FNM_PERIOD) == 0) go_on(beside(folder, name));
    return;
  }
  const auto path = beside(folder, part);
  const bool there = is_there(path, 0);
  if (last || !there) watch();
  if (there) go_on(path);
}

}  // namespace

found_paths find_paths(const std::string& pattern) {
  found_paths found;
  const auto begin = pattern.find_first_not_of('/');
  if (begin == std::string::npos) return found;
  find_below(begin > 0 ? "/" : "", std::string_view(pattern).substr(begin), found);
  std::sort(found.files.begin(), found.files.end());
  std::sort(found.folders.begin(), found.folders.end());
  found.folders.erase(std::unique(found.folders.begin(), found.folders.end()), found.folders.end());
  return found;
}

bool is_rotated_name(std::string_view base, std::string_view name) {
  if (!name.starts_with(base)) return false;
  name.remove_prefix(base.size());
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto fits = [&](char c) { return is_digit(c) || std::string_view("TZ.:_+-").find(c) != std::string_view::npos; };
  return name.size() > 1 && (name[0] == '.' || name[0] == '-') && is_digit(name[1]) && std::all_of(name.begin() + 1, name.end(), fits);
}

std::vector<std::string> rotated_beside(const std::string& path) {
  const auto slash = path.rfind('/');
  const auto folder = slash == std::string::npos ? "" : path.substr(0, std::max<std::size_t>(slash, 1));
  const auto base = slash == std::string::npos ? path : path.substr(slash + 1);
  std::vector<std::string> all;
  for (const auto& name : names_in(folder))
    if (is_rotated_name(base, name) && is_there(beside(folder, name), S_IFREG)) all.push_back(beside(folder, name));
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace logrelay
