#include <app/signals.hpp>

#include <support/eventually.hpp>

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <poll.h>

#include <csignal>

namespace logrelay {
namespace {

using namespace support;

// Mask and dispositions as they were before.
class restored_signals {
 public:
  restored_signals() { ::pthread_sigmask(SIG_BLOCK, nullptr, &mask_); }
  ~restored_signals() {
    ::signal(SIGXFSZ, SIG_DFL);
    ::pthread_sigmask(SIG_SETMASK, &mask_, nullptr);
  }

 private:
  sigset_t mask_{};
};

TEST_CASE("each signal of ours is read once from a descriptor that nobody inherits") {
  const restored_signals restored;
  signals from(false);
  CHECK_FALSE(from.next());
  CHECK((::fcntl(from.descriptor(), F_GETFD) & FD_CLOEXEC) != 0);
  for (const int each : {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGALRM}) {
    ::raise(each);
    pollfd ready{from.descriptor(), POLLIN, 0};
    CHECK(::poll(&ready, 1, static_cast<int>(patience.count())) == 1);
    const auto came = from.next();
    REQUIRE(came);
    CHECK(came->number == each);
    CHECK(came->from_process);
    CHECK_FALSE(from.next());
  }
}

TEST_CASE("signals that mean nothing to us are only caught for a command") {
  const restored_signals restored;
  signals from(true);
  for (const int each : {SIGQUIT, SIGUSR2, SIGWINCH}) {
    ::raise(each);
    const auto came = from.next();
    REQUIRE(came);
    CHECK(came->number == each);
  }
}

TEST_CASE("a closed pipe and a file that may not grow are errors of a write only") {
  const restored_signals restored;
  const signals from(false);
  ::raise(SIGPIPE);
  ::raise(SIGXFSZ);
}

TEST_CASE("children can be waited for even when who started us ignored them") {
  const restored_signals restored;
  ::signal(SIGCHLD, SIG_IGN);
  const signals from(false);
  struct sigaction now {};
  REQUIRE(::sigaction(SIGCHLD, nullptr, &now) == 0);
  CHECK(now.sa_handler == SIG_DFL);
}

}  // namespace
}  // namespace logrelay
