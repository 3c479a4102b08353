#pragma once
/// The relay: owns inputs, reader, queue handler, queues and listeners, starts them in the order of the flow and stops
/// them in reverse. Main thread only.
///
///     relay one(config, known, say);
///     one.start();                       // opens everything, or throws and leaves nothing behind
///     while (!one.over()) { poll(…, one.descriptor(), until); until = one.step(); }
///     … one.report() …
#include <logrelay/config.hpp>
#include <logrelay/input/input.hpp>
#include <logrelay/messages.hpp>
#include <logrelay/report.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace logrelay {

class relay {
 public:
  /// The last three must outlive it; `say` and `clock` also a listener that was let go, whose queue asks for the time when
  /// it wakes up.
  relay(relay_config config, const registries& known, messages& say, const time_source& clock);
  /// Gives up what still runs; a listener thread that hangs is let go.
  ~relay();

  /// Throws error when something that has to be there is not (command_error when it is the command); nothing runs then,
  /// and nothing new is left behind. Before other threads start, for the command's sake.
  void start();
  /// Readable when something has happened that step() should see.
  [[nodiscard]] int descriptor() const;
  /// Goes on to the next phase if it is time. Returns when to call it again at the latest; max(): when descriptor() says.
  steady_time step();
  [[nodiscard]] bool over() const;
  /// It has begun to end, for whatever reason.
  [[nodiscard]] bool ending() const;

  /// Asks the reader for a sign of life. descriptor() tells when it has come, and with it every input has been started.
  void ask_reader();
  /// Whether it has answered, or has nothing to do any more.
  [[nodiscard]] bool reader_answered() const;

  /// TERM or INT: the inputs end, the queues are drained, all within the drain timeout. With a command it is the
  /// command that is to end, told by whoever sent the signal or by send(); the queues are drained then.
  void stop(stop_kind how);
  /// A second TERM or INT: nothing more is waited for.
  void stop_now();
  void reopen();
  void rotate();
  /// From now on this configuration, made by make_config with nothing wrong. What is the same in both goes on untouched;
  /// what cannot be opened is said and left out. The steps that follow do it; a later one waits for it.
  void reload(relay_config config);
  /// A reload is over: nothing of it is still to be closed or opened.
  [[nodiscard]] bool settled() const;

  /// Readable once the command has ended; -1: there is none that runs.
  [[nodiscard]] int command_descriptor() const;
  /// To the command, if it still runs.
  void send(int signal) const;
  /// The command's, as a shell would call it; nothing while it runs, or where there is none.
  [[nodiscard]] std::optional<int> command_status() const;

  /// The balance at this moment; its exit status is the command's unless that is 0.
  [[nodiscard]] relay_report report() const;
  /// What was lost or left, in words, one sentence for each output that it concerns.
  [[nodiscard]] std::vector<std::string> losses() const;

 private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

}  // namespace logrelay
