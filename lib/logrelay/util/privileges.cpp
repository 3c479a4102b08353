#include <logrelay/util/privileges.hpp>

#include <logrelay/error.hpp>
#include <logrelay/util/quantity.hpp>

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <limits>
#include <optional>
#include <vector>

namespace logrelay {
namespace {

struct account {
  std::string name;  // empty: only a number is known
  uid_t user;
  std::optional<gid_t> group;
};

std::optional<unsigned> number_of(const std::string& text) {
  const auto number = parse_count(text);
  // The largest means "leave it as it is" to the kernel.
  return number && *number < std::numeric_limits<unsigned>::max() ? std::optional(static_cast<unsigned>(*number)) : std::nullopt;
}

std::vector<char> room() { return std::vector<char>(64 * 1024); }

account find_user(const std::string& text) {
  auto memory = room();
  passwd entry{}, *found = nullptr;
  ::getpwnam_r(text.c_str(), &entry, memory.data(), memory.size(), &found);
  const auto number = number_of(text);
  if (!found && number) ::getpwuid_r(*number, &entry, memory.data(), memory.size(), &found);
  if (found) return {found->pw_name, found->pw_uid, found->pw_gid};
  if (number) return {{}, *number, {}};
  throw error(fmt::format("unable to become user '{}': there is no such user", text));
}

gid_t find_group(const std::string& text) {
  auto memory = room();
  struct group entry {}, *found = nullptr;
  ::getgrnam_r(text.c_str(), &entry, memory.data(), memory.size(), &found);
  if (found) return found->gr_gid;
  if (const auto number = number_of(text)) return *number;
  throw error(fmt::format("unable to become group '{}': there is no such group", text));
}

struct both {
  std::optional<account> who;
  gid_t group;
};
// At least one of the two is given.
both find(const std::string& user, const std::string& group) {
  std::optional<account> who;
  std::optional<gid_t> first;
  if (!user.empty()) who = find_user(user);
  if (!group.empty()) first = find_group(group);
  if (who && !first) first = who->group;
  if (!first) throw error(fmt::format("unable to become user '{}': nobody knows its group: give a group too", user));
  return {who, *first};
}

void must(int returned, const std::string& what) {
  if (returned != 0) throw system_error(what, errno);
}

}  // namespace

uid_t user_number(const std::string& user) { return find_user(user).user; }

user_and_group who_comes(const std::string& user, const std::string& group) {
  user_and_group found;
  if (::geteuid() != 0 || (user.empty() && group.empty())) return found;
  const auto [who, first] = find(user, group);
  if (who) found.user = who->user;
  found.group = first;
  return found;
}

void become(const std::string& user, const std::string& group) {
  if (user.empty() && group.empty()) return;
  const auto [who, first] = find(user, group);
  const auto what = who ? fmt::format("become user '{}'", user) : fmt::format("become group '{}'", group);
  const bool is_it = ::getgid() == first && ::getegid() == first && (!who || (::getuid() == who->user && ::geteuid() == who->user));
  if (is_it && ::geteuid() != 0) return;  // we were started so

  if (who && !who->name.empty())
    must(::initgroups(who->name.c_str(), first), what);
  else
    must(::setgroups(1, &first), what);
  must(::setresgid(first, first, first), what);
  if (!who) return;
  must(::setresuid(who->user, who->user, who->user), what);
  if (who->user != 0 && (::setuid(0) == 0 || ::geteuid() == 0)) throw error(fmt::format("unable to {}: root can be had back", what));
  // /proc/self would be root's otherwise, and standard output could not be opened anew by its name there.
  ::prctl(PR_SET_DUMPABLE, 1);
}

}  // namespace logrelay
