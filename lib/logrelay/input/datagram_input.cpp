#include <logrelay/input/datagram_input.hpp>

#include <logrelay/config.hpp>
#include <logrelay/input/datagram_slots.hpp>
#include <logrelay/input/gate.hpp>
#include <logrelay/input/guard.hpp>
#include <logrelay/input/kept_sockets.hpp>
#include <logrelay/input/source_cache.hpp>
#include <logrelay/input/unread.hpp>
#include <logrelay/net/listener_socket.hpp>
#include <logrelay/shared_rows.hpp>
#include <logrelay/util/guarded.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

namespace logrelay {

namespace asio = boost::asio;
constexpr auto await = asio::as_tuple(asio::use_awaitable);

namespace {

constexpr slot_sizes udp_slots{64, 64 * 1024};       // the largest datagram fits
constexpr slot_sizes unixgram_slots{8, 512 * 1024};  // what net.core.wmem_max lets anyone but root send
// Where syslog(3) sends to: every program of the machine may write there, whoever runs it, as to any other syslogd. A
// socket of another name is its owner's.
constexpr std::string_view system_log = "/dev/log";
// What waits for us in the kernel; it grants what net.core.rmem_max allows, or all of it to root.
constexpr int receive_bytes = 8 * 1024 * 1024;
// It doubles that, and charges more than this for each datagram.
constexpr std::size_t most_waiting = 2 * receive_bytes / 512;

constexpr std::size_t feed_bytes = 64 * 1024;
// A wake costs more than many datagrams: where one follows the other within this time, some are let gather before they are read,
// which the kernel has room for. Not from a unix socket, whose senders wait for us.
constexpr std::chrono::microseconds hurried{200}, gathering{200};

// Puts messages into a framer, many a commit.
class message_feed {
 public:
  explicit message_feed(line_framer& framer) : framer_(framer) {}

  void put(std::string_view bytes, wall_time now) {
    while (!bytes.empty()) {
      if (space_.size() == used_) {
        commit(now);
        space_ = framer_.space(feed_bytes);
      }
      const std::size_t n = std::min(bytes.size(), space_.size() - used_);
      std::memcpy(space_.data() + used_, bytes.data(), n);
      used_ += n;
      bytes.remove_prefix(n);
    }
  }
  void commit(wall_time now) {
    if (used_ > 0) framer_.commit(used_, now);
    used_ = 0;
    space_ = {};
  }

 private:
  line_framer& framer_;
  std::span<char> space_;
  std::size_t used_ = 0;
};

class datagram_input : public input {
 public:
  datagram_input(const input_config& config, slot_sizes sizes)
      : input(config), sizes_(sizes), place_(config.where.scheme + ":" + config.where.rest), guard_(config), line_rules_(rules()),
        octet_rules_(rules()) {
    line_rules_.frames = framing::newline;
    octet_rules_.frames = framing::octet;
    line_rules_.detect = octet_rules_.detect = false;
  }

  std::vector<std::string> listening_on() const override { return texts_; }

  std::uint64_t kernel_drops() const override {
    return drops_.with([](const auto& state) {
      std::uint64_t all = state.closed;
      for (const int each : state.open) all += drops_of(each);
      return all - state.before;
    });
  }

  void expect_successor() override { kept_.expect_successor(); }
  void take_over(input& before) override {
    auto* const other = dynamic_cast<datagram_input*>(&before);
    if (!other || other->place_ != place_) return;
    for (auto& each : other->kept_.take()) {
      drops_.with([&](auto& state) { state.before += each.drops; });
      sockets_.push_back(std::move(each.socket));
    }
  }

  void unprepare() noexcept override {
    if (sockets_.empty()) return;
    drops_.with([](auto& state) { state = {}; });
    sockets_.clear();
  }

  void give_up() noexcept override { unprepare(); }  // of one that never began

  void start(reader& at) override {
    reader_ = &at;
    receiving_ = sockets_.size();
    for (auto& each : sockets_) {
      at.say().say(severity::info, fmt::format("input '{}': listening on {}", name(), to_text(each.where)));
      asio::co_spawn(at.io(), receive(at, std::move(each)), at.failure_of(*this));
    }
    sockets_.clear();
  }

  void stop(stop_kind) noexcept override {
    stopping_ = true;
    for (auto* each : receptions_) {
      boost::system::error_code ignored;
      each->ready.cancel(ignored);
      each->leave();
      if (!each->left) each->owe_what_is_ready();
    }
  }

