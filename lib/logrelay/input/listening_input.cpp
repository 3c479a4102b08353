#include <logrelay/input/listening_input.hpp>

#include <logrelay/config.hpp>
#include <logrelay/input/stream_input.hpp>
#include <logrelay/net/listener_socket.hpp>
#include <logrelay/shared_rows.hpp>
#include <logrelay/util/quantity.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace logrelay {

namespace asio = boost::asio;
constexpr auto await = asio::as_tuple(asio::use_awaitable);

namespace {

// Out of descriptors or memory: the next try, if nobody leaves before.
constexpr std::chrono::seconds shortage_pause{1};
// Connections taken in at one go, before the others have their turn.
constexpr int accept_turn = 64;

class listening_input : public stream_input {
 public:
  explicit listening_input(const input_config& config)
      : stream_input(config), most_(config.options.count("max-connections")), idle_(config.options.duration("idle-timeout")) {}

  std::vector<std::string> listening_on() const override { return texts_; }

  void start(reader& at) override {
    reader_ = &at;
    for (auto& each : sockets_) {
      at.say().say(severity::info, fmt::format("input '{}': listening on {}", name(), to_text(each.where)));
      ++accepting_;
      asio::co_spawn(at.io(), take_in(at, std::move(each)), asio::detached);
    }
    sockets_.clear();
  }

  void unprepare() noexcept override { sockets_.clear(); }
  void give_up() noexcept override { sockets_.clear(); }  // of one that never began

  void stop(stop_kind how) noexcept override {
    stream_input::stop(how);
    for (auto* each : acceptors_) {
      boost::system::error_code ignored;
      each->cancel(ignored);
    }
    for (auto* each : pauses_) each->cancel();
  }

 protected:
  void stream_ended() override {
    for (auto* each : pauses_) each->cancel();  // there is a place again
    end_if_over();
  }

  void remember_addresses() {
    for (const auto& each : sockets_) texts_.push_back(to_text(each.where));
  }

  std::vector<bound_socket> sockets_;

 private:
  // Lists itself while it lives, so that stop() can reach it.
  template <typename T>
  struct listed {
    listed(std::vector<T*>& in, T& what) : list(in), me(&what) { list.push_back(me); }
    ~listed() { std::erase(list, me); }
    std::vector<T*>& list;
    T* me;
  };

