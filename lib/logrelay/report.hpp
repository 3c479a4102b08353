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
                limited = 0;
  std::vector<std::string> listening;                    ///< addresses, with the port that the kernel chose for 0
  double paused_seconds = 0;                             ///< held by any output …
  std::vector<std::pair<std::string, double>> paused_by;  ///< … and by which
  bool failed = false;
};

struct output_report {
  std::string name, endpoint;
  ledger account;
  double oldest_pending_seconds = 0;
  std::uint64_t rotations = 0, retries = 0;
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
/// What was lost or left, in words, one sentence for each output that it concerns.
[[nodiscard]] std::vector<std::string> losses(const relay_report& report);

}  // namespace logrelay
