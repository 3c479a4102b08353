#include <logrelay/output/tls_output.hpp>

#include <logrelay/config.hpp>
#include <logrelay/net/dial.hpp>
#include <logrelay/output/stream_connection.hpp>

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <optional>

namespace logrelay {
namespace {

constexpr std::size_t record_bytes = 16 * 1024;  // what one record holds, RFC 8446, 5.1
constexpr int records_a_turn = 16;
// After this long without a word a peer has no objections.
constexpr std::chrono::seconds time_to_object{2};

// The front of what is to be written, as one piece: in place where it lies so, else put together.
class record_text {
 public:
  explicit record_text(std::span<const iovec> pieces) : pieces_(pieces) {}

  [[nodiscard]] std::string_view next() {
    while (at_ < pieces_.size() && offset_ == pieces_[at_].iov_len) ++at_, offset_ = 0;
    if (at_ == pieces_.size()) return {};
    const auto here = rest(at_, offset_);
    if (here.size() >= record_bytes || at_ + 1 == pieces_.size()) return here.substr(0, record_bytes);
    std::size_t size = 0;
    for (std::size_t at = at_, from = offset_; at < pieces_.size() && size < record_bytes; ++at, from = 0) {
      const auto part = rest(at, from).substr(0, record_bytes - size);
      std::memcpy(together_.data() + size, part.data(), part.size());
      size += part.size();
    }
    return {together_.data(), size};
  }
  void taken(std::size_t bytes) {
    while (bytes > 0) {
      const std::size_t here = std::min(bytes, pieces_[at_].iov_len - offset_);
      offset_ += here;
      bytes -= here;
      if (offset_ == pieces_[at_].iov_len) ++at_, offset_ = 0;
    }
  }

 private:
  [[nodiscard]] std::string_view rest(std::size_t at, std::size_t from) const {
    return {static_cast<const char*>(pieces_[at].iov_base) + from, pieces_[at].iov_len - from};
  }
  std::span<const iovec> pieces_;
  std::size_t at_ = 0, offset_ = 0;
  std::array<char, record_bytes> together_;
};

class tls_output final : public tcp_connection {
 public:
  tls_output(connection_places places, const connection_settings& settings, tls_settings tls)
      : tcp_connection(std::move(places.names), std::move(places.to), settings), tls_(std::move(tls)) {}

  void prepare() override { context_.emplace(tls_); }

  std::uint64_t unacked() override {
    const std::uint64_t given = session_ ? session_->wire_bytes() : 0, left = in_kernel();
    note_progress(given, left);
    if (refused_ || !accepted()) return written();
    const std::uint64_t arrived = given - std::min(given, left);
    while (!sent_.empty() && sent_.front().wire <= arrived) {
      acked_ = sent_.front().text;
      sent_.pop_front();
    }
    return taken_ - acked_;
  }

  void close(std::size_t torn_bytes) noexcept override {
    tcp_connection::close(torn_bytes);
    session_.reset();
  }

  result reopen() override {
    const auto wrong = context_->read_again();
    return wrong.empty() ? result{} : result{outcome::retry, wrong};
  }

 private:
  bool agree(std::size_t place, waiter& wait, steady_time deadline, std::string& why) override {
    sent_.clear();
    taken_ = acked_ = 0;
    begun_ = 0;
    refused_ = false;
    // Files that are wrong by now are not why we should do without those that we have: HUP tells of them.
    static_cast<void>(context_->refresh());
    session_ = context_->session(socket(), to_[place].host);
    if (!session_) return why = "TLS: out of memory", false;
    if (!shake_hands(*session_, socket(), wait, deadline, why)) return false;
    agreed_ = std::chrono::steady_clock::now();
    return true;
  }

  write_result send(std::span<const iovec> pieces) override {
    record_text records(pieces);
    std::size_t taken = 0;
    for (int n = 0; n < records_a_turn; ++n) {
      const auto text = records.next();
      if (text.empty()) break;
      const auto moved = session_->write(text);
      begun_ = 0;
      if (moved.how == tls_session::step::wants_write || moved.how == tls_session::step::wants_read) {
        begun_ = text.size();
        break;
      }
      if (moved.how != tls_session::step::done) {
        note_failure();
        return {taken, outcome::retry, fmt::format("unable to write to {}: {}", here(), session_->why())};
      }
      taken += moved.bytes;
      taken_ += moved.bytes;
      sent_.push_back({taken_, session_->wire_bytes()});
      records.taken(moved.bytes);
    }
    return {taken};
  }
  std::size_t begun_bytes() const override { return begun_; }

