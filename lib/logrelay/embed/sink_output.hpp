#pragma once
/// An spdlog sink as an output: what its listener takes are records, each of which it gives to the sink as the message that
/// it was. A sink that throws is tried again after a pause, three times with the same record, which is then rejected: a
/// record that it cannot take must not stand before all others for ever. Belongs to one listener; its thread only, except
/// ask_flush().
#include <logrelay/embed/sink_door.hpp>
#include <logrelay/filter/filter.hpp>
#include <logrelay/output/output.hpp>
#include <logrelay/util/wake.hpp>

namespace logrelay {

/// Asks the listener for a flush of the sink, once what was published before is there. Shared with the program's threads.
class flush_request {
 public:
  void ask() {
    if (!asked_.exchange(true)) bell_.signal();
  }
  [[nodiscard]] bool asked() const { return asked_.load(); }
  /// Who asks from now on is heard anew.
  void done() {
    bell_.clear();
    asked_.store(false);
  }
  [[nodiscard]] int descriptor() const { return bell_.descriptor(); }

 private:
  std::atomic<bool> asked_{false};
  wake bell_;
};

[[nodiscard]] std::unique_ptr<output> make_sink_output(std::shared_ptr<sink_door> door, std::shared_ptr<flush_request> flush);
/// Records as they lie in their batch, which is what that output wants.
[[nodiscard]] std::unique_ptr<format> make_packed_body();
/// The sink's own level, as it is when a record comes to it.
[[nodiscard]] std::unique_ptr<filter> make_sink_level(std::shared_ptr<sink_door> door);

}  // namespace logrelay
