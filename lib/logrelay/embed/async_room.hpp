#pragma once
/// Waiting for room in a publisher's queue, as an operation of Boost.Asio: what lets a coroutine publish without loss at
/// the pace of an output, while the event loop goes on.
///
///     co_await logrelay::async_room(audit, boost::asio::use_awaitable);
///     audit.publish(line);
///
/// Completes with void(error_code), through the handler's executor, never within the call: success when a slice finds room
/// or the publisher has been stopped (publish() tells which), operation_aborted when it was cancelled; terminal, partial
/// and total cancellation are all supported, since nothing has happened then. Of many that wait, as many go on as find room.
/// As ever with Asio, an operation and its cancellation belong in one (implicit) strand. The publisher outlives the
/// operation, which is over when it completes or its execution context is destroyed. Costs two allocations where it has to
/// wait; no thread, no timer.
#include <logrelay/embed/room_wait.hpp>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/query.hpp>
#include <boost/system/error_code.hpp>

#include <memory>
#include <optional>
#include <utility>

namespace logrelay {
namespace detail {

class room_service final : public boost::asio::execution_context::service {
 public:
  using key_type = room_service;
  inline static boost::asio::execution_context::id id;
  explicit room_service(boost::asio::execution_context& context) : service(context) {}
  const std::shared_ptr<room_waits> waits = std::make_shared<room_waits>();

 private:
  void shutdown() override { waits->end(); }
};

template <typename Executor>
std::shared_ptr<room_waits> waits_of(const Executor& executor) {
  boost::asio::execution_context& context = boost::asio::query(executor, boost::asio::execution::context);
  return boost::asio::use_service<room_service>(context).waits;
}

template <typename Handler>
class room_operation final : public room_wait {
 public:
  room_operation(Handler&& handler, publisher& to)
      : room_wait(to, waits_of(boost::asio::get_associated_executor(handler))),
        handler_(std::move(handler)),
        work_(boost::asio::make_work_guard(boost::asio::get_associated_executor(*handler_))) {}

  // All that is asked of the handler comes first: once it waits, it may be called, and gone, on another thread.
  static void start(const std::shared_ptr<room_operation>& self) {
    if (auto slot = boost::asio::get_associated_cancellation_slot(*self->handler_); slot.is_connected())
      slot.assign([weak = std::weak_ptr(self)](boost::asio::cancellation_type) {
        if (const auto still = weak.lock()) still->cancel();
      });
    self->begin();
  }

 private:
  void post(bool cancelled) override {
    boost::asio::post(work_->get_executor(), [self = std::static_pointer_cast<room_operation>(shared_from_this()), cancelled] {
      if (!self->completed(cancelled)) return;
      if (auto slot = boost::asio::get_associated_cancellation_slot(*self->handler_); slot.is_connected()) slot.clear();
      auto handler = std::move(*self->handler_);
      self->drop_handler();
      std::move(handler)(cancelled ? boost::system::error_code(boost::asio::error::operation_aborted) : boost::system::error_code());
    });
  }

  void drop_handler() override {
    handler_.reset();
    work_.reset();
  }

  std::optional<Handler> handler_;
  std::optional<boost::asio::executor_work_guard<boost::asio::associated_executor_t<Handler>>> work_;
};

}  // namespace detail

template <typename CompletionToken>
auto async_room(publisher& to, CompletionToken&& token) {
  return boost::asio::async_initiate<CompletionToken, void(boost::system::error_code)>(
      [](auto handler, publisher* into) {
        using operation = detail::room_operation<decltype(handler)>;
        operation::start(std::make_shared<operation>(std::move(handler), *into));
      },
      token, &to);
}

}  // namespace logrelay
