#include <logrelay/output/file/hook.hpp>

#include <logrelay/error.hpp>
#include <logrelay/util/descriptor_limit.hpp>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string_view>
#include <utility>
#include <vector>

extern char** environ;

namespace logrelay {
namespace {

constexpr auto farewell = std::chrono::seconds(5);  // from TERM to KILL
constexpr std::string_view variable = "LOGRELAY_FILE=";

std::vector<char*> environment_with(std::string& file) {
  std::vector<char*> all;
  for (char** each = environ; *each; ++each)
    if (!std::string_view(*each).starts_with(variable)) all.push_back(*each);
  all.push_back(file.data());
  all.push_back(nullptr);
  return all;
}

int spawn(pid_t& pid, const std::string& command, const std::string& file) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);  // our own output may be an output
  ::posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  sigset_t all, none;
  ::sigfillset(&all);
  ::sigemptyset(&none);
  ::posix_spawnattr_setsigdefault(&attributes, &all);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setpgroup(&attributes, 0);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);

  std::string shell = "sh", dash_c = "-c", name = file, text = restore_descriptor_limit() + '\n' + command;
  std::string said = std::string(variable) + file;
  char* arguments[] = {shell.data(), dash_c.data(), text.data(), shell.data(), name.data(), nullptr};
  auto environment = environment_with(said);
  const int why = ::posix_spawn(&pid, "/bin/sh", &actions, &attributes, arguments, environment.data());
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  return why;
}

}  // namespace

std::optional<int> run_hook(const std::string& command, const std::string& file, std::chrono::milliseconds most, waiter& until) {
  pid_t pid = -1;
  int end_with = SIGTERM;
  auto deadline = std::chrono::steady_clock::now() + most;
  if (const int why = spawn(pid, command, file); why != 0) throw system_error("run '" + command + "'", why);
  const fd ended(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  int status = 0;
  for (;;) {
    const int done = ::waitpid(pid, &status, ended ? WNOHANG : 0);  // without a descriptor nobody could tell us
    if (done == pid) return status;
    if (done < 0 && errno != EINTR) return 0;  // somebody else has waited for it
    if (until.stopping()) return {};
    until.wait(ended.get(), POLLIN, deadline);
    if (const auto now = std::chrono::steady_clock::now(); now >= deadline) {
      ::kill(-pid, std::exchange(end_with, SIGKILL));
      deadline = now + farewell;
    }
  }
}

}  // namespace logrelay
