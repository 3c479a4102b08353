#pragma once
/// What stands in a logger with a queue behind it: for a sink that was adopted (adopted_sink), or for an output (sink). What
/// `queued` holds, and adopt() leaves as it is. Shared with loggers, any thread.
#include <logrelay/embed/adopt.hpp>

#include <spdlog/sinks/sink.h>

namespace logrelay {

class queued_sink : public spdlog::sinks::sink {
 public:
  [[nodiscard]] virtual publisher& handler() = 0;
  [[nodiscard]] virtual adopted_report report() const = 0;
};

}  // namespace logrelay