  result hear() override {
    std::array<char, 4096> ignored;
    for (int turns = 0; turns < 16; ++turns) {
      const auto moved = session_->read(ignored);
      if (moved.how == tls_session::step::done) continue;
      if (moved.how == tls_session::step::closed) return {outcome::retry, fmt::format("{} has closed the connection", here())};
      if (moved.how == tls_session::step::failed) {
        refused_ = !accepted();
        note_failure();
        return {outcome::retry, fmt::format("the connection to {} is lost: {}", here(), session_->why())};
      }
      break;
    }
    return {};
  }

  void say_goodbye() override { session_->say_goodbye(); }

  // With a context of its own: this one's belongs to the listener's thread.
  scouting scout() const override {
    return [to = to_.front(), tls = tls_](waiter& wait, steady_time deadline) {
      std::string why;
      auto addresses = by_turns(resolve(to, SOCK_STREAM, wait, deadline, why));
      while (const auto connected = dial(addresses, [](int) {}, wait, deadline, why)) try {
          tls_context context(tls);
          const auto session = context.session(connected.get(), to.host);
          if (session && shake_hands(*session, connected.get(), wait, deadline, why)) return session->say_goodbye(), true;
        } catch (const error&) {  // of its files: this one goes on with those it has
          return false;
        }
      return false;
    };
  }

  [[nodiscard]] bool accepted() const {
    return (session_ && session_->is_accepted()) || std::chrono::steady_clock::now() - agreed_ >= time_to_object;
  }

  const tls_settings tls_;
  std::optional<tls_context> context_;
  std::unique_ptr<tls_session> session_;
  steady_time agreed_{};
  bool refused_ = false;

  // Where each record ends, in bytes of lines and in bytes of the wire.
  struct record_end {
    std::uint64_t text, wire;
  };
  std::deque<record_end> sent_;
  std::uint64_t taken_ = 0, acked_ = 0;  // bytes of lines, since open()
  std::size_t begun_ = 0;
};

}  // namespace

bool shake_hands(tls_session& session, int socket, waiter& wait, steady_time deadline, std::string& why) {
  while (!wait.stopping()) {
    const auto how = session.handshake();
    if (how == tls_session::step::done) return true;
    if (how == tls_session::step::failed) return why = "TLS: " + session.why(), false;
    const auto event = wait.wait(socket, how == tls_session::step::wants_write ? POLLOUT : POLLIN, deadline);
    if (event == waiter::event::timeout) return why = "TLS: the handshake took too long", false;
  }
  return why = "asked to stop", false;
}

void check_tls_output(const output_config& config, mistakes& wrong, std::string_view port) {
  const auto whose = fmt::format("output '{}'", config.name);
  check_tcp_output(config, wrong, port);
  check_tls_options(config.options, false, whose, wrong);
  const auto& options = config.options;
  if (options.text("verify") == "none" || options.given("peer-name") || options.given("fingerprint")) return;
  const auto check = [&](const std::string& to, const std::string& as_written) {
    if (to.starts_with(':') || to.empty())
      wrong.add(fmt::format("{}: '{}' needs a HOST, whose name the peer's certificate is checked for", whose, as_written));
  };
  check(config.where.rest, config.where.where);
  for (const auto& each : options.all("failover")) check(each, each);
}

std::unique_ptr<output> make_tls_output(const output_config& config, std::string_view port) {
  auto places = places_of(config, port);
  auto tls = tls_output_settings(config.options, places.to.front().host);
  return std::make_unique<tls_output>(std::move(places), tcp_connection_settings(config.options), std::move(tls));
}

const output_kind tls_output_kind{"tls", "tls://HOST:PORT", "a TLS connection, made again for ever", tls_output_table,
                                  [](const output_config& config, mistakes& wrong) { check_tls_output(config, wrong); },
                                  [](const output_config& config) { return make_tls_output(config); }, true};

}  // namespace logrelay
