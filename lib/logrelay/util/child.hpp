#pragma once
/// A child process that reads from us. Started with the default signals but for INT and QUIT, which it ignores, an empty
/// signal mask, the limit of descriptors that we were started with, and no descriptor of ours but its standard ones;
/// waited for by its pidfd. One thread.
#include <logrelay/util/fd.hpp>
#include <logrelay/util/waiter.hpp>

#include <optional>
#include <string>

namespace logrelay {

class child {
 public:
  /// Runs `sh -c command` with its stdin from `input`. Throws error.
  child(const std::string& command, const fd& input);
  child(child&&) = default;
  child& operator=(child&&) = default;

  /// Waits until it has ended or the waiter is told to stop. Its wait status, if it has ended.
  [[nodiscard]] std::optional<int> wait(waiter& until);
  /// Its wait status, if it has ended; does not wait.
  [[nodiscard]] std::optional<int> ended();

 private:
  int pid_ = -1;
  fd pidfd_;
};

/// "ended with status 3", "was ended by signal 9".
[[nodiscard]] std::string describe_end(int wait_status);

}  // namespace logrelay
