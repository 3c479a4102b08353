#pragma once
/// One output at work: what it was asked for, its queue, and the listener that brings lines from there to it. Made by the
/// main thread from a checked configuration.
#include <logrelay/config.hpp>
#include <logrelay/core/block.hpp>
#include <logrelay/core/memory_queue.hpp>
#include <logrelay/core/queue_handler.hpp>
#include <logrelay/core/queue_listener.hpp>
#include <logrelay/messages.hpp>
#include <logrelay/util/wake.hpp>

#include <memory>

namespace logrelay {

/// What all parts of one relay have in common.
struct surroundings {
  /// What listeners and their queues call: it outlives the relay in a listener that was let go.
  struct meeting_point {
    wake events;  ///< something has happened that the relay should see
    queue_handler handler;
  };
  const registries& known;
  messages& say;
  const time_source& clock;
  block_pool pool{};
  std::shared_ptr<meeting_point> common = std::make_shared<meeting_point>();
};

struct running_output {
  output_config config;
  std::unique_ptr<queue_listener> listener;
  std::shared_ptr<queue> lines;
};

/// Nothing is opened yet, and no thread runs.
[[nodiscard]] running_output make_running_output(const output_config& of, const surroundings& in);

}  // namespace logrelay
