#include <logrelay/output/relp_output.hpp>

#include <logrelay/config.hpp>
#include <logrelay/core/batch.hpp>
#include <logrelay/net/relp.hpp>
#include <logrelay/output/stream_connection.hpp>
#include <logrelay/output/tls_output.hpp>
#include <logrelay/shared_rows.hpp>

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>
#include <optional>
#include <utility>

namespace logrelay {
namespace {

// Frames are put together until there are so many bytes of them, and sent before more are.
constexpr std::size_t most_unsent_bytes = 64 * 1024;
// Of an answer: codes, a sentence, offers.
constexpr std::uint32_t longest_answer = 4096;
// How long a peer may take to see us off, who has answered everything else.
constexpr std::chrono::seconds longest_goodbye{2};

class relp_connection final : public tcp_connection {
 public:
  relp_connection(connection_places places, const connection_settings& settings, std::size_t window, std::optional<tls_settings> tls)
      : tcp_connection(std::move(places.names), std::move(places.to), settings), window_(window), tls_(std::move(tls)) {}

  void prepare() override {
    if (tls_) context_.emplace(*tls_);
  }
  result reopen() override {
    const auto wrong = context_ ? context_->read_again() : std::string();
    return wrong.empty() ? result{} : result{outcome::retry, wrong};
  }

  // Whether the peer's host is there, its kernel tells; whether the peer is, only its answers.
  std::uint64_t unacked() override {
    note_progress(session_ ? session_->wire_bytes() : sent_before_ + sent_, in_kernel());
    return taken_ - answered_;
  }
  std::string unanswered() const override {
    const auto lines = std::count_if(waiting_.begin(), waiting_.end(), [](const auto& each) { return each.bytes > 0 && !each.answered; });
    return lines == 0 ? std::string() : fmt::format("{} has not answered {} {}", here(), lines, lines == 1 ? "line" : "lines");
  }
  std::optional<refusal> refused() override {
    if (refusals_.empty()) return {};
    auto first = std::move(refusals_.front());
    refusals_.pop_front();
    return first;
  }

  interest writable() const override {
    auto what = tcp_connection::writable();
    if (is_full()) what.events = POLLIN | POLLRDHUP;
    if (has_unsent()) what.events |= POLLOUT;
    return what;
  }
  interest idle() const override {
    auto what = tcp_connection::idle();
    if (has_unsent()) what.events |= POLLOUT;
    return what;
  }

  // Everything is answered. A peer that does not see us off has lost nothing of ours.
  result finish(waiter& wait) override {
    if (greeted_ && !closing_) {
      closing_ = true;
      append_relp_frame(number_, "close", {}, unsent_);
      waiting_.push_back({number_, 0});
      number_ = next_relp_number(number_);
      std::string ignored;
      static_cast<void>(talk_until([&] { return waiting_.empty(); }, wait, std::chrono::steady_clock::now() + longest_goodbye, ignored));
    }
    return tcp_connection::finish(wait);
  }

  void close(std::size_t torn_bytes) noexcept override {
    tcp_connection::close(torn_bytes);
    session_.reset();
    greeted_ = false;
  }

 private:
  // A frame without an answer.
  struct waiting_frame {
    std::uint32_t number;
    std::size_t bytes;  // of the listener's
    bool answered = false;
  };

  bool agree(std::size_t place, waiter& wait, steady_time deadline, std::string& why) override {
    parser_ = {};
    unsent_.clear();
    waiting_.clear();
    refusals_.clear();
    begun_ = sent_ = sent_before_ = 0;
    taken_ = answered_ = 0;
    number_ = 1;
    greeted_ = closing_ = false;
    refused_offers_.clear();
    session_.reset();
    if (context_) {
      static_cast<void>(context_->refresh());  // HUP tells what is wrong with its files
      session_ = context_->session(socket(), to_[place].host);
      if (!session_) return why = "TLS: out of memory", false;
      if (!shake_hands(*session_, socket(), wait, deadline, why)) return false;
    }
    append_relp_frame(number_, "open", relp_offers(), unsent_);
    waiting_.push_back({number_, 0});
    number_ = next_relp_number(number_);
    if (!talk_until([&] { return greeted_ || !refused_offers_.empty(); }, wait, deadline, why)) return false;
    if (!greeted_) why = "RELP: " + refused_offers_;
    return greeted_;
  }

