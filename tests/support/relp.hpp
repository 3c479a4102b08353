#pragma once
/// Both sides of RELP, for tests: a client that sends what it is told, and a server that answers as it is told.
#include <support/sockets.hpp>

#include <logrelay/net/relp.hpp>

#include <atomic>
#include <functional>
#include <limits>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace logrelay::support {

struct relp_frame {
  std::uint32_t number;
  std::string command, data;
};
/// The whole frames at the front of `text`, which are taken off it.
[[nodiscard]] std::vector<relp_frame> take_relp_frames(std::string& text);

class relp_client {
 public:
  explicit relp_client(fd socket) : socket_(std::move(socket)) {}
  /// Opens the session, and waits for the answer.
  static relp_client opened(std::uint16_t port);

  /// A frame for each line, numbered one after the other. Answers that come meanwhile are kept. Throws where it cannot.
  void send(std::string_view lines);
  void send(std::string_view command, std::string_view data);
  void send_bytes(std::string_view bytes);
  /// The answers and hints so far, after a wait until there are `count`, or the server has gone.
  [[nodiscard]] const std::vector<relp_frame>& answers(std::size_t count);
  /// Whether the server has closed, before patience is at its end.
  [[nodiscard]] bool is_let_go();
  void leave() { socket_.reset(); }

 private:
  bool receive(int timeout);
  fd socket_;
  std::uint32_t number_ = 1;
  std::string text_;
  std::vector<relp_frame> answers_;
  bool gone_ = false;
};

class relp_server {
 public:
  static constexpr auto never = std::numeric_limits<std::uint64_t>::max();
  struct behaviour {
    bool reads = true;       ///< else not even the session is opened until wake_up()
    bool answers = true;     ///< lines
    bool backwards = false;  ///< answers in reverse what came together
    std::uint64_t close_after = never;  ///< lines of one connection, none of the last `unanswered` of which is answered
    std::uint64_t unanswered = 0;
    int connections = std::numeric_limits<int>::max();  ///< that behave so; later ones are well served
    std::function<std::string(const std::string&)> answer = [](const std::string&) { return "200 OK"; };
    std::string offers = relp_offers();
  };
  relp_server() : relp_server(behaviour{}) {}
  explicit relp_server(behaviour how);
  ~relp_server();

  [[nodiscard]] std::string endpoint() const { return "relp://127.0.0.1:" + std::to_string(port_of(listener_)); }
  void wake_up() { reads_ = true; }
  void answer_lines() { answers_ = true; }
  /// "serverclose", and the end.
  void hint_and_close() { hints_ = true; }
  /// Of all connections, in the order of coming.
  [[nodiscard]] std::vector<std::string> lines() const;
  [[nodiscard]] std::string text() const;  ///< each with a newline
  [[nodiscard]] int connections() const { return accepted_; }
  [[nodiscard]] bool was_closed() const { return closes_ > 0; }  ///< by the protocol
  [[nodiscard]] std::size_t most_waiting() const { return most_waiting_; }  ///< lines without an answer

 private:
  struct connection;
  void serve();
  bool serve(connection& one);

  behaviour how_;
  fd listener_;
  std::atomic<bool> reads_, answers_, hints_{false}, stopping_{false};
  std::atomic<int> accepted_{0}, closes_{0};
  std::atomic<std::size_t> most_waiting_{0};
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
  std::thread thread_;
};

}  // namespace logrelay::support
