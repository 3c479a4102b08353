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
#include <string>
#include <vector>

namespace logrelay {

class report_desk {
 public:
  /// Binds. Throws error when the address that `asked` names cannot be had; one that nobody asked for never is a reason
  /// not to start.
  report_desk(const std::string& asked, messages& say);
  /// Serves, on a thread that begins here: once a command of ours has been started.
  void open();
  /// Readable when somebody wants a report; -1 where nothing is served.
  [[nodiscard]] int descriptor() const { return sockets_.empty() ? -1 : wanted_.descriptor(); }
  void look(const relay& running);
  /// Removes the sockets' names. Also at its end, which a program that leaves at once does not see.
  void close();

 private:
  void bind_runtime_socket(messages& say);

  std::vector<bound_socket> sockets_;
  wake wanted_;
  std::atomic<bool> asked_{false};
  std::unique_ptr<report_server> server_;
};

}  // namespace logrelay
