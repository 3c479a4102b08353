#pragma once
/// Inputs under test: real ones with a real reader on its thread, whose lines go into a queue that the test takes from
/// when it wants to. One thread owns it.
#include <support/eventually.hpp>

#include <logrelay/config.hpp>
#include <logrelay/core/memory_queue.hpp>
#include <logrelay/core/queue_handler.hpp>
#include <logrelay/input/reader.hpp>

#include <atomic>
#include <concepts>
#include <memory>
#include <string>
#include <vector>

namespace logrelay::support {

/// A line as an output would get it.
struct received_line {
  std::string text;
  std::string peer;
  std::string stream;
  std::size_t input = 0;
};

class reading {
 public:
  /// `endpoints` as -i takes them; all are prepared. Throws error where one cannot be.
  explicit reading(const std::vector<std::string>& endpoints, queue_rules rules = {});
  template <std::convertible_to<std::string> Text>
  explicit reading(const Text& endpoint, queue_rules rules = {}) : reading(std::vector<std::string>{endpoint}, rules) {}
  ~reading();

  void start();
  void stop(stop_kind how = stop_kind::terminate) { reader_.stop(how); }
  void stop_now() { reader_.stop_now(); }
  /// Whether every input has ended, before `limit` has passed.
  [[nodiscard]] bool ends(std::chrono::milliseconds limit = patience);
  [[nodiscard]] int times_done() const { return done_; }

  /// Everything that has come so far; what the queue held is acked.
  [[nodiscard]] const std::vector<received_line>& lines();
  /// The same, each line with a newline.
  [[nodiscard]] const std::string& text();
  /// Waits until the text is that.
  [[nodiscard]] bool comes(std::string_view wanted);
  [[nodiscard]] bool comes_lines(std::size_t count);

  [[nodiscard]] input& in(std::size_t place = 0) { return *inputs_.at(place); }
  /// The port that the input listens on.
  [[nodiscard]] std::uint16_t port(std::size_t place = 0) const;
  [[nodiscard]] ledger account() const { return queue_.account(); }
  /// Whether a full queue holds the input now.
  [[nodiscard]] bool held(std::size_t place = 0) const;

 private:
  const time_source clock_;
  const registries known_ = standard_registries();
  relay_config config_;
  messages say_{severity::error};
  block_pool pool_;
  queue_handler handler_;
  memory_queue queue_;
  std::vector<std::unique_ptr<input>> inputs_;
  std::atomic<int> done_ = 0;
  reader reader_;
  std::vector<received_line> lines_;
  std::string text_;
};

}  // namespace logrelay::support
