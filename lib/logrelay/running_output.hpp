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

/// The parts of one, for who puts them together otherwise.
[[nodiscard]] encoding_rules encoding_of(const output_config& config, const registries& known, const output& to);
[[nodiscard]] queue_rules rules_of(const output_config& config, const encoding_rules& encoding);
[[nodiscard]] queue_events events_of(const std::string& name, std::size_t capacity_bytes, const queue_listener& listener, const surroundings& in);
/// In memory, or on disk where a spool or a spill is asked for.
[[nodiscard]] std::shared_ptr<queue> make_queue(const output_config& config, const queue_rules& limits, queue_events tell, const surroundings& in);

/// Nothing is opened yet, and no thread runs.
[[nodiscard]] running_output make_running_output(const output_config& of, const surroundings& in);

}  // namespace logrelay