 protected:
  void bound() {
    for (const auto& each : sockets_) {
      if (::setsockopt(each.socket.get(), SOL_SOCKET, SO_RCVBUFFORCE, &receive_bytes, sizeof receive_bytes) != 0)
        ::setsockopt(each.socket.get(), SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
      texts_.push_back(to_text(each.where));
      drops_.with([&](auto& state) { state.open.push_back(each.socket.get()); });
    }
  }

  std::vector<bound_socket> sockets_;  // before prepare(): taken over
  bool gathers_ = true;

 private:
  // What the kernel had to drop, for reports from another thread.
  struct drop_state {
    std::vector<int> open;
    std::uint64_t closed = 0;
    std::uint64_t before = 0;  // of what was taken over
  };

  static std::uint64_t drops_of(int socket) {
    std::array<std::uint32_t, SK_MEMINFO_VARS> info{};
    socklen_t size = sizeof info;
    return ::getsockopt(socket, SOL_SOCKET, SO_MEMINFO, info.data(), &size) == 0 ? info[SK_MEMINFO_DROPS] : 0;
  }

  // A socket while it is received from. Closed at once when nobody does any more, and nobody is to: who sends is refused then.
  struct reception {
    reception(datagram_input& whose, reader& at, bound_socket&& given)
        : of(whose), ready(at.io(), given.socket.release()), where(given.where), path(std::move(given.name)), unread(whose.unread) {
      of.receptions_.push_back(this);
    }
    ~reception() {
      std::erase(of.receptions_, this);
      const auto drops = drops_of(ready.native_handle());
      of.drops_.with([&](auto& state) {
        state.closed += drops;
        std::erase(state.open, ready.native_handle());
      });
      if (of.reader_->gives_up() && !left) of.left_behind += ready_bytes(ready.native_handle());
      if (--of.receiving_ == 0) of.reader_->ended(of);
    }
    // To one that comes instead, with what it has: also where a full queue holds us up.
    void leave() { left = left || of.kept_.leave(ready.native_handle(), where, path, drops_of(ready.native_handle())); }
    // The kernel tells of the first one that waits. The others are read too when nothing is ready any more, or as much was read
    // as it can have had.
    void owe_what_is_ready() {
      unread.owe(ready_bytes(ready.native_handle()));
      read_since = 0;
    }
    void has_read(std::size_t datagrams) {
      read_since += datagrams;
      if (datagrams == 0 || read_since >= most_waiting) unread.settle_all();
    }
    datagram_input& of;
    asio::posix::stream_descriptor ready;
    address where;
    socket_path path;
    bool left = false;
    unread_share unread;
    std::size_t read_since = 0;
  };

  asio::awaitable<void> receive(reader& at, bound_socket socket) {
    reception from(*this, at, std::move(socket));
    datagram_slots slots(sizes_);
    line_framer lines(at.memory(), line_rules_, source_for({}), at.handler(), counters);
    line_framer messages(at.memory(), octet_rules_, source_for({}), at.handler(), counters);
    gate& room = at.gate_of(*this);
    asio::steady_timer gather(at.io());
    steady_time woken = at.clock().now();
    for (;;) {
      // Who was asked to stop is read once more.
      if (!stopping_) static_cast<void>(co_await from.ready.async_wait(from.ready.wait_read, await));
      if (!stopping_ && gathers_ && at.clock().now() - woken < hurried) {
        gather.expires_after(gathering);
        static_cast<void>(co_await gather.async_wait(await));
      }
      woken = at.clock().now();
      for (;;) {
        std::size_t most = room.room();
        if (most == 0) most = co_await room.wait_for_room();
        if (from.left) co_return;
        const auto received = slots.receive(from.ready.native_handle(), std::clamp<std::size_t>(most / sizes_.bytes, 1, sizes_.slots));
        if (from.unread.owes()) from.has_read(received);
        if (received == 0) break;
        publish(at, slots, received, lines, messages);
        co_await asio::post(at.io(), asio::use_awaitable);  // the next one's turn
      }
      if (stopping_) co_return;
    }
  }

  // A message with a newline in it keeps it: it travels with its length before it.
  void publish(reader& at, const datagram_slots& slots, std::size_t n, line_framer& lines, line_framer& messages) {
    const auto now = at.clock().wall();
    const auto steady_now = guard_.watches_datagrams() ? at.clock().now() : steady_time{};
    message_feed line_feed(lines), message_feed_(messages);
    for (std::size_t i = 0; i < n; ++i) {
      const auto datagram = slots.at(i);
      if (guard_.watches_datagrams() && !guard_.takes(at, *this, datagram.from, datagram.who, datagram.text.size(), steady_now)) continue;
      auto text = datagram.text;
      if (datagram.truncated) counters.long_lines.fetch_add(1, std::memory_order_relaxed);
      if (text.ends_with('\n')) text.remove_suffix(1);
      if (auto from = senders_.source_of(datagram.from, datagram.who, *this); from != last_) {
        line_feed.commit(now);
        lines.set_source(from);
        messages.set_source(from);
        last_ = std::move(from);
      }
      if (text.find('\n') == std::string_view::npos) {
        line_feed.put(text, now);
        line_feed.put("\n", now);
      } else {
        line_feed.commit(now);  // in the order of arrival
        message_feed_.put(fmt::format("{} ", text.size()), now);
        message_feed_.put(text, now);
        message_feed_.commit(now);
      }
    }
    line_feed.commit(now);
  }

  const slot_sizes sizes_;
  const std::string place_;
  kept_sockets kept_;
  guard guard_;
  framing_rules line_rules_, octet_rules_;
  guarded<drop_state> drops_;
  std::vector<std::string> texts_;
  std::vector<reception*> receptions_;
  std::shared_ptr<const source> last_;
  source_cache senders_;
  std::size_t receiving_ = 0;
  bool stopping_ = false;
  reader* reader_ = nullptr;
};

class udp_input final : public datagram_input {
 public:
  explicit udp_input(const input_config& config) : datagram_input(config, udp_slots), where_(config.where) {}
  void prepare() override {
    mistakes none;
    if (sockets_.empty()) sockets_ = bind_internet(parse_host_port(where_.rest, name(), none), SOCK_DGRAM, where_.where);
    bound();
  }

