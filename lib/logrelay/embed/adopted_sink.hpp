#pragma once
/// What stands in a logger in place of the sink that was adopted: it publishes to the sink's own listener, and, once that
/// has been stopped, goes straight to the sink. Shared by the loggers that have it and by `queued`. Any thread.
#include <logrelay/embed/adopt.hpp>
#include <logrelay/embed/publisher.hpp>
#include <logrelay/embed/queued_sink.hpp>
#include <logrelay/embed/sink_output.hpp>

namespace logrelay {

class adopted_sink final : public queued_sink {
 public:
  /// Starts the listener. Throws error where there is no descriptor left.
  adopted_sink(std::string name, const spdlog::sink_ptr& adopted, const adopt_options& options);
  ~adopted_sink() override;

  void log(const spdlog::details::log_msg& message) override;
  /// Asks for a flush behind what was logged before; returns at once. Straight to the sink where that is stopped.
  void flush() override;
  /// These two reach into the sink, and wait for who is in it.
  void set_pattern(const std::string& pattern) override;
  void set_formatter(std::unique_ptr<spdlog::formatter> formatter) override;

  /// A level that the program has set on us is the sink's from then on. Ours is `trace`, so that the sink's alone counts,
  /// whichever of its owners changes it. Done with each record; at the end, by who takes us out of the logger.
  void hand_level_on();

  [[nodiscard]] const spdlog::sink_ptr& original() const { return original_; }
  /// … but we and our door.
  [[nodiscard]] bool nobody_has_original() const { return original_.use_count() == 2; }
  [[nodiscard]] publisher& handler() override { return handler_; }
  [[nodiscard]] adopted_report report() const override;

 private:
  void straight(const spdlog::details::log_msg& message);

  const spdlog::sink_ptr original_;  // the door's is in a line of the cache with its lock, which the listener writes
  const std::shared_ptr<sink_door> door_;
  const std::shared_ptr<std::atomic<bool>> flush_;
  publisher handler_;
  const bool by_level_;
  std::atomic<std::uint64_t> straight_{0}, lost_{0};
};

}  // namespace logrelay
