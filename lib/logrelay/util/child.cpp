#include <logrelay/util/child.hpp>

#include <logrelay/error.hpp>
#include <logrelay/util/descriptor_limit.hpp>

#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>

extern char** environ;

namespace logrelay {

child::child(const std::string& command, const fd& input) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawn_file_actions_adddup2(&actions, input.get(), STDIN_FILENO);
  ::posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  sigset_t all, none;
  ::sigfillset(&all);
  ::sigemptyset(&none);
  ::posix_spawnattr_setsigdefault(&attributes, &all);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);

  // Ctrl-C reaches the whole pipeline, but a command whose input we still fill is to see its end, not the signal.
  std::string shell = "sh", dash_c = "-c";
  std::string text = fmt::format("trap '' INT QUIT; {}\n{}", restore_descriptor_limit(), command);
  char* arguments[] = {shell.data(), dash_c.data(), text.data(), nullptr};
  const int error_number = ::posix_spawn(&pid_, "/bin/sh", &actions, &attributes, arguments, environ);
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error_number != 0) throw system_error("run '" + command + "'", error_number);
  pidfd_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));  // close-on-exec by itself
  if (!pidfd_) {  // no descriptor left: nobody could wait for it
    const int why = errno;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    throw system_error("watch '" + command + "'", why);
  }
}

std::optional<int> child::ended() {
  int status = 0;
  const int ended = ::waitpid(pid_, &status, WNOHANG);
  if (ended == pid_) return status;
  return ended < 0 && errno == ECHILD ? std::optional(0) : std::nullopt;  // somebody else has waited for it
}

std::optional<int> child::wait(waiter& until) {
  for (;;) {
    if (const auto status = ended()) return status;
    if (until.stopping()) return {};
    until.wait(pidfd_.get(), POLLIN, steady_time::max());
  }
}

std::string describe_end(int wait_status) {
  if (WIFSIGNALED(wait_status)) return fmt::format("was ended by signal {}", WTERMSIG(wait_status));
  return fmt::format("ended with status {}", WEXITSTATUS(wait_status));
}

}  // namespace logrelay
