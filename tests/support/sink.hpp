#pragma once
/// Endpoints that logrelay sends to, on a thread of their own, as well or as badly behaved as a test asks.
#include <support/sockets.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace logrelay::support {

/// What a stream's receiver does with each connection.
struct sink_behaviour {
  static constexpr auto never = std::numeric_limits<std::uint64_t>::max();

  bool listens = true;  ///< else connections are refused until listen()
  bool reads = true;    ///< else nothing is taken until start_reading()
  std::uint64_t bytes_a_second = never;
  std::uint64_t close_after = never;  ///< bytes of one connection, at which it is closed with what it still holds
  bool resets = false;                ///< closes with a reset
  bool keeps = true;                  ///< in memory; else only counts
  int receive_buffer = 0;             ///< bytes that the kernel may hold for us; 0: its default
  int connections = std::numeric_limits<int>::max();  ///< that behave so; later ones are simply read
};

/// A listener for TCP or unix streams. Takes any number of connections, one after the other or at once. Any thread
/// may ask; the one that made it ends it.
class stream_sink {
 public:
  static stream_sink tcp(sink_behaviour behaviour = {}, family family = family::ipv4) {
    return {bound_tcp(family), behaviour, family};
  }
  static stream_sink unix(const std::string& path, sink_behaviour behaviour = {}) {
    return {bound_unix(path), behaviour, path};
  }
  ~stream_sink();

  [[nodiscard]] std::uint16_t port() const { return port_of(listener_); }
  /// "tcp://127.0.0.1:40123": what logrelay is told.
  [[nodiscard]] const std::string& endpoint() const { return endpoint_; }

  void listen();
  void start_reading();
  /// Closes all connections there are; new ones are taken.
  void hang_up();

  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] int connections() const { return accepted_; }
  /// All that was kept, connection after connection in the order of their coming.
  [[nodiscard]] std::string text() const;
  /// What each connection brought.
  [[nodiscard]] std::vector<std::string> texts() const;

 private:
  struct connection {
    fd socket;
    std::size_t place = 0;
    std::uint64_t bytes = 0;
    std::chrono::steady_clock::time_point since;
    bool behaves = true;
  };

  stream_sink(fd listener, sink_behaviour behaviour, family family);
  stream_sink(fd listener, sink_behaviour behaviour, const std::string& path);
  void serve();
  void take_connection();
  void take_bytes(connection& from);
  [[nodiscard]] std::uint64_t allowed(const connection& from) const;

  fd listener_;
  fd wake_;
  std::string endpoint_;
  sink_behaviour behaviour_;
  std::atomic<bool> reads_;
  bool discards_ = false;  // TCP, and nothing is kept
  std::atomic<bool> hangs_up_ = false;
  std::atomic<bool> stopping_ = false;
  std::atomic<std::uint64_t> bytes_ = 0;
  std::atomic<int> accepted_ = 0;
  mutable std::mutex mutex_;
  std::vector<std::string> texts_;
  std::vector<connection> connections_;
  std::vector<char> buffer_;
  std::thread thread_;
};

/// A receiver of datagrams.
class datagram_sink {
 public:
  static datagram_sink udp(family family = family::ipv4);
  /// One that is deaf until listen().
  static datagram_sink late_udp(family family = family::ipv4);
  static datagram_sink unixgram(const std::string& path);
  ~datagram_sink();

  void listen() {
    const std::lock_guard lock(mutex_);
    hear(socket_);
  }

  [[nodiscard]] const std::string& endpoint() const { return endpoint_; }
  [[nodiscard]] std::uint16_t port() const { return port_of(socket_); }
  [[nodiscard]] std::vector<std::string> messages() const;
  [[nodiscard]] std::size_t count() const;

 private:
  datagram_sink(fd socket, family family);
  datagram_sink(fd socket, std::string endpoint);
  void serve();

  fd socket_;
  fd wake_;
  std::string endpoint_;
  mutable std::mutex mutex_;
  std::vector<std::string> messages_;
  std::thread thread_;
};

}  // namespace logrelay::support