  template <typename Condition>
  bool talk_until(Condition done, waiter& wait, steady_time deadline, std::string& why) {
    while (!wait.stopping()) {
      if (auto how = hear(); how.what != outcome::done) return why = how.why, false;
      if (done()) return true;
      const auto events = static_cast<short>(has_unsent() ? POLLIN | POLLOUT : POLLIN);
      if (wait.wait(socket(), events, deadline) == waiter::event::timeout) return why = "RELP: no answer", false;
    }
    return why = "asked to stop", false;
  }

  // As many whole lines as the window has room for.
  write_result send(std::span<const iovec> pieces) override {
    std::size_t taken = 0;
    for (const auto& each : pieces) {
      line_cursor lines({static_cast<const char*>(each.iov_base), each.iov_len}, framing::octet);
      std::size_t before = 0;
      for (std::string_view line; !is_full() && unsent_.size() - sent_ < most_unsent_bytes && lines.next(line); before = lines.offset()) {
        append_relp_frame(number_, "syslog", line, unsent_);
        waiting_.push_back({number_, lines.offset() - before});
        number_ = next_relp_number(number_);
      }
      taken += before;
      if (before < each.iov_len) break;
    }
    taken_ += taken;
    auto how = put();
    return {taken, how.what, std::move(how.why)};
  }

  // What was put together goes as far as it does without waiting.
  result put() {
    while (has_unsent()) {
      auto bytes = std::string_view(unsent_).substr(sent_);
      if (begun_ > 0) bytes = bytes.substr(0, begun_);
      begun_ = 0;
      if (session_) {
        const auto moved = session_->write(bytes);
        if (moved.how == tls_session::step::wants_write || moved.how == tls_session::step::wants_read) return begun_ = bytes.size(), result{};
        if (moved.how != tls_session::step::done) return {outcome::retry, fmt::format("unable to write to {}: {}", here(), session_->why())};
        sent_ += moved.bytes;
      } else {
        const ssize_t n = ::send(socket(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) return {};
        if (n < 0) return lost(errno);
        sent_ += static_cast<std::size_t>(n);
      }
    }
    unsent_.clear();
    sent_before_ += std::exchange(sent_, 0);
    return {};
  }

  // Answers first: those of a peer that has gone since count too.
  result hear() override {
    auto how = read_answers();
    if (how.what == outcome::done) how = put();
    if (how.what == outcome::retry) static_cast<void>(read_answers());
    return how;
  }

  result read_answers() {
    std::array<char, 16 * 1024> text;
    for (;;) {
      std::size_t size = 0;
      if (session_) {
        const auto moved = session_->read(text);
        if (moved.how == tls_session::step::wants_read || moved.how == tls_session::step::wants_write) return {};
        if (moved.how == tls_session::step::closed) return {outcome::retry, fmt::format("{} has closed the connection", here())};
        if (moved.how == tls_session::step::failed) return {outcome::retry, fmt::format("the connection to {} is lost: {}", here(), session_->why())};
        size = moved.bytes;
      } else {
        const ssize_t got = ::recv(socket(), text.data(), text.size(), MSG_DONTWAIT);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && errno == EAGAIN) return {};
        if (got < 0) return lost(errno);
        if (got == 0) return {outcome::retry, fmt::format("{} has closed the connection", here())};
        size = static_cast<std::size_t>(got);
      }
      if (auto how = understand({text.data(), size}); how.what != outcome::done) return how;
    }
  }

  result understand(std::string_view text) {
    const auto nonsense = [&](std::string_view why) {
      return result{outcome::retry, fmt::format("{} does not speak RELP: {}", here(), why)};
    };
    using found = relp_parser::found;
    for (;;) {
      const auto piece = parser_.next(text);
      switch (piece.what) {
        case found::nothing: return {};
        case found::command: answer_.clear(); break;
        case found::length: break;
        case found::data:
          if (parser_.length() > longest_answer) return nonsense("an answer of more than 4096 bytes");
          answer_.append(piece.bytes);
          break;
        case found::end:
          if (parser_.command() == "serverclose") return {outcome::retry, fmt::format("{} ends the session", here())};
          if (parser_.command() == "rsp" && !take_answer()) return nonsense("an answer to nothing");
          break;
        case found::malformed: return nonsense(parser_.why());
      }
    }
  }

