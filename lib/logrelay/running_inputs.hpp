#pragma once
/// The inputs of a relay, all at once, and the reader that they live in. Owned by the relay; main thread.
///
/// Each input has a place of its own, which one of the same name that comes later has too: routes go by that. One that comes
/// instead of another of its name counts on from there.
#include <logrelay/config.hpp>
#include <logrelay/input/input.hpp>
#include <logrelay/report.hpp>
#include <logrelay/running_outputs.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
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

  /// A change in two steps, between which the outputs change. First all that are not wanted as they are read what is ready
  /// and end; those that were inherited go on as they are where their endpoint is wanted, which is said.
  void end_others(const std::vector<input_config>& wanted);
  /// … who has not ended yet, after a look at who has.
  [[nodiscard]] bool ending();
  /// The places of these among all routes, and how many routes there are.
  [[nodiscard]] std::vector<std::size_t> places_of(const std::vector<input_config>& wanted);
  [[nodiscard]] std::size_t places() const { return names_.size(); }
  /// Then those that do not run yet are opened, unless that fails, which is said.
  void begin(const std::vector<input_config>& wanted);

  void reopen();
  void stop(stop_kind how);
  void stop_now();      ///< and what is ready but not read is told
  void end_unwanted();  ///< … is not, for no output is left that would take it
  [[nodiscard]] bool done() const;
  [[nodiscard]] bool has_unread() const;  ///< one that was asked to stop has not read yet what was ready then
  [[nodiscard]] bool failed_any() const { return failed_; }  ///< one that is removed had
  /// Asks the reader for a sign of life; the relay's wake tells when it has come.
  void ask_reader();
  [[nodiscard]] bool reader_answered() const;  ///< or it has nothing to do any more
  /// The outputs have settled all that they will: inputs keep what the next start has to know.
  void leave();
  [[nodiscard]] bool all_left() const;

  /// Holders are called by the names of their outputs. Those that are ending come last.
  [[nodiscard]] std::vector<input_report> report(const running_outputs& outputs) const;

 private:
  struct running_input {
    std::unique_ptr<input> it;
    input_config config;
    bool leaving = false;  // it was told to keep what the next start has to know
    input_report past{};  // what those have counted that it has come instead of: the sums only …
    std::vector<hold_times::seconds> past_holds{};  // … and for how long which output has held them
  };
  [[nodiscard]] std::size_t place_of(const std::string& name);
  [[nodiscard]] running_input make(const input_config& of);
  [[nodiscard]] input_report report(const running_input& one, const running_outputs& outputs) const;
  [[nodiscard]] input_report counts_of(const running_input& one) const;
  [[nodiscard]] std::vector<hold_times::seconds> holds_of(const running_input& one) const;
  bool add(const input_config& wanted);
  void hand_on_counts(const running_input& gone);

  surroundings& in_;
  std::vector<std::string> names_;  // by place
  std::vector<running_input> all_;
  std::vector<running_input> ending_;
  std::vector<running_input> ended_;  // until those that come instead are opened
  bool changing_ = false;
  std::size_t prepared_ = 0;
  bool failed_ = false;
  std::atomic<bool> reader_asked_{false};
  std::unique_ptr<reader> reads_;
};

}  // namespace logrelay
