#include <logrelay/observe/report_server.hpp>

#include <logrelay/observe/metrics.hpp>
#include <logrelay/util/utf8.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>
#include <pthread.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <optional>

namespace logrelay {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

using stream = asio::generic::stream_protocol::socket;
using response = http::response<http::string_body>;
using shared_report = std::shared_ptr<const relay_report>;

constexpr auto no_error = asio::as_tuple(asio::use_awaitable);
// When descriptors have run out: until somebody may have closed one.
constexpr auto breath = std::chrono::seconds(1);
// What a client may still send once it is answered: closing on it would take the answer back.
constexpr std::size_t leftovers = 64 * 1024;

constexpr std::string_view index_text =
    "logrelay\n"
    "\n"
    "/metrics  the balance, for Prometheus\n"
    "/healthz  200 when all is well, 503 and the reasons when an output is stalled or drops lines, or an input has failed\n"
    "/report   the balance, as JSON\n";

response made(http::status status, std::string_view type, std::string text) {
  response answer(status, 11);
  answer.set(http::field::content_type, type);
  answer.set(http::field::cache_control, "no-store");
  answer.keep_alive(false);
  answer.body() = std::move(text);
  answer.prepare_payload();
  return answer;
}

response plain(http::status status, std::string_view text) {
  return made(status, "text/plain; charset=utf-8", std::string(text) + "\n");
}

response health(const relay_report& report) {
  auto wrong = troubles(report);
  if (wrong.empty()) return plain(http::status::ok, "ok");
  for (auto& each : wrong) each = as_shown(each);  // a peer's words may be in it
  return plain(http::status::service_unavailable, fmt::format("{}", fmt::join(wrong, "\n")));
}

}  // namespace

struct report_server::state {
  state(std::string told, std::function<void()> asks, report_server_limits bounds)
      : version(std::move(told)), ask(std::move(asks)), limits(bounds) {}

  /// Somebody who waits for a report, until then or his time is up.
  struct waiting {
    explicit waiting(asio::io_context& at) : until(at) {}
    asio::steady_timer until;
    shared_report got;
  };

  asio::awaitable<void> take_in(fd listening);
  asio::awaitable<void> serve(std::shared_ptr<stream> with);
  asio::awaitable<std::optional<response>> read_and_answer(stream& with, http::verb& method);
  asio::awaitable<response> page(std::string_view target);
  asio::awaitable<shared_report> report();
  void ask_in_time();
  void answered(shared_report with);
  void left();

  const std::string version;
  const std::function<void()> ask;
  const report_server_limits limits;
  std::size_t open = 0;
  // Only who waited when the report was asked for gets it: it must not be older than the request.
  std::vector<waiting*> asking, next;
  bool asked = false;
  std::optional<std::chrono::steady_clock::time_point> last_asked;

  asio::io_context io{1};
  asio::steady_timer pace{io};
  std::vector<asio::steady_timer*> full;  // who accepts, and waits until a connection leaves
  std::thread thread;
};

report_server::report_server(std::vector<fd> listening, std::string version, std::function<void()> ask, report_server_limits limits)
    : state_(std::make_unique<state>(std::move(version), std::move(ask), limits)) {
  for (auto& each : listening) asio::co_spawn(state_->io, state_->take_in(std::move(each)), asio::detached);
  state_->thread = std::thread([s = state_.get()] {
    ::pthread_setname_np(::pthread_self(), "http");
    s->io.run();
  });
}

report_server::~report_server() {
  state_->io.stop();
  state_->thread.join();
}

void report_server::answer(relay_report report) {
  asio::post(state_->io, [s = state_.get(), with = std::make_shared<const relay_report>(std::move(report))] { s->answered(with); });
}

