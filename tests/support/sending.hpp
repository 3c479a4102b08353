#pragma once
/// An output under test: a real one with a real listener on its thread and a real queue, into which the test pushes.
/// One thread owns it.
#include <support/eventually.hpp>

#include <logrelay/config.hpp>
#include <logrelay/core/memory_queue.hpp>
#include <logrelay/core/queue_listener.hpp>

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

namespace logrelay::support {

class sending {
 public:
  /// `endpoint` as a user writes it; it is prepared. Throws error where it cannot be.
  explicit sending(const std::string& endpoint);
  explicit sending(std::unique_ptr<output> made);
  ~sending();

  void start();
  /// Whole lines, framed by newlines, a batch for each 64 KiB or so.
  void push(std::string_view lines);
  /// Nothing more will come: what is there is flushed, and the listener ends.
  void close() { queue_->close(); }
  void abandon() { listener_->abandon(); }
  void reopen() { listener_->reopen(); }
  void rotate() { listener_->rotate(); }

  /// Whether the listener has ended, before `limit` has passed.
  [[nodiscard]] bool ends(std::chrono::milliseconds limit = patience);
  /// Whether nothing is pending, before patience is at its end.
  [[nodiscard]] bool delivers();
  /// Whether it has tried in vain, at least `times` times.
  [[nodiscard]] bool retries(std::uint64_t times = 1);
  /// The same, while a line comes every few milliseconds, which a kernel takes whoever is at its other end.
  [[nodiscard]] bool retries_while_lines_come();
  [[nodiscard]] ledger account() const { return queue_->account(); }
  [[nodiscard]] listener_report report() const { return listener_->report(); }
  [[nodiscard]] output& to() { return listener_->to(); }

 private:
  void listen(std::unique_ptr<output> made, const std::string& name);

  const time_source clock_;
  const registries known_ = standard_registries();
  relay_config config_;
  messages say_{severity::error};
  block_pool pool_;
  const std::shared_ptr<const source> source_ = std::make_shared<source>();
  std::unique_ptr<queue_listener> listener_;
  std::shared_ptr<memory_queue> queue_;
};

/// What the process costs in processor time while it should do nothing, over `for_long`.
[[nodiscard]] std::chrono::microseconds cost_of_idling(std::chrono::milliseconds for_long = 100ms);

}  // namespace logrelay::support
