#pragma once
/// What `queued` holds: the sinks with their queues, and the loggers that they are in, as those were before. Owned by
/// `queued`; one thread, but for all(), reports() and stop(), which are any's.
#include <logrelay/embed/process_hooks.hpp>
#include <logrelay/embed/queued_sink.hpp>
#include <logrelay/messages.hpp>

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace logrelay {

class adopted_sink;

/// A logger that a configuration has given other sinks, and perhaps another level.
struct configured_logger {
  std::weak_ptr<spdlog::logger> logger;
  std::vector<spdlog::sink_ptr> sinks_before{};
  spdlog::level::level_enum level_before{}, level_now{};
  bool made = false;  ///< it was not there before
};

/// Whether a configuration that has not been destroyed has given this logger its sinks. Any thread.
[[nodiscard]] bool has_configuration(const std::shared_ptr<spdlog::logger>& one);

/// Puts these in the place of a logger's sinks, under the registry's lock where it is registered: flush_every() and flush_all()
/// go through its sinks, too. Not under it once the process ends, when spdlog's registry may be gone.
void change_sinks(const std::shared_ptr<spdlog::logger>& of, std::vector<spdlog::sink_ptr> to);

struct queued::parts {
  explicit parts(const adopt_options& rules) : options(rules) {}

  void hold(std::shared_ptr<queued_sink> one);
  void hold(configured_logger one);
  [[nodiscard]] std::vector<std::shared_ptr<queued_sink>> all() const;
  /// … and what became of those that were released before.
  [[nodiscard]] std::vector<std::shared_ptr<queued_sink>> all(std::optional<adopted_report>& gone) const;
  [[nodiscard]] std::vector<adopted_report> reports() const;
  /// Adopted sinks that no logger has any more, nor anybody else, are stopped by and by, so that a program that makes a logger
  /// for each of its connections keeps no listener of those that are gone. Never waits.
  void release_unused();
  /// The sink that is to be adopted where this one stands in a logger; null: none. One that goes straight to what it stood for,
  /// having been stopped, is adopted anew; another's that has not been is told of.
  [[nodiscard]] spdlog::sink_ptr adoptable(const spdlog::sink_ptr& now, const std::string& logger);
  /// The name, or one like it that no other here has: "app (2)".
  [[nodiscard]] std::string name_like(const std::string& wanted);
  /// The one that stands for this sink, and has not been stopped; null: none.
  [[nodiscard]] std::shared_ptr<adopted_sink> find(const spdlog::sink_ptr& original) const;
  [[nodiscard]] bool holds(const spdlog::sink_ptr& one) const;
  void stop(steady_time deadline) const;
  /// The sinks that were adopted stand in their places again; those that came meanwhile stay.
  void restore_adopted();
  /// Loggers that were there have their sinks and level again, unless somebody else has given them others since; those
  /// that were made are no longer registered.
  void restore_configured();

  adopt_options options;
  messages say{};
  mutable fork_mutex mutex{};  // of the next three, which reports read
  std::vector<std::shared_ptr<queued_sink>> sinks{};
  std::vector<std::shared_ptr<queued_sink>> leaving{};  // unused, and not stopped yet
  std::optional<adopted_report> released{};             // of those that were stopped so, together
  std::set<std::string> names{};  // of those that were adopted
  std::vector<std::weak_ptr<spdlog::logger>> adopted{};
  std::vector<configured_logger> configured{};
};

}  // namespace logrelay
