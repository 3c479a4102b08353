#pragma once
/// A program that a test runs: its descriptors, its signals, its end and what it cost. Nothing of ours leaks into it:
/// all descriptors are close-on-exec, signals and mask are the defaults. It has a process group of its own, which is
/// killed when its owner goes, so no test leaves a process behind. A thread collects what it writes, so it never
/// blocks on us. One thread owns it; every wait has a deadline.
#include <support/eventually.hpp>
#include <support/stream.hpp>

#include <logrelay/util/fd.hpp>

#include <sys/types.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace logrelay::support {

struct process_options {
  stream input = stream::null();
  stream output = stream::collected();
  stream error = stream::collected();
  std::vector<std::pair<int, int>> descriptors{};    ///< its number, ours; its must be above 2
  std::map<std::string, std::string> environment{};  ///< added to ours
  std::string folder{};                              ///< where it starts; empty: where we are
};

/// How a process ended: one of code and signal is there.
struct exit_status {
  std::optional<int> code{};
  std::optional<int> signal{};
  std::chrono::microseconds cpu{};  ///< user and system, waited-for children included
};

class process {
 public:
  /// Throws where the program cannot be started. argv[0] is looked up in PATH.
  explicit process(const std::vector<std::string>& argv, process_options options = {});
  process(process&&) noexcept;
  process& operator=(process&&) noexcept;
  ~process();

  [[nodiscard]] pid_t id() const;
  void send(int signal) const;
  [[nodiscard]] bool running() const;
  /// Nothing when it still runs at the end of `limit`. May be called again once it has ended.
  std::optional<exit_status> wait(std::chrono::milliseconds limit = patience);
  /// The exit code, 128 + its signal, or a throw when it did not end: for short sentences.
  int status(std::chrono::milliseconds limit = patience);

  /// Our end of its stdin where that is a pipe.
  [[nodiscard]] int input() const;
  /// Writes all, waiting up to `patience` without progress; throws on an error or when it passes.
  void write(std::string_view text) const;
  void close_input();

  /// What it wrote so far; all of it once wait() has returned.
  [[nodiscard]] std::string output() const;
  [[nodiscard]] std::string errors() const;

  [[nodiscard]] std::uint64_t resident_bytes() const;  ///< now, from /proc; 0 once it has ended
  /// So far; 0 once it has ended. (The peak in its rusage is of no use: it begins with what we had at the exec.)
  [[nodiscard]] std::uint64_t peak_resident_bytes() const;
  /// The ports that it listens on (or, for udp, is bound to), lowest first: how a test learns what port 0 became.
  [[nodiscard]] std::vector<std::uint16_t> tcp_ports() const;
  [[nodiscard]] std::vector<std::uint16_t> udp_ports() const;
  /// Waits for its one port; throws when it has none by then.
  [[nodiscard]] std::uint16_t tcp_port() const;
  [[nodiscard]] std::uint16_t udp_port() const;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

/// Runs a program to its end: throws where it takes longer than `limit`.
struct run_result {
  int status = 0;  ///< exit code, or 128 + signal
  std::string output{};
  std::string errors{};
};
run_result run(const std::vector<std::string>& argv, process_options options = {},
               std::chrono::milliseconds limit = patience);

/// Whether a program is in PATH: a peer such as socat or rsyslogd.
[[nodiscard]] bool has(std::string_view program);

}  // namespace logrelay::support
