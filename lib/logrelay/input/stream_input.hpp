#pragma once
/// What all inputs of byte streams share: any number of streams, each read without waiting into the reader's memory,
/// framed, and published. Reader's thread only.
///
/// A stream is at most `turn_bytes` at a time at the reader: that is the fairness between one firehose and 5,000
/// connections. While it is idle it holds a descriptor and a coroutine that waits, and no memory for bytes.
#include <logrelay/input/gate.hpp>
#include <logrelay/input/input.hpp>
#include <logrelay/util/fd.hpp>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <list>

namespace logrelay {

/// How a descriptor may be read.
enum class read_manner : std::uint8_t {
  nonblocking,  ///< a description of our own with O_NONBLOCK
  socket,       ///< with MSG_DONTWAIT
  shared,       ///< one that others have too, without O_NONBLOCK: when it says that it has something
};

/// What lies between a descriptor and its bytes, such as TLS.
class stream_layer {
 public:
  virtual ~stream_layer() = default;
  /// As read(2) on a descriptor that does not block. May hold back nothing that it could give.
  virtual ssize_t read(std::span<char> to) = 0;
};

class stream_input : public input {
 public:
  static constexpr std::size_t turn_bytes = 128 * 1024;

  explicit stream_input(const input_config& config);
  ~stream_input() override;
  void stop(stop_kind how) noexcept override;

 protected:
  /// Reads `from` until it ends. `idle` of 0: for as long as it takes.
  void read_stream(reader& at, fd from, read_manner how, std::string peer, std::chrono::milliseconds idle = {},
                   const peer_credentials& who = {}, std::unique_ptr<stream_layer> layer = nullptr);
  /// A stream has ended, after its last line was published.
  virtual void stream_ended() = 0;
  /// Whether a failed read only means that the other side is no more there.
  [[nodiscard]] virtual bool is_end(int error_number) const;
  /// A pipe that holds more lets a fast writer and us run side by side instead of in turns.
  static void enlarge(const fd& pipe) noexcept;
  [[nodiscard]] std::size_t streams() const { return streams_.size(); }
  [[nodiscard]] bool stopping() const { return stopping_; }

 private:
  struct stream;
  boost::asio::awaitable<void> pump(reader& at, std::list<stream>::iterator place);
  boost::asio::awaitable<void> end_idle(reader& at, std::chrono::milliseconds idle);
  std::list<stream> streams_;
  bool stopping_ = false;
  bool watching_ = false;                       // a coroutine looks for idle streams …
  boost::asio::steady_timer* watch_ = nullptr;  // … and waits for this
};

}  // namespace logrelay
