#pragma once
/// What all inputs of byte streams share: any number of streams, each read without waiting into the reader's memory,
/// framed, and published. Reader's thread only.
///
/// A stream is at most `turn_bytes` at a time at the reader: that is the fairness between one firehose and 5,000
/// connections. While it is idle it holds a descriptor and a coroutine that waits, and no memory for bytes.
#include <logrelay/input/dialogue.hpp>
#include <logrelay/input/gate.hpp>
#include <logrelay/input/guard.hpp>
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
  /// As write(2), the same.
  virtual ssize_t write(std::string_view bytes) = 0;
  /// Bytes, at most, that it has read ahead and not given yet.
  [[nodiscard]] virtual std::size_t held_bytes() const = 0;
};

class stream_input : public input {
 public:
  static constexpr std::size_t turn_bytes = 128 * 1024;

  explicit stream_input(const input_config& config);
  ~stream_input() override;
  void stop(stop_kind how) noexcept override;
  /// Before the start: streams are sockets, whose peers are answered so.
  void answer_with(dialogue_maker how) { dialogues_ = std::move(how); }

 protected:
  /// Reads `from` until it ends.
  void read_stream(reader& at, fd from, read_manner how, std::string peer, const peer_credentials& who = {},
                   std::unique_ptr<guard::visit> visit = nullptr, std::unique_ptr<stream_layer> layer = nullptr);
  /// A stream has ended, after its last line was published.
  virtual void stream_ended() = 0;
  /// Whether a failed read only means that the other side is no more there.
  [[nodiscard]] virtual bool is_end(int error_number) const;
  /// Asked to stop: what is ready now is to be read, whatever holds us up.
  void owe_what_is_ready() noexcept;
  /// A pipe that holds more lets a fast writer and us run side by side instead of in turns.
  static void enlarge(const fd& pipe) noexcept;
  [[nodiscard]] std::size_t streams() const { return streams_.size(); }
  [[nodiscard]] bool stopping() const { return stopping_; }

  guard guard_;

 private:
  struct stream;
  boost::asio::awaitable<void> pump(reader& at, std::list<stream>::iterator place);
  void owe_what_is_ready(stream& one) noexcept;
  void has_read(stream& one, ssize_t got) noexcept;
  bool commit(reader& at, stream& one, std::span<char> got);
  boost::asio::awaitable<bool> listen_again(stream& one);
  boost::asio::awaitable<void> part_with(stream& one);
  [[nodiscard]] steady_time::duration owed(reader& at, stream& one);
  void watch(reader& at);
  boost::asio::awaitable<void> end_idle(reader& at);
  [[nodiscard]] steady_time patience_with(const stream& one) const;

  const std::chrono::milliseconds idle_, line_limit_;  // 0: for as long as it takes
  dialogue_maker dialogues_;  // null: nobody is answered
  std::list<stream> streams_;
  rare_notice slow_;
  bool stopping_ = false;
  bool watching_ = false;                       // a coroutine looks for idle and slow streams …
  boost::asio::steady_timer* watch_ = nullptr;  // … and waits for this
};

}  // namespace logrelay