asio::awaitable<void> report_server::state::take_in(fd listening) {
  asio::posix::stream_descriptor ready(io, listening.release());
  asio::steady_timer pause(io);
  for (;;) {
    while (open >= limits.connections) {
      pause.expires_at(asio::steady_timer::time_point::max());
      full.push_back(&pause);
      co_await pause.async_wait(no_error);
      std::erase(full, &pause);
    }
    const auto [ec] = co_await ready.async_wait(ready.wait_read, no_error);
    if (ec) co_return;
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    fd accepted(::accept4(ready.native_handle(), reinterpret_cast<sockaddr*>(&peer), &size, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!accepted && (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)) {
      pause.expires_after(breath);
      co_await pause.async_wait(no_error);
    }
    if (!accepted) continue;
    sockaddr_storage own{};
    size = sizeof own;
    ::getsockname(accepted.get(), reinterpret_cast<sockaddr*>(&own), &size);
    boost::system::error_code refused;
    auto with = std::make_shared<stream>(io);
    with->assign({own.ss_family, 0}, accepted.get(), refused);
    if (refused) continue;
    static_cast<void>(accepted.release());
    ++open;
    asio::co_spawn(io, serve(std::move(with)), asio::detached);
  }
}

void report_server::state::left() {
  --open;
  for (auto* each : full) each->cancel();
}

asio::awaitable<void> report_server::state::serve(std::shared_ptr<stream> with) {
  asio::steady_timer deadline(io, limits.whole);
  deadline.async_wait([with](boost::system::error_code late) {
    boost::system::error_code closed;
    if (!late) with->close(closed);
  });
  http::verb method{};
  auto answer = co_await read_and_answer(*with, method);
  if (answer) {
    boost::system::error_code failed;
    http::response_serializer<http::string_body> writing(*answer);
    if (method == http::verb::head) {
      const auto [ec, n] = co_await http::async_write_header(*with, writing, no_error);
      failed = ec;
    } else {
      const auto [ec, n] = co_await http::async_write(*with, writing, no_error);
      failed = ec;
    }
    if (!failed) with->shutdown(stream::shutdown_send, failed);
    std::array<char, 1024> unread;
    for (std::size_t total = 0; !failed && total < leftovers;) {
      const auto [ec, n] = co_await with->async_read_some(asio::buffer(unread), no_error);
      failed = ec;
      total += n;
    }
  }
  deadline.cancel();
  boost::system::error_code closed;
  with->close(closed);
  left();
}

asio::awaitable<std::optional<response>> report_server::state::read_and_answer(stream& with, http::verb& method) {
  beast::flat_buffer buffer(limits.request_bytes + 1024);
  http::request_parser<http::empty_body> request;
  request.header_limit(static_cast<std::uint32_t>(limits.request_bytes));
  request.body_limit(boost::none);  // it is not read
  const auto [ec, n] = co_await http::async_read_header(with, buffer, request, no_error);
  if (ec == http::error::header_limit || ec == http::error::buffer_overflow)
    co_return plain(http::status::request_header_fields_too_large, "the request is too long");
  if (ec && ec.category() == http::make_error_code(http::error::bad_method).category() && ec != http::error::end_of_stream &&
      ec != http::error::partial_message)
    co_return plain(http::status::bad_request, "this is no request of HTTP");
  if (ec) co_return std::nullopt;  // it has gone, or its time was up
  method = request.get().method();
  if (method != http::verb::get && method != http::verb::head) {
    auto refused = plain(http::status::method_not_allowed, "only GET and HEAD are served here");
    refused.set(http::field::allow, "GET, HEAD");
    co_return refused;
  }
  const auto target = std::string(request.get().target());
  co_return co_await page(std::string_view(target).substr(0, target.find('?')));
}

asio::awaitable<response> report_server::state::page(std::string_view target) {
  if (target == "/") co_return plain(http::status::ok, index_text);
  const bool known = target == "/metrics" || target == "/healthz" || target == "/report";
  if (!known) co_return plain(http::status::not_found, "there is /metrics, /healthz and /report");
  const auto now = co_await report();
  if (!now) co_return plain(http::status::service_unavailable, "the relay did not report in time");
  if (target == "/metrics") co_return made(http::status::ok, metrics_content_type, to_metrics(*now, version));
  if (target == "/healthz") co_return health(*now);
  co_return made(http::status::ok, "application/json", to_json(*now, version) + "\n");
}

asio::awaitable<shared_report> report_server::state::report() {
  waiting me(io);
  me.until.expires_after(limits.report);
  next.push_back(&me);
  ask_in_time();
  co_await me.until.async_wait(no_error);
  std::erase(asking, &me);
  std::erase(next, &me);
  co_return me.got;
}

void report_server::state::ask_in_time() {
  if (std::exchange(asked, true)) return;
  const auto go = [this] {
    last_asked = std::chrono::steady_clock::now();
    asking = std::exchange(next, {});
    ask();
  };
  if (!last_asked || std::chrono::steady_clock::now() - *last_asked >= limits.between) return go();
  pace.expires_at(*last_asked + limits.between);
  pace.async_wait([go](boost::system::error_code stopped) {
    if (!stopped) go();
  });
}

void report_server::state::answered(shared_report with) {
  asked = false;
  for (auto* each : std::exchange(asking, {})) {
    each->got = with;
    each->until.cancel();
  }
  if (!next.empty()) ask_in_time();
}

}  // namespace logrelay
