#include "signals.hpp"

#include <logrelay/error.hpp>

#include <sys/signalfd.h>

#include <cerrno>
#include <csignal>

namespace logrelay {

signals::signals(bool for_command) {
  sigset_t ours;
  ::sigemptyset(&ours);
  for (const int each : {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGALRM}) ::sigaddset(&ours, each);
  if (for_command)
    for (const int each : {SIGQUIT, SIGUSR2, SIGWINCH}) ::sigaddset(&ours, each);
  ::sigprocmask(SIG_BLOCK, &ours, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error of a write, too
  ::signal(SIGCHLD, SIG_DFL);  // who started us may have ignored it: then nobody could wait for a command of ours
  descriptor_.reset(::signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!descriptor_) throw system_error("make a signalfd", errno);
}

std::optional<caught_signal> signals::next() {
  signalfd_siginfo info;
  if (::read(descriptor_.get(), &info, sizeof info) != sizeof info) return {};
  return caught_signal{static_cast<int>(info.ssi_signo), info.ssi_code <= 0};  // SI_USER and the like; SI_KERNEL is above
}

}  // namespace logrelay
