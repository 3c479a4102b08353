#include <logrelay/observe/place.hpp>

#include <logrelay/net/address.hpp>
#include <logrelay/util/fd.hpp>
#include <logrelay/util/quantity.hpp>

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>

namespace logrelay {
namespace {

namespace files = std::filesystem;

constexpr std::string_view ending = ".sock";
// Where services have theirs: the directory itself, one below it for each user, and beside it one for each instance.
constexpr std::string_view of_services = "/run/logrelay";

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// systemd separates several by colons; a path of ours is absolute.
std::string directory_of_service() {
  const auto all = variable("RUNTIME_DIRECTORY");
  const auto first = all.substr(0, all.find(':'));
  return first.starts_with('/') ? first : "";
}

std::string directory_of_user() {
  const auto base = variable("XDG_RUNTIME_DIR");
  return base.starts_with('/') ? base + "/logrelay" : "";
}

// Connects and hangs up: the kernel knows whether somebody listens.
bool answers(const std::string& path) {
  bool fits = false;
  const address to = unix_address(path, fits);
  const fd caller(fits ? ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0) : -1);
  return caller && (::connect(caller.get(), to.get(), to.size) == 0 || errno == EAGAIN);
}

std::vector<std::string> sockets_in(const std::string& directory) {
  std::vector<std::string> found;
  std::error_code ec;
  for (files::directory_iterator it(directory, ec), end; !ec && it != end; it.increment(ec)) {
    std::error_code unknown;
    if (it->path().extension() == ending && it->is_socket(unknown)) found.push_back(it->path().string());
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace

metrics_address parse_metrics_address(std::string_view text, mistakes& wrong) {
  metrics_address made;
  if (text.empty()) return made;
  if (text == "none") {
    made.what = metrics_address::kind::nowhere;
  } else if (text.starts_with("unix:")) {
    made.what = metrics_address::kind::unix_socket;
    made.path = text.substr(5);
    bool fits = false;
    static_cast<void>(unix_address(made.path, fits));
    if (made.path.empty())
      wrong.add("'--metrics' needs a path behind 'unix:', like unix:/run/app.sock");
    else if (!fits)
      wrong.add(fmt::format("'--metrics={}': the path is too long for a unix socket: 107 bytes are the most", text));
  } else {
    made.what = metrics_address::kind::tcp;
    if (text.starts_with("tcp://")) text.remove_prefix(6);
    made.where = parse_host_port(text, "option '--metrics'", wrong);
    if (made.where.host.empty()) made.where.host = "127.0.0.1";
  }
  return made;
}

std::optional<std::string> runtime_directory() {
  if (auto service = directory_of_service(); !service.empty()) return service;
  auto user = directory_of_user();
  if (user.empty() || (::mkdir(user.c_str(), 0700) != 0 && errno != EEXIST)) return {};
  return user;
}

// One that is there is left as it is: it may be somebody else's, for another purpose.
std::optional<std::string> runtime_directory_for(const std::string& name, uid_t user) {
  const auto service = directory_of_service();
  const auto above = service.empty() ? std::string(of_services) : service;
  if (::mkdir(above.c_str(), 0700) == 0) ::chmod(above.c_str(), 0755);  // whatever the umask
  auto own = above + "/" + name;
  if (::mkdir(own.c_str(), 0700) == 0 && ::lchown(own.c_str(), user, static_cast<gid_t>(-1)) != 0) ::rmdir(own.c_str());
  struct stat what {};
  if (::lstat(own.c_str(), &what) != 0 || !S_ISDIR(what.st_mode) || what.st_uid != user) return {};
  return own;
}

std::string runtime_socket(const std::string& directory, pid_t of) { return fmt::format("{}/{}{}", directory, of, ending); }

void remove_dead_sockets(const std::string& directory) {
  for (const auto& each : sockets_in(directory)) {
    const auto id = parse_count(files::path(each).stem().string());
    if (!id || *id == 0 || *id > 0x7fffffff) continue;
    // In another container a process may have a number that we do not see: its socket still answers.
    if (::kill(static_cast<pid_t>(*id), 0) != 0 && errno == ESRCH && !answers(each)) ::unlink(each.c_str());
  }
}

std::vector<std::string> runtime_directories() {
  std::vector<std::string> all;
  const auto add = [&](const std::string& each) {
    if (!each.empty() && std::find(all.begin(), all.end(), each) == all.end()) all.push_back(each);
  };
  const auto add_those_in = [&](const std::string& directory, std::string_view beginning) {
    std::error_code ec;
    for (files::directory_iterator it(directory, ec), end; !ec && it != end; it.increment(ec)) {
      std::error_code unknown;
      if (it->path().filename().string().starts_with(beginning) && it->is_directory(unknown)) add(it->path().string());
    }
  };
  const auto service = directory_of_service();
  add(service);
  if (!service.empty()) add_those_in(service, "");
  add(directory_of_user());
  add(std::string(of_services));
  add_those_in(std::string(of_services), "");
  add_those_in("/run", "logrelay-");
  return all;
}

std::vector<std::string> living_sockets() {
  std::vector<std::string> all;
  for (const auto& directory : runtime_directories())
    for (auto& each : sockets_in(directory))
      if (answers(each)) all.push_back(std::move(each));
  return all;
}

}  // namespace logrelay
