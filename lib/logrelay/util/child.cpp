#include <logrelay/util/child.hpp>

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

namespace {

/// What a child starts with; freed with it.
struct setting {
  setting() {
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
    sigset_t none;
    ::sigemptyset(&none);
    ::posix_spawnattr_setsigmask(&attributes, &none);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  }
  ~setting() {
    ::posix_spawnattr_destroy(&attributes);
    ::posix_spawn_file_actions_destroy(&actions);
  }
  setting(const setting&) = delete;

  posix_spawn_file_actions_t actions{};
  posix_spawnattr_t attributes{};
};

}  // namespace

command_error::command_error(const std::string& command, int error_number)
    : error(system_error("run '" + command + "'", error_number)), status(error_number == ENOENT ? 127 : 126) {}

child::child(const std::string& command, const fd& input) {
  setting with;
  ::posix_spawn_file_actions_adddup2(&with.actions, input.get(), STDIN_FILENO);
  ::posix_spawn_file_actions_addclosefrom_np(&with.actions, 3);
  sigset_t all;
  ::sigfillset(&all);
  ::sigdelset(&all, SIGHUP);  // nohup is meant for it, too
  ::posix_spawnattr_setsigdefault(&with.attributes, &all);

  // Ctrl-C reaches the whole pipeline, but a command whose input we still fill is to see its end, not the signal.
  std::string shell = "sh", dash_c = "-c";
  std::string text = fmt::format("trap '' INT QUIT; {}\n{}", restore_descriptor_limit(), command);
  char* arguments[] = {shell.data(), dash_c.data(), text.data(), nullptr};
  const int error_number = ::posix_spawn(&pid_, "/bin/sh", &with.actions, &with.attributes, arguments, environ);
  if (error_number != 0) throw system_error("run '" + command + "'", error_number);
  watch(command);
}

child::child(const std::vector<std::string>& command, const fd& output, const fd& errors) {
  setting with;
  ::posix_spawn_file_actions_adddup2(&with.actions, output.get(), STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&with.actions, errors.get(), STDERR_FILENO);
  sigset_t changed;  // by us
  ::sigemptyset(&changed);
  for (const int each : {SIGPIPE, SIGXFSZ, SIGCHLD}) ::sigaddset(&changed, each);
  ::posix_spawnattr_setsigdefault(&with.attributes, &changed);

  std::vector<std::string> words = command;
  std::vector<char*> arguments;
  for (auto& each : words) arguments.push_back(each.data());
  arguments.push_back(nullptr);
  const original_descriptor_limit meanwhile;
  const int error_number = ::posix_spawnp(&pid_, arguments[0], &with.actions, &with.attributes, arguments.data(), environ);
  if (error_number != 0) throw command_error(command.front(), error_number);
  watch(command.front());
}

void child::watch(const std::string& command) {
  pidfd_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));  // close-on-exec by itself
  if (pidfd_) return;
  const int why = errno;  // no descriptor left: nobody could wait for it
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  throw system_error("watch '" + command + "'", why);
}

void child::send(int signal) const noexcept { ::syscall(SYS_pidfd_send_signal, pidfd_.get(), signal, nullptr, 0); }

std::optional<int> child::ended(std::chrono::milliseconds moment) {
  int status = 0;
  pollfd end{pidfd_.get(), POLLIN, 0};
  if (moment.count() > 0) ::poll(&end, 1, static_cast<int>(moment.count()));
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

int exit_status_of(int wait_status) { return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status); }

}  // namespace logrelay
