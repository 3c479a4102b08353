#include "init.hpp"

#include <logrelay/error.hpp>
#include <logrelay/util/child.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace logrelay {
namespace {

// Waits for every child that has ended; leaves when the relay is one of them.
void reap(pid_t relay) {
  int status = 0;
  while (const pid_t ended = ::waitpid(-1, &status, WNOHANG)) {
    if (ended == relay) ::_exit(exit_status_of(status));
    if (ended < 0 && errno != EINTR) return;
  }
}

}  // namespace

void serve_as_init() {
  if (::getpid() != 1) return;
  sigset_t all, before;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, &before);
  ::signal(SIGCHLD, SIG_DFL);  // not ignored, so that there is something to wait for
  const pid_t relay = ::fork();
  if (relay < 0) throw system_error("start a process", errno);
  if (relay == 0) {
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    return;
  }
  for (;;) {
    siginfo_t info;
    const int signal = ::sigwaitinfo(&all, &info);
    if (signal == SIGCHLD) reap(relay);
    // The terminal's own reach the relay anyway.
    else if (signal > 0 && info.si_code <= 0) ::kill(relay, signal);
  }
}

}  // namespace logrelay
