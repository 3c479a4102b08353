#pragma once
/// The inputs of a relay, all at once, and the reader that they live in. Owned by the relay; main thread.
#include <logrelay/config.hpp>
#include <logrelay/input/input.hpp>
#include <logrelay/report.hpp>
#include <logrelay/running_outputs.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

namespace logrelay {

class reader;

class running_inputs {
 public:
  /// Made; nothing is opened.
  running_inputs(const std::vector<input_config>& all, surroundings& in);
  ~running_inputs();  ///< gives up what is still being read

  /// Opens what has to be there, in order. Throws error that names the input; unprepare() is to be called then too.
  void prepare();
  void unprepare() noexcept;
  /// Where a command is to write what the input of this scheme reads; no descriptor where there is no such input.
  [[nodiscard]] fd writing_end(std::string_view scheme);
  void start();

  void stop(stop_kind how);
  void stop_now();
  [[nodiscard]] bool done() const;
  /// Asks the reader for a sign of life; the relay's wake tells when it has come.
  void ask_reader();
  [[nodiscard]] bool reader_answered() const;  ///< or it has nothing to do any more
  /// The outputs have settled all that they will: inputs keep what the next start has to know.
  void leave();
  [[nodiscard]] bool all_left() const;

  /// Holders are called by the names of their outputs.
  [[nodiscard]] std::vector<input_report> report(const running_outputs& outputs) const;

 private:
  struct running_input {
    std::unique_ptr<input> it;
    input_config config;
  };
  surroundings& in_;
  std::vector<running_input> all_;
  std::size_t prepared_ = 0;
  std::atomic<bool> reader_asked_{false};
  std::unique_ptr<reader> reads_;
};

}  // namespace logrelay
