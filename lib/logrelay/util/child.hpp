#pragma once
/// A child process, waited for by its pidfd, with an empty signal mask and the limit of descriptors that we were started
/// with. One thread.
#include <logrelay/error.hpp>
#include <logrelay/util/fd.hpp>
#include <logrelay/util/waiter.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace logrelay {

/// A command that cannot be run. `status` is what env(1) makes of that: 127 when there is no such command, else 126.
class command_error : public error {
 public:
  command_error(const std::string& command, int error_number);
  const int status;
};

class child {
 public:
  /// Runs `sh -c command` with its stdin from `input`: with the default signals but for INT and QUIT, which it ignores,
  /// and HUP, which it ignores if we were started so (nohup); with no descriptor of ours but its standard ones. Throws
  /// error.
  child(const std::string& command, const fd& input);
  /// Runs a command, found by PATH, as if we were not there: with every descriptor and the ignored signals that we were
  /// started with, but its stdout and stderr. Before other threads start. Throws command_error.
  child(const std::vector<std::string>& command, const fd& output, const fd& errors);
  child(child&&) = default;
  child& operator=(child&&) = default;

  /// Waits until it has ended or the waiter is told to stop. Its wait status, if it has ended.
  [[nodiscard]] std::optional<int> wait(waiter& until);
  /// Its wait status, if it has ended or does so within `moment`.
  [[nodiscard]] std::optional<int> ended(std::chrono::milliseconds moment = std::chrono::milliseconds(0));
  /// Readable once it has ended.
  [[nodiscard]] int descriptor() const { return pidfd_.get(); }
  void send(int signal) const noexcept;

 private:
  void watch(const std::string& command);

  int pid_ = -1;
  fd pidfd_;
};

/// "ended with status 3", "was ended by signal 9".
[[nodiscard]] std::string describe_end(int wait_status);
/// What a shell would call it: the status, or 128 and the signal.
[[nodiscard]] int exit_status_of(int wait_status);

}  // namespace logrelay
