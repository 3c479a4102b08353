#include <catch2/catch.hpp>
#include <logrelay/core/queue_handler.hpp>

#include <poll.h>

#include <atomic>
#include <thread>
#include <vector>

namespace logrelay {
namespace {

using namespace std::chrono_literals;

class noting_queue final : public queue {
 public:
  void push(const batch& lines) override { pushed.push_back(lines.from->input); }
  room room_now() override { return answer; }
  bool takes(std::size_t bytes) override { return bytes <= answer.bytes; }
  void close() override {}
  void take(std::vector<batch>&, std::size_t) override {}
  void ack(std::size_t, const settled&) override {}
  void progressed() override {}
  void rewind() override {}
  bool ready() const override { return false; }
  bool finished() const override { return false; }
  ledger account() const override { return {}; }

  std::vector<std::size_t> pushed;
  room answer{1000};
};

batch lines_of(std::size_t input) {
  batch made;
  auto from = std::make_shared<source>();
  from->input = input;
  made.from = from;
  return made;
}

bool signalled(const wake& one) {
  pollfd now{one.descriptor(), POLLIN, 0};
  return ::poll(&now, 1, 0) == 1;
}

constexpr auto unlimited = static_cast<std::size_t>(-1);

TEST_CASE("lines go to the outputs of their input and to no other") {
  queue_handler handler;
  noting_queue first, second;
  handler.connect(0, 0, first);
  handler.connect(2, 0, first);
  handler.connect(2, 1, second);
  for (const std::size_t input : {0, 1, 2, 3}) handler.publish(lines_of(input));
  CHECK(first.pushed == std::vector<std::size_t>{0, 2});
  CHECK(second.pushed == std::vector<std::size_t>{2});
}

TEST_CASE("an input may read what the tightest of its outputs allows") {
  queue_handler handler;
  noting_queue first, second;
  handler.connect(0, 4, first);
  handler.connect(0, 7, second);
  first.answer = {500};
  CHECK(handler.room_for(0).how_much.bytes == 500);
  CHECK(handler.room_for(0).held_by == 4);
  second.answer = {0, steady_time(5s)};
  CHECK(handler.room_for(0).how_much.bytes == 0);
  CHECK(handler.room_for(0).held_by == 7);
}

TEST_CASE("an input that two outputs hold waits for the one that holds it longer") {
  queue_handler handler;
  noting_queue first, second;
  handler.connect(0, 0, first);
  handler.connect(0, 1, second);
  first.answer = {0, steady_time(5s)};
  second.answer = {0};
  CHECK(handler.room_for(0).how_much.until == steady_time::max());
  CHECK(handler.room_for(0).held_by == 1);
  second.answer = {0, steady_time(4s)};
  CHECK(handler.room_for(0).how_much.until == steady_time(5s));
  CHECK(handler.room_for(0).held_by == 0);
}

TEST_CASE("an input that nobody takes may read without limit") {
  queue_handler handler;
  noting_queue first;
  handler.connect(1, 0, first);
  CHECK(handler.room_for(0).how_much.bytes == unlimited);
  CHECK(handler.room_for(7).how_much.bytes == unlimited);
  first.answer = {unlimited};
  CHECK(handler.room_for(1).how_much.bytes == unlimited);
}

TEST_CASE("room wakes every reader that sleeps, until it is removed") {
  queue_handler handler;
  wake sleeping, awake, removed;
  handler.add_waiter(sleeping);
  handler.add_waiter(awake);
  handler.add_waiter(removed);
  sleeping.prepare_sleep();
  removed.prepare_sleep();
  handler.remove_waiter(removed);
  handler.room_again();
  CHECK(signalled(sleeping));
  CHECK_FALSE(signalled(awake));
  CHECK_FALSE(signalled(removed));
}


TEST_CASE("new routes take the place of all old ones while lines are published") {
  queue_handler handler;
  noting_queue first, second;
  handler.connect(0, 0, first);
  std::atomic<std::size_t> published{0};
  std::thread reader([&] {
    for (; published < 2000; ++published) handler.publish(lines_of(0));
  });
  // Each batch goes to one of them; once set_routes has returned the other is left alone.
  while (published < 1000) {
    handler.set_routes({{{0, &second}}});
    const auto before = first.pushed.size();
    std::this_thread::yield();
    CHECK(first.pushed.size() == before);
    handler.set_routes({{{0, &first}}});
    CHECK_FALSE(handler.room_for(0).how_much.bytes == 0);
  }
  reader.join();
  CHECK(first.pushed.size() + second.pushed.size() == 2000);
}

TEST_CASE("where nobody takes anything any more all inputs are held") {
  queue_handler handler;
  noting_queue queue;
  handler.connect(1, 0, queue);
  handler.set_routes({{}, {}});
  CHECK(handler.room_for(0).how_much.bytes == 0);
  CHECK(handler.room_for(1).how_much.bytes == 0);
  handler.set_routes({{}, {{0, &queue}}});
  CHECK(handler.room_for(0).how_much.bytes == unlimited);  // nobody is interested in that one
}

TEST_CASE("who waits for a queue that is no longer there is woken") {
  queue_handler handler;
  noting_queue full;
  full.answer = {0};
  handler.connect(0, 0, full);
  wake reader;
  handler.add_waiter(reader);
  reader.prepare_sleep();
  CHECK(handler.room_for(0).how_much.bytes == 0);
  handler.set_routes({});
  CHECK(signalled(reader));
  CHECK(handler.room_for(0).how_much.bytes == unlimited);
}
}  // namespace
}  // namespace logrelay
