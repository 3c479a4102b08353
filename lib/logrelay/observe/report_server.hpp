#pragma once
/// Serves the report over HTTP, to Prometheus, health checks and logrelayctl: GET (or HEAD) of /metrics, /report and
/// /healthz, one request a connection. A thread of its own, "http", which owns no line and takes no lock of the relay:
/// it asks for a report, and whoever owns the relay answers between two steps. A client that is slow, hostile or many
/// costs its own connection: connections, the size of a request and the time of both are bounded, and reports are asked
/// for at most fifty times a second, whoever asks. Idle, it sleeps without a timer.
///
/// Owned by the main thread; answer() may be called from any.
#include <logrelay/report.hpp>
#include <logrelay/util/fd.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace logrelay {

struct report_server_limits {
  std::size_t connections = 64;          ///< more wait in the kernel until one leaves
  std::size_t request_bytes = 8 * 1024;  ///< 431 above that
  std::chrono::milliseconds whole{10'000};   ///< from accepting to the last byte; then the connection is closed
  std::chrono::milliseconds report{5'000};   ///< what a report may take; then 503
  std::chrono::milliseconds between{20};     ///< reports
};

class report_server {
 public:
  /// `listening`: sockets that listen. `ask` is called in the server's thread and has to lead to answer(), from another
  /// thread, soon. Throws where there are no descriptors left.
  report_server(std::vector<fd> listening, std::string version, std::function<void()> ask, report_server_limits limits = {});
  ~report_server();  ///< hangs up on who is being served, and joins: the thread waits for nobody

  void answer(relay_report report);

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace logrelay
