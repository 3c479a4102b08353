#include <logrelay/input/tls_input.hpp>

#include <logrelay/config.hpp>
#include <logrelay/input/listening_input.hpp>
#include <logrelay/input/tls_handshakes.hpp>

#include <fmt/format.h>
#include <sys/socket.h>

#include <cerrno>
#include <functional>
#include <optional>

namespace logrelay {
namespace {

class tls_layer final : public stream_layer {
 public:
  /// `broken` is told why, when what comes is not TLS any more, or the peer says that ours is not.
  tls_layer(std::unique_ptr<tls_session> session, std::function<void(const std::string&)> broken)
      : broken_(std::move(broken)), session_(std::move(session)) {}

  ssize_t read(std::span<char> to) override {
    const auto moved = session_->read(to);
    switch (moved.how) {
      case tls_session::step::done: return static_cast<ssize_t>(moved.bytes);
      case tls_session::step::closed: return 0;
      case tls_session::step::failed:
        if (!session_->is_lost()) broken_(session_->why());
        return errno = ECONNRESET, -1;
      case tls_session::step::wants_read:
      case tls_session::step::wants_write: break;
    }
    return errno = EAGAIN, -1;
  }

  // After EAGAIN the same bytes come again, with more behind them perhaps: what is offered is what was.
  ssize_t write(std::string_view bytes) override {
    if (begun_ > 0) bytes = bytes.substr(0, begun_);
    const auto moved = session_->write(bytes);
    begun_ = 0;
    switch (moved.how) {
      case tls_session::step::done: return static_cast<ssize_t>(moved.bytes);
      case tls_session::step::closed:
      case tls_session::step::failed: return errno = EPIPE, -1;
      case tls_session::step::wants_read:
      case tls_session::step::wants_write: break;
    }
    begun_ = bytes.size();
    return errno = EAGAIN, -1;
  }

  std::size_t held_bytes() const override { return session_->held_bytes(); }

 private:
  std::size_t begun_ = 0;
  const std::function<void(const std::string&)> broken_;
  const std::unique_ptr<tls_session> session_;
};

class tls_input final : public listening_input {
 public:
  /// `answers`: peers are told something, and so they read.
  tls_input(const input_config& config, bool answers)
      : listening_input(config), where_(config.where), settings_(settings_of(config, answers)),
        limit_(config.options.duration("handshake-timeout")) {}

  void prepare() override {
    context_.emplace(settings_);
    mistakes none;
    if (sockets_.empty()) sockets_ = bind_internet(parse_host_port(where_.rest, name(), none), SOCK_STREAM, where_.where);
    remember_addresses();
  }

  void start(reader& at) override {
    handshakes_.emplace(
        *context_, limit_, [this, &at](std::shared_ptr<tls_handshakes::outcome> one) { at.post([this, &at, one] { shaken(at, *one); }); },
        [this, &at](const std::string& wrong) {
          at.say().say(severity::warning, fmt::format("input '{}': {}; goes on with what it has", name(), wrong));
        });
    listening_input::start(at);
  }

  void reopen() override {
    if (handshakes_) handshakes_->read_again();
  }

  void stop(stop_kind how) noexcept override {
    listening_input::stop(how);
    if (handshakes_) handshakes_->hurry();
  }

  void give_up() noexcept override {
    handshakes_.reset();
    listening_input::give_up();
  }

 private:
  // Tickets for those that read, as RELP's do, and those that wait for one (tls_session::is_accepted()).
  static tls_settings settings_of(const input_config& config, bool answers) {
    auto settings = tls_input_settings(config.options);
    settings.tickets = answers || settings.verify;
    return settings;
  }

  void welcome(reader&, fd connection, const address& peer, std::unique_ptr<guard::visit> visit) override {
    ++arriving_;
    handshakes_->submit(std::move(connection), peer, std::move(visit));
  }
  std::size_t arriving() const override { return arriving_; }

  void shaken(reader& at, tls_handshakes::outcome& one) {
    --arriving_;
    auto visit = std::move(one.visit);  // the handshakes' thread may be the last to let go of the rest
    if (one.session) {  // asked to stop, we read once more who is there already: its lines may be here
      auto peer = to_text(one.peer);
      auto layer = std::make_unique<tls_layer>(std::move(one.session), [this, &at, peer](const std::string& why) { broken(at, peer, why); });
      read_stream(at, std::move(one.connection), read_manner::nonblocking, std::move(peer), {}, std::move(visit), std::move(layer));
      return;
    }
    if (!one.why.empty()) refused(at, one);
    arrived();
  }

  void refused(reader& at, const tls_handshakes::outcome& one) {
    counters.refused.fetch_add(1, std::memory_order_relaxed);
    if (const auto more = untold_.happened(at.clock().now()))
      at.say().say(severity::warning, fmt::format("input '{}': refused {}: {}{}", name(), to_text(one.peer), one.why, *more));
  }

  void broken(reader& at, const std::string& peer, const std::string& why) {
    counters.framing_errors.fetch_add(1, std::memory_order_relaxed);
    if (const auto more = broken_.happened(at.clock().now()))
      at.say().say(severity::warning, fmt::format("input '{}': {} is let go: TLS: {}{}", name(), peer, why, *more));
  }

  const endpoint where_;
  const tls_settings settings_;
  const std::chrono::milliseconds limit_;
  std::optional<tls_context> context_;
  std::optional<tls_handshakes> handshakes_;
  std::size_t arriving_ = 0;
  rare_notice untold_, broken_;
};

}  // namespace

void check_tls_input(const input_config& config, mistakes& wrong) {
  check_tcp_input(config, wrong);
  check_tls_options(config.options, true, fmt::format("input '{}'", config.name), wrong);
}

std::unique_ptr<input> make_tls_input(const input_config& config, dialogue_maker answers) {
  auto made = std::make_unique<tls_input>(config, answers != nullptr);
  made->answer_with(std::move(answers));
  return made;
}

const input_kind tls_input_kind{"tls", "tls://[HOST]:PORT", "TLS connections", tls_input_table, check_tls_input,
                               [](const input_config& config) { return make_tls_input(config); }};

}  // namespace logrelay
