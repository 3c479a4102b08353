#include <logrelay/input/gate.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace logrelay {

namespace asio = boost::asio;

gate::gate(reader& at, input& of, wake& readers_wake) : reader_(at), input_(of), wake_(readers_wake), until_(at.io()) {}

std::size_t gate::ask() {
  auto answer = reader_.handler().room_for(input_.index());
  if (answer.how_much.bytes == 0) {
    wake_.prepare_sleep();
    answer = reader_.handler().room_for(input_.index());  // room may have come before we said that we sleep
  }
  if (answer.how_much.bytes > 0) return answer.how_much.bytes;
  input_.held.hold(answer.held_by, reader_.clock().now());
  if (answer.how_much.until != steady_time::max() && answer.how_much.until != until_.expiry()) {
    until_.expires_at(answer.how_much.until);
    until_.async_wait([this, here = std::weak_ptr(here_)](boost::system::error_code ec) {
      if (ec || here.expired()) return;
      until_.expires_at(steady_time::max());  // done with: the same moment again is another wait
      look();
    });
  }
  return 0;
}

std::size_t gate::room() { return waiting_.empty() ? ask() : 0; }

asio::awaitable<std::size_t> gate::wait_for_room() {
  asio::steady_timer turn(reader_.io(), steady_time::max());
  waiting_.push_back(&turn);
  for (;;) {
    co_await turn.async_wait(asio::as_tuple(asio::use_awaitable));
    const std::size_t bytes = ask();
    if (bytes == 0) continue;
    waiting_.pop_front();
    if (waiting_.empty())
      input_.held.release(reader_.clock().now());
    else
      look();
    co_return bytes;
  }
}

void gate::look() {
  if (!waiting_.empty()) waiting_.front()->cancel();
}

}  // namespace logrelay
