#pragma once
/// Where --metrics serves: binds the socket that it names, or leaves one in the runtime directory, and answers the server's
/// questions between two steps of the relay. Main thread, which polls descriptor(); the server has its own.
#include <logrelay/messages.hpp>
#include <logrelay/net/listener_socket.hpp>
#include <logrelay/observe/place.hpp>
#include <logrelay/observe/report_server.hpp>
#include <logrelay/relay.hpp>
#include <logrelay/util/wake.hpp>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace logrelay {

class report_desk {
 public:
  /// Binds. Throws error when the address that `asked` names cannot be had; one that nobody asked for never is a reason
  /// not to start. `user`: whom the relay goes on as, before open(), so that the socket in the runtime directory is his.
  report_desk(const std::string& asked, const std::string& user, messages& say);
  /// Serves, on a thread that begins here: once a command of ours has been started.
  void open();
  /// Serves there from now on. What cannot be had is said, and all stays as it is.
  void move_to(const std::string& asked);
  /// Readable when somebody wants a report; -1 where nothing is served.
  [[nodiscard]] int descriptor() const { return sockets_.empty() ? -1 : wanted_.descriptor(); }
  void look(const relay& running);
  /// Removes the sockets' names. Also at its end, which a program that leaves at once does not see.
  void close();

 private:
  [[nodiscard]] std::vector<bound_socket> bind(const metrics_address& where, const std::string& as_written) const;
  void bind_runtime_socket();
  [[nodiscard]] std::optional<std::string> find_runtime_directory() const;
  [[nodiscard]] bool has_port_of(const metrics_address& where) const;
  void serve();
  void pause();
  void go_on();

  messages& say_;
  std::string asked_;
  const std::string user_;
  const bool becomes_other_;
  std::optional<std::string> directory_;
  std::vector<bound_socket> sockets_;
  wake wanted_;
  std::atomic<bool> asked_for_{false};
  std::unique_ptr<report_server> server_;
};

}  // namespace logrelay
