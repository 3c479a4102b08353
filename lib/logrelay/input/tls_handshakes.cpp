#include <logrelay/input/tls_handshakes.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <pthread.h>

#include <set>
#include <thread>

namespace logrelay {

namespace asio = boost::asio;
constexpr auto await = asio::as_tuple(asio::use_awaitable);

struct tls_handshakes::parts {
  parts(tls_context& with, std::chrono::milliseconds most, std::function<void(std::shared_ptr<outcome>)> on_done,
        std::function<void(const std::string&)> on_warn)
      : context(with), limit(most), done(std::move(on_done)), warn(std::move(on_warn)) {}

  asio::awaitable<void> shake(std::shared_ptr<outcome> one);
  asio::awaitable<bool> agree(outcome& one, asio::posix::stream_descriptor& ready, const bool& late);

  tls_context& context;
  const std::chrono::milliseconds limit;
  const std::function<void(std::shared_ptr<outcome>)> done;
  const std::function<void(const std::string&)> warn;
  asio::io_context io{1};
  asio::executor_work_guard<asio::io_context::executor_type> work = asio::make_work_guard(io);
  std::set<asio::steady_timer*> deadlines;
  bool hurried = false;
  std::thread thread;
};

asio::awaitable<void> tls_handshakes::parts::shake(std::shared_ptr<outcome> one) {
  {
    asio::posix::stream_descriptor ready(io, one->connection.get());
    asio::steady_timer deadline(io, hurried ? std::chrono::milliseconds(0) : limit);
    bool late = false;
    deadlines.insert(&deadline);
    deadline.async_wait([&ready, &late](boost::system::error_code ec) {
      if (ec == asio::error::operation_aborted && !ready.is_open()) return;
      late = true;
      boost::system::error_code ignored;
      ready.cancel(ignored);
    });
    const bool agreed = co_await agree(*one, ready, late);
    deadlines.erase(&deadline);
    static_cast<void>(ready.release());
    if (!agreed) one->session.reset();
    deadline.cancel();
    // Its handler refers to what ends here.
    co_await asio::post(io, asio::use_awaitable);
  }
  done(std::move(one));
}

asio::awaitable<bool> tls_handshakes::parts::agree(outcome& one, asio::posix::stream_descriptor& ready, const bool& late) {
  if (const auto wrong = context.refresh(); !wrong.empty()) warn(wrong);
  one.session = context.session(one.connection.get());
  while (one.session) {
    const auto how = one.session->handshake();
    if (how == tls_session::step::done) {
      one.session->read_ahead();
      co_return true;
    }
    if (how == tls_session::step::failed) {
      one.why = one.session->why();
      co_return false;
    }
    if (late) break;  // and not with what had come by then
    const auto what = how == tls_session::step::wants_write ? ready.wait_write : ready.wait_read;
    co_await ready.async_wait(what, await);
  }
  one.why = !late ? "out of memory" : hurried ? "" : "the handshake took too long";
  co_return false;
}

tls_handshakes::tls_handshakes(tls_context& context, std::chrono::milliseconds limit, std::function<void(std::shared_ptr<outcome>)> done,
                               std::function<void(const std::string&)> warn)
    : parts_(std::make_unique<parts>(context, limit, std::move(done), std::move(warn))) {
  parts_->thread = std::thread([my = parts_.get()] {
    ::pthread_setname_np(::pthread_self(), "in:tls");
    my->io.run();
  });
}

tls_handshakes::~tls_handshakes() {
  parts_->io.stop();
  parts_->thread.join();
}

void tls_handshakes::read_again() {
  asio::post(parts_->io, [my = parts_.get()] {
    if (const auto wrong = my->context.read_again(); !wrong.empty()) my->warn(wrong);
  });
}

void tls_handshakes::submit(fd connection, const address& peer, std::unique_ptr<guard::visit> visit) {
  auto one = std::make_shared<outcome>(outcome{std::move(connection), peer, nullptr, {}, std::move(visit)});
  asio::post(parts_->io, [my = parts_.get(), one = std::move(one)]() mutable {
    asio::co_spawn(my->io, my->shake(std::move(one)), asio::detached);
  });
}

void tls_handshakes::hurry() {
  asio::post(parts_->io, [my = parts_.get()] {
    my->hurried = true;
    for (auto* each : my->deadlines) each->expires_at(asio::steady_timer::time_point::min());
  });
}

}  // namespace logrelay
