#pragma once
/// What outputs have in common that connect to somebody: the try of every place and address with a deadline, the write
/// that never waits, the look for a goodbye before each write, and how much of what was written the other side has.
///
/// An output may have several places to send to, of which the first is the one that is meant. A connection that is lost
/// is made again beginning with the first; or behind the one that it was to, where that went at once or had taken nothing: who
/// says yes and then goes is no better than who refuses. While lines go elsewhere a thread looks now and then whether the first
/// is there again (`scout`); once it is, the connection is closed at a line's end with everything acked, so that
/// nothing is sent twice, and made again.
#include <logrelay/net/address.hpp>
#include <logrelay/output/output.hpp>
#include <logrelay/util/fd.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace logrelay {

class option_values;

struct connection_settings {
  std::chrono::milliseconds connect_timeout{10'000};  ///< of one place
  std::chrono::milliseconds idle_timeout{};           ///< 0: none
  std::chrono::milliseconds failback{};               ///< 0: never while another place takes lines
  std::size_t resend_bytes = 0;
  std::chrono::milliseconds write_timeout{};  ///< of TCP; 0: the system's
  std::chrono::milliseconds keepalive{};      ///< 0: none
};

class stream_connection : public output {
 public:
  /// `places` as a user would write them.
  stream_connection(std::vector<std::string> places, const connection_settings& settings);
  ~stream_connection() override;

  void set_speaker(speaker say) override { say_ = std::move(say); }
  std::size_t resend_bytes() const override { return settings_.resend_bytes; }
  result open(waiter& wait) override;
  write_result write(const outgoing& lines) override;
  interest writable() const override;
  interest idle() const override;
  result idle_event() override;
  result finish(waiter& wait) override;
  void close(std::size_t torn_bytes) noexcept override;

 protected:
  [[nodiscard]] virtual std::vector<address> find(std::size_t place, waiter& wait, steady_time deadline, std::string& why) = 0;
  virtual void tune(int) {}
  /// The socket is connected: what else has to be agreed on before lines can go. False: it failed, for the reason `why`.
  virtual bool agree(std::size_t place, waiter& wait, steady_time deadline, std::string& why);
  /// As much as goes without waiting.
  virtual write_result send(std::span<const iovec> pieces);
  /// Bytes that send() was given, did not take, and has to be given again.
  [[nodiscard]] virtual std::size_t begun_bytes() const { return 0; }
  /// Reads what the other side says: nobody has anything to say but goodbye.
  virtual result hear();
  /// Nothing more will be sent.
  virtual void say_goodbye();
  /// What finds out, on a thread of its own and sharing nothing, whether the first place takes connections.
  using scouting = std::function<bool(waiter&, steady_time deadline)>;
  [[nodiscard]] virtual scouting scout() const { return {}; }

  [[nodiscard]] int socket() const { return socket_.get(); }
  /// Where it is connected to, or was last.
  [[nodiscard]] const std::string& here() const { return places_[at_]; }
  /// Bytes of lines that were taken since open().
  [[nodiscard]] std::uint64_t written() const { return written_; }
  /// Bytes that the other side's kernel has not acknowledged.
  [[nodiscard]] std::uint64_t in_kernel() const;
  /// To be told at each look what the kernel was given since open(), and what of it is in_kernel(): so it is seen when
  /// nothing arrives any more, however much is given.
  void note_progress(std::uint64_t given, std::uint64_t left);
  /// Nothing has arrived for `write_timeout`: whether that is because nobody answers, and not because nobody reads.
  [[nodiscard]] virtual bool is_dead() const { return false; }
  /// Whether an error has ended the connection, since it was opened.
  [[nodiscard]] bool has_failed();
  void note_failure() { failed_ = true; }
  [[nodiscard]] result lost(int error_number);

  const connection_settings settings_;

 private:
  bool open_place(std::size_t place, waiter& wait, std::string& why);
  void look_for_first(steady_time now);
  result look_for_life(steady_time now);
  [[nodiscard]] bool first_is_back() const;

  struct search;  // for the first place, shared with its thread
  const std::vector<std::string> places_;
  speaker say_ = [](severity, std::string_view) {};
  fd socket_;
  std::size_t at_ = 0;
  std::uint64_t written_ = 0;
  bool failed_ = false;  // the kernel tells it once
  bool given_up_ = false;  // what is not acked will be sent again
  bool took_nothing_ = false;  // the connection before
  bool returning_ = false;  // the first is back, and lines are still on their way here
  bool finished_ = false;
  bool says_goodbye_ = true;  // the other side, when we do; else it is not left for being idle, which would double lines each time
  steady_time opened_{}, last_write_{}, next_look_ = steady_time::max();
  std::uint64_t arrived_ = 0;  // of what the kernel was given
  std::optional<steady_time> stalled_;  // nothing more has arrived since then
  std::shared_ptr<search> search_;
};

/// Of one output: as users write them, and taken apart.
struct connection_places {
  std::vector<std::string> names;
  std::vector<host_port> to;
};
struct output_config;
[[nodiscard]] connection_places places_of(const output_config& config, std::string_view port);
[[nodiscard]] connection_settings tcp_connection_settings(const option_values& options);

class tcp_connection : public stream_connection {
 public:
  /// `to`: a host and port for each place.
  tcp_connection(std::vector<std::string> places, std::vector<host_port> to, const connection_settings& settings)
      : stream_connection(std::move(places), settings), to_(std::move(to)) {}

  std::uint64_t unacked() override {
    const auto left = in_kernel();
    note_progress(written(), left);
    return left;
  }

 protected:
  std::vector<address> find(std::size_t place, waiter& wait, steady_time deadline, std::string& why) override;
  void tune(int socket) override;
  bool is_dead() const override;
  scouting scout() const override;

  const std::vector<host_port> to_;
};

}  // namespace logrelay
