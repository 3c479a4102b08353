#include "signals.hpp"

#include <logrelay/error.hpp>

#include <sys/signalfd.h>

#include <cerrno>
#include <csignal>

namespace logrelay {

signals::signals() {
  sigset_t ours;
  ::sigemptyset(&ours);
  for (const int each : {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGALRM}) ::sigaddset(&ours, each);
  ::sigprocmask(SIG_BLOCK, &ours, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  descriptor_.reset(::signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!descriptor_) throw system_error("make a signalfd", errno);
}

std::optional<int> signals::next() {
  signalfd_siginfo info;
  if (::read(descriptor_.get(), &info, sizeof info) != sizeof info) return {};
  return static_cast<int>(info.ssi_signo);
}

}  // namespace logrelay