  // Answers may come in any order; lines count as taken in theirs.
  bool take_answer() {
    const auto one = std::find_if(waiting_.begin(), waiting_.end(), [&](const auto& each) { return each.number == parser_.number() && !each.answered; });
    if (one == waiting_.end()) return false;
    one->answered = true;
    const auto answer = read_relp_answer(answer_);
    if (one->bytes > 0 && answer.code != 200) {
      std::uint64_t end = answered_;
      for (auto it = waiting_.begin(); it <= one; ++it) end += it->bytes;
      const refusal said{end, fmt::format("{} does not take a line: {}", here(), answer_)};
      refusals_.insert(std::upper_bound(refusals_.begin(), refusals_.end(), end, [](auto at, const auto& each) { return at < each.end; }), said);
    }
    if (one->bytes == 0 && !greeted_) {
      refused_offers_ = answer.code == 200 ? wrong_with_relp_offers(answer.offers) : fmt::format("it refuses the session: {}", answer_);
      greeted_ = refused_offers_.empty();
    }
    for (; !waiting_.empty() && waiting_.front().answered; waiting_.pop_front()) answered_ += waiting_.front().bytes;
    return true;
  }

  [[nodiscard]] bool is_full() const { return waiting_.size() >= window_; }
  [[nodiscard]] bool has_unsent() const { return sent_ < unsent_.size(); }

  const std::size_t window_;
  const std::optional<tls_settings> tls_;
  std::optional<tls_context> context_;
  std::unique_ptr<tls_session> session_;

  relp_parser parser_;
  std::string answer_;          // of the frame that is being read
  std::string refused_offers_;  // why there is no session
  std::string unsent_;
  std::size_t sent_ = 0, begun_ = 0;  // of it; what TLS wants to be given again
  std::uint64_t sent_before_ = 0;     // to this peer, without TLS
  bool greeted_ = false, closing_ = false;
  std::uint32_t number_ = 1;  // of the next frame
  std::deque<waiting_frame> waiting_;
  std::deque<refusal> refusals_;
  std::uint64_t taken_ = 0, answered_ = 0;  // bytes of the listener's, since open()
};

constexpr option_row relp_rows[] = {
    {.name = "format", .type = option_type::text, .fallback = "rfc5424",
     .help = "How a line is written, as for every output, but with another default.", .value_name = "FORMAT"},
    relp_framing_row,
    {.name = "window", .type = option_type::count, .fallback = "128",
     .help = "How many lines may be on their way without an answer.", .least = "1", .most = "16384"},
};
constexpr auto relp_tcp_rows = joined(relp_rows, tcp_output_rows);
constexpr auto relp_tls_rows = joined(relp_rows, tcp_output_rows, tls_output_rows);

std::unique_ptr<output> make_relp(const output_config& config, std::optional<tls_settings> tls) {
  return std::make_unique<relp_connection>(places_of(config, {}), tcp_connection_settings(config.options), config.options.count("window"),
                                           std::move(tls));
}

}  // namespace

const output_kind relp_output_kind{"relp", "relp://HOST:PORT", "RELP, whose peer says what it has", relp_tcp_rows,
                                   [](const output_config& config, mistakes& wrong) { check_tcp_output(config, wrong); },
                                   [](const output_config& config) { return make_relp(config, {}); }, true};
const output_kind relp_tls_output_kind{"relp+tls", "relp+tls://HOST:PORT", "RELP over TLS", relp_tls_rows,
                                       [](const output_config& config, mistakes& wrong) { check_tls_output(config, wrong); },
                                       [](const output_config& config) {
                                         return make_relp(config, tls_output_settings(config.options, places_of(config, {}).to.front().host));
                                       }, true};

}  // namespace logrelay
