#pragma once
/// Tells whoever started us how we are: systemd by sd_notify(3) — READY, STATUS with the balance, RELOADING, STOPPING, and
/// WATCHDOG as a sign of life of main and of the reader together — and s6 and others by a newline on a descriptor
/// (--ready-fd). Does nothing where nobody wants to know. Main thread; a full socket costs a second at most.
///
///     supervisor watching(clock);                   // first of all
///     for (;;) { poll(…, watching.look(running)); … }
#include <logrelay/messages.hpp>
#include <logrelay/net/address.hpp>
#include <logrelay/relay.hpp>
#include <logrelay/util/clock.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace logrelay {

class supervisor {
 public:
  /// Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID, and takes them out of the environment, so that no command of
  /// ours speaks in our name. Before the first fork.
  explicit supervisor(const time_source& clock);
  /// Where to say once that we are ready; throws error when it is not open, or not for writing. 0: nowhere.
  void use_ready_descriptor(int number);

  /// To be called at each turn of the main loop, once the relay has been started. Returns when to be called again at the
  /// latest; max(): when the relay's descriptor says.
  [[nodiscard]] steady_time look(relay& running, messages& say);
  /// Around what HUP asks for.
  void reloading(messages& say);
  void reloaded(const relay_report& balance, messages& say);

 private:
  void get_ready(const relay_report& balance, messages& say);
  void send(std::string_view state, messages& say);

  const time_source& clock_;
  std::optional<address> socket_;
  std::string socket_name_;
  std::chrono::microseconds watchdog_{0};
  fd ready_;
  bool is_ready_ = false, is_ending_ = false, failed_ = false;
  bool asked_ = false;  // the reader
  steady_time ask_next_{}, status_next_{};
  std::string status_;
};

/// "1234 lines read; 1200 delivered, 34 pending, 0 dropped, 0 rejected", over all outputs.
[[nodiscard]] std::string status_line(const relay_report& balance);

}  // namespace logrelay
