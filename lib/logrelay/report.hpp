#pragma once
/// The balance of a relay: what each input has read, and what became of every line at each output. A plain value; its
/// names in JSON, once released, do not change.
#include <logrelay/core/ledger.hpp>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace logrelay {

struct input_report {
  std::string name, endpoint;
  std::uint64_t lines = 0, bytes = 0, long_lines = 0, framing_errors = 0, connections = 0, kernel_drops = 0, refused = 0,
                limited = 0, unread_bytes = 0;
  std::vector<std::string> listening;                    ///< addresses, with the port that the kernel chose for 0
  double paused_seconds = 0;                             ///< held by any output …
  std::vector<std::pair<std::string, double>> paused_by;  ///< … and by which
  bool failed = false;
};

/// How an output is: stalled while lines wait and nothing was taken of them for its stall-after.
enum class output_state : std::uint8_t { ok, stalled, dropping };
[[nodiscard]] constexpr std::string_view output_state_name(output_state state) {
  constexpr std::array<std::string_view, 3> names{"ok", "stalled", "dropping"};
  return names[static_cast<std::size_t>(state)];
}

struct output_report {
  std::string name, endpoint;
  output_state state = output_state::ok;
  ledger account;
  std::uint64_t queue_limit_bytes = 0;  ///< what it was allowed
  double oldest_pending_seconds = 0;
  double stalled_seconds = 0;  ///< since nothing was taken of the lines that wait; 0: none wait
  std::uint64_t rotations = 0, retries = 0;
  std::uint64_t in_doubt_bytes = 0;  ///< at the end: delivered by a connection that was lost, and not sent again as was asked for
  std::string last_error;
};

struct relay_report {
  double uptime_seconds = 0;
  int exit_status = 0;  ///< what it would be now
  std::vector<input_report> inputs;
  std::vector<output_report> outputs;
};

/// One line of JSON, without a newline.
[[nodiscard]] std::string to_json(const relay_report& report, std::string_view version);
/// What is wrong now, in words, one sentence for each input or output that it concerns; empty: all is well.
[[nodiscard]] std::vector<std::string> troubles(const relay_report& report);
/// What was lost or left, in words, one sentence for each input or output that it concerns.
[[nodiscard]] std::vector<std::string> losses(const relay_report& report);

}  // namespace logrelay