  asio::awaitable<void> take_in(reader& at, bound_socket listener) {
    asio::posix::stream_descriptor ready(at.io(), listener.socket.release());
    const socket_path path = std::move(listener.name);  // gone before `ready` closes the socket
    asio::steady_timer pause(at.io());
    const listed acceptor(acceptors_, ready);
    const listed pausing(pauses_, pause);
    bool short_of = false;  // said so
    for (bool last = false; !last;) {
      if (!stopping()) static_cast<void>(co_await ready.async_wait(ready.wait_read, await));
      // Asked to stop, it takes in once more who is connected already: the kernel may have acknowledged their lines.
      last = stopping();
      for (int n = 0; n < (last ? SOMAXCONN : accept_turn); ++n) {
        if (streams() >= most_) {
          if (stopping()) break;
          pause.expires_at(steady_time::max());
          co_await pause.async_wait(await);
          continue;
        }
        address peer;
        peer.size = sizeof peer.bytes;
        fd taken(::accept4(ready.native_handle(), reinterpret_cast<sockaddr*>(&peer.bytes), &peer.size, SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (taken) {
          if (std::exchange(short_of, false)) at.say().say(severity::notice, fmt::format("input '{}': takes in connections again", name()));
          keep_alive(taken, peer);
          const auto who = local_ ? credentials_of(taken) : peer_credentials();
          read_stream(at, std::move(taken), read_manner::nonblocking, to_text(peer), idle_, who);
          continue;
        }
        if (errno == EAGAIN) break;
        if (is_callers_fault(errno)) continue;
        if (stopping()) break;
        if (!std::exchange(short_of, true))
          at.say().say(severity::warning, fmt::format("input '{}': unable to take in a connection: {}; {} are open, waiting until one ends",
                                                      name(), error_text(errno), streams()));
        pause.expires_after(shortage_pause);
        co_await pause.async_wait(await);
      }
    }
    --accepting_;
    end_if_over();
  }

  // Who connected, as the kernel vouches for it.
  static peer_credentials credentials_of(const fd& connection) {
    ucred who{};
    socklen_t size = sizeof who;
    if (::getsockopt(connection.get(), SOL_SOCKET, SO_PEERCRED, &who, &size) != 0 || who.pid <= 0) return {};
    return {who.pid, who.uid};
  }

  // accept(2): what went wrong with one connection is reported here too, and the next one is taken.
  static bool is_callers_fault(int error_number) {
    constexpr std::array faults{EINTR, ECONNABORTED, ENETDOWN, EPROTO, ENOPROTOOPT, EHOSTDOWN, ENONET, EHOSTUNREACH, EOPNOTSUPP, ENETUNREACH};
    return std::find(faults.begin(), faults.end(), error_number) != faults.end();
  }

  // A peer that has vanished would keep its place for ever.
  static void keep_alive(const fd& connection, const address& peer) {
    const int on = 1;
    if (peer.family() != AF_UNIX) ::setsockopt(connection.get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  }

  void end_if_over() {
    if (accepting_ == 0 && streams() == 0 && !std::exchange(over_, true)) reader_->ended(*this);
  }

  const std::uint64_t most_;
  const std::chrono::milliseconds idle_;
  std::vector<std::string> texts_;
  std::vector<asio::posix::stream_descriptor*> acceptors_;
  std::vector<asio::steady_timer*> pauses_;
  int accepting_ = 0;
  bool over_ = false;
  reader* reader_ = nullptr;
};

class tcp_input final : public listening_input {
 public:
  explicit tcp_input(const input_config& config) : listening_input(config), where_(config.where) {}
  void prepare() override {
    mistakes none;
    sockets_ = bind_internet(parse_host_port(where_.rest, name(), none), SOCK_STREAM, where_.where);
    remember_addresses();
  }

 private:
  const endpoint where_;
};

class unix_input final : public listening_input {
 public:
  explicit unix_input(const input_config& config) : listening_input(config), path_(config.where.rest) {
    if (config.options.given("mode")) mode_ = config.options.mode("mode");
    local_ = true;
  }
  void prepare() override {
    sockets_.push_back(bind_unix(path_, SOCK_STREAM, mode_));
    remember_addresses();
  }

 private:
  const std::string path_;
  std::optional<unsigned> mode_;
};

constexpr option_row unix_rows[] = {tcp_input_rows[0], tcp_input_rows[1], socket_mode_row};

void check_connections(const input_config& config, mistakes& wrong) {
  if (config.options.count("max-connections") == 0)
    wrong.add(fmt::format("input '{}': 'max-connections=0' would serve nobody: give 1 or more", config.name));
}

void check_unix(const input_config& config, mistakes& wrong) {
  bool fits = false;
  static_cast<void>(unix_address(config.where.rest, fits));
  if (config.where.rest.empty())
    wrong.add(fmt::format("input '{}': unix: needs a path for the socket, like unix:/run/app.sock", config.name));
  else if (!fits)
    wrong.add(fmt::format("input '{}': the path is too long for a unix socket: 107 bytes are the most", config.name));
  check_connections(config, wrong);
}

}  // namespace

void check_tcp_input(const input_config& config, mistakes& wrong) {
  static_cast<void>(parse_host_port(config.where.rest, fmt::format("input '{}'", config.name), wrong));
  check_connections(config, wrong);
}

std::unique_ptr<input> make_tcp_input(const input_config& config) { return std::make_unique<tcp_input>(config); }

const input_kind tcp_input_kind{"tcp", "tcp://[HOST]:PORT", "TCP connections", tcp_input_rows, check_tcp_input, make_tcp_input};
const input_kind unix_input_kind{"unix", "unix:PATH", "connections to a unix stream socket", unix_rows, check_unix,
                                 [](const input_config& config) -> std::unique_ptr<input> { return std::make_unique<unix_input>(config); }};

}  // namespace logrelay