 private:
  const endpoint where_;
};

class unixgram_input final : public datagram_input {
 public:
  explicit unixgram_input(const input_config& config) : datagram_input(config, unixgram_slots), path_(config.where.rest) {
    if (config.options.given("mode"))
      mode_ = config.options.mode("mode");
    else if (path_ == system_log)
      mode_ = 0666;
    local_ = true;
    gathers_ = false;
  }
  void prepare() override {
    if (sockets_.empty()) sockets_.push_back(bind_unix(path_, SOCK_DGRAM, mode_));
    const int on = 1;  // the kernel tells who sends, unix(7)
    ::setsockopt(sockets_.back().socket.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
    bound();
  }

 private:
  const std::string path_;
  std::optional<unsigned> mode_;
};

void check_datagrams(const input_config& config, mistakes& wrong) {
  if (config.options.given("framing")) wrong.add(fmt::format("input '{}': a datagram is a line: leave 'framing' out", config.name));
  check_guard(config, wrong);
}

void check_unixgram(const input_config& config, mistakes& wrong) {
  bool fits = false;
  static_cast<void>(unix_address(config.where.rest, fits));
  if (config.where.rest.empty())
    wrong.add(fmt::format("input '{}': unixgram: needs a path for the socket, like unixgram:/dev/log", config.name));
  else if (!fits)
    wrong.add(fmt::format("input '{}': the path is too long for a unix socket: 107 bytes are the most", config.name));
  check_datagrams(config, wrong);
}

constexpr auto udp_rows = joined(access_rows, rate_rows);
constexpr option_row mode_rows[] = {
    {.name = "mode", .type = option_type::mode, .fallback = "",
     .help = "Permissions of the socket; without it 0666 for /dev/log, where everyone may write, else 0777 less the umask."},
};
constexpr auto unixgram_rows = joined(rate_rows, mode_rows);

}  // namespace

void check_udp_input(const input_config& config, mistakes& wrong) {
  static_cast<void>(parse_host_port(config.where.rest, fmt::format("input '{}'", config.name), wrong));
  check_datagrams(config, wrong);
}

std::unique_ptr<input> make_udp_input(const input_config& config) { return std::make_unique<udp_input>(config); }

const input_kind udp_input_kind{"udp", "udp://[HOST]:PORT", "UDP datagrams", udp_rows, check_udp_input, make_udp_input};
const input_kind unixgram_input_kind{"unixgram", "unixgram:PATH", "datagrams to a unix socket", unixgram_rows, check_unixgram,
                                     [](const input_config& config) -> std::unique_ptr<input> { return std::make_unique<unixgram_input>(config); }};

}  // namespace logrelay
