#include <logrelay/input/listening_input.hpp>

#include <logrelay/config.hpp>
#include <logrelay/input/unread.hpp>
#include <logrelay/util/quantity.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>
#include <poll.h>
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

// Lists itself while it lives, so that stop() can reach it.
template <typename T>
struct registered {
  registered(std::vector<T*>& in, T& what) : list(in), me(&what) { list.push_back(me); }
  ~registered() { std::erase(list, me); }
  std::vector<T*>& list;
  T* me;
};

// Who connected, as the kernel vouches for it.
peer_credentials credentials_of(const fd& connection) {
  ucred who{};
  socklen_t size = sizeof who;
  if (::getsockopt(connection.get(), SOL_SOCKET, SO_PEERCRED, &who, &size) != 0 || who.pid <= 0) return {};
  return {who.pid, who.uid};
}

// accept(2): what went wrong with one connection is reported here too, and the next one is taken.
bool is_callers_fault(int error_number) {
  constexpr std::array faults{EINTR, ECONNABORTED, ENETDOWN, EPROTO, ENOPROTOOPT, EHOSTDOWN, ENONET, EHOSTUNREACH, EOPNOTSUPP, ENETUNREACH};
  return std::find(faults.begin(), faults.end(), error_number) != faults.end();
}

// A peer that has vanished would keep its place for ever.
void keep_alive(const fd& connection, const address& peer) {
  const int on = 1;
  if (peer.family() != AF_UNIX) ::setsockopt(connection.get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

}  // namespace

// A socket while connections are taken in by it.
struct listening_input::acceptor {
  acceptor(reader& reads, listening_input& whose, bound_socket&& given)
      : at(reads), of(whose), ready(reads.io(), given.socket.release()), where(given.where), path(std::move(given.name)), unread(whose.unread) {
    of.acceptors_.push_back(this);
  }
  ~acceptor() {
    std::erase(of.acceptors_, this);
    pollfd now{ready.native_handle(), POLLIN, 0};
    if (at.gives_up() && !left && ::poll(&now, 1, 0) == 1)
      at.say_lost(fmt::format("input '{}': connections were not taken in when there was no more time: what came by them is lost", of.name()));
    else
      unread.settle_all();
  }
  // To one that comes instead, with who waits there.
  void leave() { left = left || of.kept_.leave(ready.native_handle(), where, path); }
  reader& at;
  listening_input& of;
  asio::posix::stream_descriptor ready;
  address where;
  socket_path path;  // gone before `ready` closes the socket
  bool left = false;
  unread_share unread;  // 1 while who waits has still to be taken in
};

listening_input::listening_input(const input_config& config)
    : stream_input(config),
      most_(config.options.count("max-connections")),
      place_(config.where.scheme + ":" + config.where.rest) {}

void listening_input::take_over(input& before) {
  auto* const other = dynamic_cast<listening_input*>(&before);
  if (!other || other->place_ != place_) return;
  for (auto& each : other->kept_.take()) sockets_.push_back(std::move(each.socket));
}

void listening_input::start(reader& at) {
  reader_ = &at;
  for (auto& each : sockets_) {
    at.say().say(severity::info, fmt::format("input '{}': listening on {}", name(), to_text(each.where)));
    ++accepting_;
    asio::co_spawn(at.io(), take_in(at, std::move(each)), [this, &at](const std::exception_ptr& thrown) {
      if (thrown) at.failed(*this, thrown);
      --accepting_;
      end_if_over();
    });
  }
  sockets_.clear();
}

void listening_input::stop(stop_kind how) noexcept {
  stream_input::stop(how);
  for (auto* each : acceptors_) {
    boost::system::error_code ignored;
    each->ready.cancel(ignored);
    each->leave();
    if (!each->left) each->unread.owe(1);
  }
  for (auto* each : pauses_) each->cancel();
}

void listening_input::stream_ended() { arrived(); }

void listening_input::arrived() {
  for (auto* each : pauses_) each->cancel();  // there is a place again
  end_if_over();
}

void listening_input::remember_addresses() {
  for (const auto& each : sockets_) texts_.push_back(to_text(each.where));
}

void listening_input::welcome(reader& at, fd connection, const address& peer, std::unique_ptr<guard::visit> visit) {
  const auto who = local_ ? credentials_of(connection) : peer_credentials();
  read_stream(at, std::move(connection), read_manner::nonblocking, to_text(peer), who, std::move(visit));
}

asio::awaitable<void> listening_input::take_in(reader& at, bound_socket listener) {
  const auto door = std::make_unique<acceptor>(at, *this, std::move(listener));
  asio::steady_timer pause(at.io());
  const registered pausing(pauses_, pause);
  bool short_of = false;  // said so
  for (bool last = false; !last;) {
    if (!stopping()) static_cast<void>(co_await door->ready.async_wait(door->ready.wait_read, await));
    // Asked to stop, it takes in once more who is connected already: the kernel may have acknowledged their lines. One that
    // comes instead does so.
    last = stopping();
    for (int n = 0; !door->left && n < (last ? SOMAXCONN : accept_turn); ++n) {
      if (streams() + arriving() >= most_) {
        if (const auto more = stopping() ? std::nullopt : full_.happened(at.clock().now()))
          at.say().say(severity::warning, fmt::format("input '{}': {} connections are open, which are all that max-connections allows: the next waits "
                                                      "until one ends{}", name(), most_, *more));
        pause.expires_at(steady_time::max());
        co_await pause.async_wait(await);
        continue;
      }
      address peer;
      peer.size = sizeof peer.bytes;
      fd taken(::accept4(door->ready.native_handle(), reinterpret_cast<sockaddr*>(&peer.bytes), &peer.size, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (taken) {
        if (std::exchange(short_of, false)) at.say().say(severity::notice, fmt::format("input '{}': takes in connections again", name()));
        keep_alive(taken, peer);
        if (auto visit = guard_.admit(at, *this, peer, local_ ? credentials_of(taken) : peer_credentials()))
          welcome(at, std::move(taken), peer, std::move(visit));
        continue;
      }
      if (errno == EAGAIN) break;
      if (is_callers_fault(errno)) continue;
      if (!std::exchange(short_of, true))
        at.say().say(severity::warning, fmt::format("input '{}': unable to take in a connection: {}; {} are open, waiting until one ends",
                                                    name(), error_text(errno), streams()));
      pause.expires_after(shortage_pause);
      co_await pause.async_wait(await);
    }
  }
}

void listening_input::end_if_over() {
  if (accepting_ == 0 && streams() == 0 && arriving() == 0 && !std::exchange(over_, true)) reader_->ended(*this);
}

}  // namespace logrelay
