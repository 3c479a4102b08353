#pragma once
/// What stands between one input and the queues that it feeds: whoever reads asks it for room first. Streams that have
/// to wait are let through one after the other, so that none is forgotten and little room does not wake a thousand.
/// Reader's thread only.
#include <logrelay/input/reader.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <deque>
#include <memory>

namespace logrelay {

class gate {
 public:
  gate(reader& at, input& of, wake& readers_wake);

  /// Bytes that may be read now; 0: wait for room.
  [[nodiscard]] std::size_t room();
  /// Bytes that may be read, after as long as it takes.
  boost::asio::awaitable<std::size_t> wait_for_room();
  /// There may be room again.
  void look();

 private:
  [[nodiscard]] std::size_t ask();

  reader& reader_;
  input& input_;
  wake& wake_;
  std::deque<boost::asio::steady_timer*> waiting_;
  boost::asio::steady_timer until_;  // the queue's answer may change by itself then
  const std::shared_ptr<bool> here_ = std::make_shared<bool>();  // what is called later asks whether we still are
};

}  // namespace logrelay
