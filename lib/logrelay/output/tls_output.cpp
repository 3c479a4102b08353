#include <logrelay/output/tls_output.hpp>

#include <logrelay/config.hpp>
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
  tls_output(std::string where, const host_port& to, std::chrono::milliseconds timeout, tls_settings settings)
      : tcp_connection(std::move(where), to, timeout), settings_(std::move(settings)) {}

  void prepare() override { context_.emplace(settings_); }

  write_result write(const outgoing& lines) override {
    if (auto how = idle_event(); how.what != outcome::done) return {0, how.what, std::move(how.why)};
    record_text records(lines.pieces());
    std::size_t taken = 0;
    for (int n = 0; n < records_a_turn; ++n) {
      const auto text = records.next();
      if (text.empty()) break;
      const auto moved = session_->write(text);
      if (moved.how == tls_session::step::wants_write || moved.how == tls_session::step::wants_read) break;
      if (moved.how != tls_session::step::done) return {taken, outcome::retry, fmt::format("unable to write to {}: {}", where_, session_->why())};
      taken += moved.bytes;
      written_ += moved.bytes;
      sent_.push_back({written_, session_->wire_bytes()});
      records.taken(moved.bytes);
    }
    return {taken};
  }

  result idle_event() override {
    std::array<char, 4096> ignored;
    for (int turns = 0; turns < 16; ++turns) {
      const auto moved = session_->read(ignored);
      if (moved.how == tls_session::step::done) continue;
      if (moved.how == tls_session::step::closed) return {outcome::retry, fmt::format("{} has closed the connection", where_)};
      if (moved.how == tls_session::step::failed) {
        refused_ = !accepted();
        return {outcome::retry, fmt::format("the connection to {} is lost: {}", where_, session_->why())};
      }
      break;
    }
    return {};
  }

  std::uint64_t unacked() override {
    if (refused_ || !accepted()) return written_;
    const std::uint64_t arrived = session_ ? session_->wire_bytes() - in_kernel() : 0;
    while (!sent_.empty() && sent_.front().wire <= arrived) {
      acked_ = sent_.front().text;
      sent_.pop_front();
    }
    return written_ - acked_;
  }

  result finish(waiter&) override {
    if (!session_) return {};
    static_cast<void>(idle_event());
    session_->say_goodbye();
    ::shutdown(socket(), SHUT_WR);
    return {};
  }

  void close(std::size_t torn_bytes) noexcept override {
    session_.reset();
    tcp_connection::close(torn_bytes);
  }

  result reopen() override {
    const auto wrong = context_->refresh();
    return wrong.empty() ? result{} : result{outcome::retry, wrong};
  }

 private:
  bool agree(waiter& wait, steady_time deadline, std::string& why) override {
    sent_.clear();
    written_ = acked_ = 0;
    refused_ = false;
    // Files that are wrong by now are not why we should do without those that we have: HUP tells of them.
    static_cast<void>(context_->refresh());
    session_ = context_->session(socket());
    while (!wait.stopping()) {
      const auto how = session_->handshake();
      if (how == tls_session::step::done) return agreed_ = std::chrono::steady_clock::now(), true;
      if (how == tls_session::step::failed) return why = "TLS: " + session_->why(), false;
      const auto event = wait.wait(socket(), how == tls_session::step::wants_write ? POLLOUT : POLLIN, deadline);
      if (event == waiter::event::timeout) return why = "TLS: the handshake took too long", false;
    }
    return why = "asked to stop", false;
  }

  [[nodiscard]] bool accepted() const {
    return !context_->has_certificate() || (session_ && session_->is_accepted()) || std::chrono::steady_clock::now() - agreed_ >= time_to_object;
  }

  const tls_settings settings_;
  std::optional<tls_context> context_;
  std::unique_ptr<tls_session> session_;
  steady_time agreed_{};
  bool refused_ = false;

  // Where each record ends, in bytes of lines and in bytes of the wire.
  struct record_end {
    std::uint64_t text, wire;
  };
  std::deque<record_end> sent_;
  std::uint64_t written_ = 0, acked_ = 0;  // bytes of lines, since open()
};

host_port where_to(const output_config& config) {
  mistakes none;
  return parse_host_port(config.where.rest, config.name, none);
}

}  // namespace

void check_tls_output(const output_config& config, mistakes& wrong) {
  check_tcp_output(config, wrong);
  check_tls_options(config.options, false, fmt::format("output '{}'", config.name), wrong);
}

std::unique_ptr<output> make_tls_output(const output_config& config) {
  const auto to = where_to(config);
  return std::make_unique<tls_output>(config.where.where, to, config.options.duration("connect-timeout"),
                                      tls_output_settings(config.options, to.host));
}

const output_kind tls_output_kind{"tls", "tls://HOST:PORT", "a TLS connection, made again for ever", tls_output_table, check_tls_output,
                                  make_tls_output, true};

}  // namespace logrelay
