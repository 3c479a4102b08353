#pragma once
/// Waiting for room in a publisher's queue, as an operation of Boost.Asio: what lets a coroutine publish without loss at
/// the pace of an output, while the event loop goes on.
///
///     co_await logrelay::async_room(audit, boost::asio::use_awaitable);
///     audit.publish(line);
///
/// Completes with void(error_code), through the handler's executor, never within the call: success when a slice finds room
/// or the publisher has been stopped (publish() tells which), operation_aborted when it was cancelled; terminal, partial
/// and total cancellation are all supported, since nothing has happened then. As ever with Asio, an operation and its
/// cancellation belong in one (implicit) strand. The publisher outlives the operation. Costs one allocation where it has to
/// wait; no thread, no timer.
#include <logrelay/embed/publisher.hpp>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/error_code.hpp>

#include <atomic>
#include <memory>
#include <utility>

namespace logrelay {
namespace detail {

template <typename Handler>
class room_operation : public std::enable_shared_from_this<room_operation<Handler>> {
 public:
  explicit room_operation(Handler&& handler)
      : handler_(std::move(handler)), work_(boost::asio::make_work_guard(boost::asio::get_associated_executor(handler_))) {}

  void start(publisher& to) {
    const auto waiter = to.when_room([self = this->shared_from_this()] { self->complete({}); });
    auto slot = boost::asio::get_associated_cancellation_slot(handler_);
    if (waiter == 0 || !slot.is_connected()) return;
    slot.assign([self = this->weak_from_this(), &to, waiter](boost::asio::cancellation_type) {
      const auto still = self.lock();
      if (still && !still->completed_.load() && to.forget(waiter)) still->complete(boost::asio::error::operation_aborted);
    });
  }

 private:
  void complete(boost::system::error_code ec) {
    if (completed_.exchange(true)) return;
    boost::asio::post(work_.get_executor(), [self = this->shared_from_this(), ec] {
      if (auto slot = boost::asio::get_associated_cancellation_slot(self->handler_); slot.is_connected()) slot.clear();
      auto handler = std::move(self->handler_);
      self->work_.reset();
      std::move(handler)(ec);
    });
  }

  Handler handler_;
  boost::asio::executor_work_guard<boost::asio::associated_executor_t<Handler>> work_;
  std::atomic<bool> completed_{false};
};

}  // namespace detail

template <typename CompletionToken>
auto async_room(publisher& to, CompletionToken&& token) {
  return boost::asio::async_initiate<CompletionToken, void(boost::system::error_code)>(
      [](auto handler, publisher* into) {
        std::make_shared<detail::room_operation<decltype(handler)>>(std::move(handler))->start(*into);
      },
      token, &to);
}

}  // namespace logrelay
