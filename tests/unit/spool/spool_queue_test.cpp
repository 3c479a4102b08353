#include <catch2/catch.hpp>
#include <logrelay/core/receipts.hpp>
#include <logrelay/error.hpp>
#include <logrelay/spool/spool_queue.hpp>
#include <support/eventually.hpp>
#include <support/fake_clock.hpp>
#include <support/simulated_disk.hpp>
#include <support/spooled_lines.hpp>

#include <condition_variable>
#include <optional>
#include <random>

namespace logrelay {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using namespace support;

// A disk that a test can hold in the middle of an operation, shared by one queue after the other.
struct held_disk {
  simulated_disk disk;
  std::mutex mutex;
  std::condition_variable changed;
  bool held = false;
  int error_number = 0, sync_error_number = 0, syncs = 0;
  std::uint64_t room = static_cast<std::uint64_t>(-1);
  int full_number = ENOSPC;

  held_disk() {
    disk.remembers = false;
    disk.fault = [this](simulated_disk::kind what, std::size_t bytes) {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return !held; });
      if (what == simulated_disk::kind::sync) return ++syncs, sync_error_number;
      // A cursor's place in its file is always there.
      if (what == simulated_disk::kind::write && bytes > 100 && disk.bytes() + bytes > room) return full_number;
      return what == simulated_disk::kind::write || what == simulated_disk::kind::create ? error_number : 0;
    };
  }
  /// All that it has for files.
  void has_room_for(std::uint64_t bytes, int otherwise = ENOSPC) {
    const std::lock_guard lock(mutex);
    room = bytes;
    full_number = otherwise;
  }
  int synced() {
    const std::lock_guard lock(mutex);
    return syncs;
  }
  void hold(bool on) {
    const std::lock_guard lock(mutex);
    held = on;
    changed.notify_all();
  }
  void fail_to_sync(int with) {
    const std::lock_guard lock(mutex);
    sync_error_number = with;
  }
  void fail(int with) {
    const std::lock_guard lock(mutex);
    error_number = with;
  }
};

// Lets a queue have a disk that stays when the queue is gone.
class borrowed_disk final : public disk {
 public:
  explicit borrowed_disk(disk& from) : from_(from) {}
  int list(std::vector<entry>& files) override { return from_.list(files); }
  int create(const std::string& name, std::unique_ptr<disk_file>& file) override { return from_.create(name, file); }
  int open(const std::string& name, std::unique_ptr<disk_file>& file) override { return from_.open(name, file); }
  int remove(const std::string& name) override { return from_.remove(name); }
  int rename(const std::string& from, const std::string& to) override { return from_.rename(from, to); }
  int sync_names() override { return from_.sync_names(); }

 private:
  disk& from_;
};

struct queue_on {
  queue_on(held_disk& on, spool_rules with, bool prepared = true) : rules(with) {
    spool_queue::parts given;
    given.rules = rules;
    given.name = "out";
    given.folder = "/spool";
    given.open = [&on] { return std::make_unique<borrowed_disk>(on.disk); };
    given.say = [this](severity, std::string_view text) {
      const std::lock_guard lock(mutex);
      said.emplace_back(text);
    };
    it.emplace(std::move(given), pool, clock, queue_events{[] {}, [] {}, [](bool, const tally&) {}});
    if (prepared) it->prepare();
    next = it->account().found.lines;
  }
  ~queue_on() { leave(); }

  void push(std::uint64_t count) {
    it->push(numbered_batch(pool, next, count, from));
    next += count;
  }
  // Takes and acks until so many lines have come, in order from `first`.
  bool deliver(std::uint64_t first, std::uint64_t count) {
    std::uint64_t expected = first;
    return eventually([&] {
      std::vector<batch> got;
      it->take(got, 100'000);
      for (const auto& each : got) {
        line_cursor lines(each.bytes(), each.frames);
        for (std::string_view line; lines.next(line);)
          if (!each.marker && number_of(line) != expected++) FAIL("out of order: " << line << " is not " << expected - 1);
        it->ack(each.size, {each.marker ? tally{} : each.count, {}, {}});
      }
      return expected >= first + count;
    });
  }
  /// Takes and acks what there is until that many have been delivered, the clock going on meanwhile or not.
  bool deliver_up_to(std::uint64_t lines, milliseconds each_time) {
    return eventually([&] {
      clock.pass(each_time);
      std::vector<batch> got;
      it->take(got, 100'000);
      for (const auto& each : got) it->ack(each.size, {each.marker ? tally{} : each.count, {}, {}});
      return it->account().delivered.lines == lines;
    });
  }
  bool has_said(std::size_t count) {
    return eventually([&] {
      const std::lock_guard lock(mutex);
      return said.size() >= count;
    });
  }
  void leave() {
    if (!it) return;
    it->leave();
    if (!eventually([&] { return it->left(); })) FAIL("the queue does not leave");
    last = it->account();
    it.reset();
  }
  bool balances() { return it->account().balances(); }

  const spool_rules rules;
  fake_clock clock;
  block_pool pool;
  std::shared_ptr<const source> from = std::make_shared<source>();
  std::mutex mutex;
  std::vector<std::string> said;
  std::uint64_t next = 0;
  ledger last;
  std::optional<spool_queue> it;
};

spool_rules spool_of(std::uint64_t bytes, overflow when_full = overflow::block, std::size_t memory = 100'000) {
  spool_rules rules;
  rules.memory.capacity_bytes = memory;
  rules.memory.when_full = when_full;
  rules.limits = {.most_bytes = bytes, .segment_bytes = bytes / 8};
  rules.sync = spool_rules::safety::none;
  return rules;
}

spool_rules spill_of(std::uint64_t bytes, std::size_t memory = 20'000) {
  auto rules = spool_of(bytes, overflow::drop_newest, memory);
  rules.disk = spool_rules::begins::when_full;
  return rules;
}

TEST_CASE("a spool hands out lines in order and leaves nothing when all are delivered") {
  held_disk disk;
  auto rules = spool_of(1'000'000);
  rules.sync = GENERATE(spool_rules::safety::none, spool_rules::safety::timed, spool_rules::safety::batch);
  queue_on a(disk, rules);
  for (int i = 0; i < 50; ++i) a.push(10);
  CHECK(a.deliver(0, 500));
  CHECK(a.it->account().delivered.lines == 500);
  CHECK(a.balances());
  a.it->close();
  CHECK(eventually([&] { return a.it->finished(); }));
  a.leave();
  CHECK(disk.disk.image().empty());
}

TEST_CASE("nothing is taken from a spool before it is on disk and it is pushed while the disk hangs") {
  held_disk disk;
  queue_on a(disk, spool_of(1'000'000));
  disk.hold(true);
  a.push(10);
  std::vector<batch> got;
  a.it->take(got, 1000);
  CHECK(got.empty());
  CHECK(a.it->account().pending.lines == 10);
  CHECK(a.it->account().spooled.lines == 0);
  disk.hold(false);
  CHECK(a.deliver(0, 10));
}

TEST_CASE("what a spool had is found by the next one and counts as accepted") {
  held_disk disk;
  {
    queue_on a(disk, spool_of(1'000'000));
    for (int i = 0; i < 300; ++i) a.push(10);
    CHECK(a.deliver(0, 5));  // it hands out whole slices
    a.leave();
    CHECK(a.last.pending.lines > 0);
    CHECK(a.last.spooled == a.last.pending);
  }
  queue_on b(disk, spool_of(1'000'000));
  const auto found = b.it->account().found;
  CHECK(b.it->account().accepted == found);
  CHECK(b.balances());
  const auto first = 3000 - found.lines;
  b.next = 3000;
  b.push(10);
  CHECK(b.deliver(first, found.lines + 10));
  CHECK(b.it->account().delivered.lines == found.lines + 10);
  CHECK(b.balances());
}

TEST_CASE("what is pushed before there is a disk waits in memory and comes behind what the disk has") {
  held_disk disk;
  const auto rules = GENERATE(spool_of(1'000'000), spill_of(1'000'000));
  const auto left_before = GENERATE(0U, 2000U);
  std::uint64_t next = 0;
  if (left_before > 0) {
    queue_on a(disk, rules);
    a.push(left_before);
    CHECK(a.deliver(0, 5));
    a.leave();
    REQUIRE(a.last.spooled == a.last.pending);
    next = left_before - a.last.pending.lines;
  }
  queue_on b(disk, rules, false);
  b.next = left_before;
  b.push(10);
  std::vector<batch> got;
  b.it->take(got, 1000);
  CHECK(got.empty());
  CHECK(b.it->account().pending.lines == 10);
  CHECK(b.it->account().spooled.lines == 0);
  CHECK(b.balances());
  b.it->prepare();
  CHECK(b.deliver(next, left_before + 10 - next));
  b.push(10);
  CHECK(b.deliver(left_before + 10, 10));
  CHECK(b.balances());
  b.leave();
  CHECK(b.last.pending.lines == 0);
  CHECK(disk.disk.image().empty());
}

TEST_CASE("a queue that is told to leave before it has its disk keeps what it holds once it has") {
  held_disk disk;
  const auto rules = GENERATE(spool_of(1'000'000), spill_of(1'000'000));
  {
    queue_on a(disk, rules, false);
    a.push(10);
    a.it->leave();
    a.it->prepare();
    a.leave();
    CHECK(a.last.spooled.lines == 10);
  }
  queue_on b(disk, rules);
  CHECK(b.deliver(0, 10));
}

TEST_CASE("memory stays within the queue while a spool grows and everything comes in order") {
  held_disk disk;
  queue_on a(disk, spool_of(10'000'000, overflow::block, 50'000));
  for (int i = 0; i < 2000; ++i) {
    a.push(20);
    if (a.it->room_now().bytes == 0) REQUIRE(eventually([&] { return a.it->room_now().bytes > 0; }));
  }
  REQUIRE(eventually([&] { return a.it->account().spooled.lines == 40'000; }));
  CHECK(a.it->account().queue_bytes <= 50'000);
  CHECK(a.balances());
  CHECK(a.deliver(0, 40'000));
  CHECK(a.balances());
  CHECK(a.it->account().pending.lines == 0);
}

TEST_CASE("a spool that is full lets the policy decide and takes lines again when some are delivered") {
  held_disk disk;
  queue_on a(disk, spool_of(64 * 1024, overflow::drop_newest, 20'000));
  for (int i = 0; i < 1000; ++i) {
    a.push(10);
    if (i % 10 == 0) std::this_thread::yield();
  }
  REQUIRE(eventually([&] { return a.it->account().dropped().lines > 0; }));
  CHECK(disk.disk.bytes() <= 64 * 1024);
  CHECK(a.balances());
  CHECK(a.it->account().queue_bytes <= 20'000 + 2 * 1000);  // each side takes a batch or a notice beyond
  REQUIRE(eventually([&] {  // not one line more
    std::vector<batch> got;
    a.it->take(got, 100'000);
    for (const auto& each : got) a.it->ack(each.size, {each.marker ? tally{} : each.count, {}, {}});
    a.clock.pass(300ms);
    return a.it->account().pending.lines == 0 && a.it->account().markers.lines > 0;
  }));
  CHECK(a.balances());
}

TEST_CASE("a spill keeps its disk empty until memory is full and then everything comes in order") {
  held_disk disk;
  queue_on a(disk, spill_of(10'000'000));
  a.push(100);
  CHECK(disk.disk.image().empty());
  CHECK(a.deliver(0, 100));
  for (int i = 0; i < 500; ++i) {
    a.push(20);
    if (a.it->account().queue_bytes > 12'000) REQUIRE(eventually([&] { return a.it->account().queue_bytes < 12'000; }));
  }
  CHECK(a.it->account().dropped().lines == 0);
  CHECK(eventually([&] { return a.it->account().disk_bytes > 0; }));
  CHECK(a.balances());
  CHECK(a.deliver(100, 10'000));
  CHECK(a.balances());
  REQUIRE(eventually([&] {
    a.clock.pass(100ms);
    a.it->ack(0, {});
    return a.it->account().disk_bytes == 0;
  }));
  a.push(10);
  CHECK(a.deliver(10'100, 10));
  a.leave();
  CHECK(disk.disk.image().empty());
}

TEST_CASE("what a spill has in memory at the end is found by the next one before what it had on disk") {
  held_disk disk;
  const auto lines = GENERATE(as<std::uint64_t>(), 100, 5000);
  {
    queue_on a(disk, spill_of(10'000'000));
    for (std::uint64_t i = 0; i < lines / 20; ++i) {
      a.push(20);
      if (a.it->account().queue_bytes > 12'000) REQUIRE(eventually([&] { return a.it->account().queue_bytes < 12'000; }));
    }
    a.leave();
    CHECK(a.last.pending.lines == lines);
    CHECK(a.last.spooled == a.last.pending);
  }
  queue_on b(disk, spill_of(10'000'000));
  CHECK(b.it->account().found.lines == lines);
  CHECK(b.deliver(0, lines));
  CHECK(b.balances());
  b.leave();
  CHECK(disk.disk.image().empty());
}

TEST_CASE("a remote that is dead for an hour costs disk and no memory and gets everything in order afterwards") {
  held_disk disk;
  const bool spills = GENERATE(false, true);
  auto rules = spills ? spill_of(50'000'000, 60'000) : spool_of(50'000'000, overflow::adaptive, 60'000);
  rules.memory.when_full = overflow::adaptive;
  rules.sync = spills ? spool_rules::safety::none : spool_rules::safety::timed;
  queue_on a(disk, rules);
  memory_queue beside(rules.memory, a.pool, a.clock, {[] {}, [] {}, [](bool, const tally&) {}});
  for (int second = 0; second < 3600; ++second) {
    const batch lines = numbered_batch(a.pool, a.next, 20, a.from);
    a.it->push(lines);
    beside.push(lines);
    a.next += 20;
    std::vector<batch> got;
    beside.take(got, 100'000);
    for (const auto& each : got) beside.ack(each.size, {each.count, {}, {}});
    REQUIRE(beside.account().pending.lines == 0);
    REQUIRE(a.it->account().queue_bytes <= 60'000);
    // The disk is given what real seconds are for.
    REQUIRE(eventually([&] { return a.it->account().queue_bytes <= 40'000; }));
    a.clock.pass(1s);
  }
  CHECK(a.it->account().dropped().lines == 0);
  CHECK(a.it->account().pending.lines == 72'000);
  CHECK(a.balances());
  CHECK(a.deliver(0, 72'000));
  CHECK(a.balances());
}

TEST_CASE("a disk that fails is named once and named again when it works") {
  held_disk disk;
  queue_on a(disk, spool_of(1'000'000));
  disk.fail(ENOSPC);
  a.push(10);
  const auto said = [&](std::size_t count) {
    return eventually([&] {
      a.clock.pass(300ms);
      a.it->ack(0, {});
      const std::lock_guard lock(a.mutex);
      return a.said.size() >= count;
    });
  };
  CHECK(said(1));
  a.push(10);
  disk.fail(0);
  CHECK(said(2));
  CHECK_THAT(a.said[0], Catch::Contains("unable to write its spool /spool: No space left on device"));
  CHECK_THAT(a.said[1], Catch::Contains("takes lines again"));
  CHECK(a.deliver(0, 20));
}

// A disk that somebody else fills, until lines wait in memory.
struct queue_on_full_disk : queue_on {
  queue_on_full_disk(held_disk& on, const spool_rules& with) : queue_on(on, with) {
    if (!eventually([&] {
          push(10);
          const std::lock_guard lock(mutex);
          return !said.empty();
        }))
      FAIL("it is never full");
  }
};

TEST_CASE("a spool whose disk is full goes on when all that is in it is delivered") {
  held_disk disk;
  disk.has_room_for(30'000, GENERATE(ENOSPC, EDQUOT));
  queue_on_full_disk a(disk, spool_of(1'000'000));
  CHECK(a.it->account().spooled.lines < a.next);
  CHECK(a.deliver_up_to(a.next, 300ms));
  CHECK(a.it->account().dropped().lines == 0);
  REQUIRE(a.has_said(2));
  CHECK_THAT(a.said[1], Catch::Contains("takes lines again"));
  CHECK(a.balances());
}

TEST_CASE("a spool whose disk is full has it back at the end for lines that wait in memory") {
  held_disk disk;
  disk.has_room_for(30'000);
  queue_on_full_disk a(disk, spool_of(1'000'000));
  const auto written = a.it->account().spooled.lines;
  CHECK(a.deliver_up_to(written, 0ms));
  a.leave();
  CHECK(a.last.pending.lines == a.next - written);
  CHECK(a.last.spooled == a.last.pending);
  disk.has_room_for(1'000'000);
  queue_on b(disk, spool_of(1'000'000));
  CHECK(b.deliver(written, b.it->account().found.lines));
}

TEST_CASE("a spill whose disk has no room at all goes on in memory as soon as that has some") {
  held_disk disk;
  disk.has_room_for(800);
  queue_on_full_disk a(disk, spill_of(1'000'000));
  CHECK(a.deliver_up_to(a.next, 300ms));
  CHECK(a.balances());
}

TEST_CASE("a line that is larger than its spool is dropped and said so in its place") {
  held_disk disk;
  queue_on a(disk, spool_of(64 * 1024, overflow::block, 1'000'000));
  a.push(3);
  a.it->push(batch_of(a.pool, line_of(70'000), a.from));
  a.push(3);
  CHECK(a.deliver(0, 6));
  CHECK(a.it->account().dropped_by[static_cast<std::size_t>(drop_reason::too_large)] == tally{1, 70'001});
  CHECK(a.it->account().markers.lines == 1);
  CHECK(a.balances());
}

TEST_CASE("damaged lines are dropped, counted and said so and the cursor does not run ahead of them") {
  held_disk disk;
  {
    queue_on a(disk, spool_of(1'000'000));
    for (int i = 0; i < 9; ++i) {
      a.push(10);
      REQUIRE(eventually([&] { return a.it->account().spooled.lines == a.next; }));
    }
  }
  auto image = disk.disk.image();
  image.begin()->second[image.begin()->second.size() / 2] ^= 1;
  disk.disk = simulated_disk(image);
  queue_on b(disk, spool_of(1'000'000));
  CHECK(b.it->account().found.lines == 90);
  std::uint64_t lines = 0;
  REQUIRE(eventually([&] {
    std::vector<batch> got;
    b.it->take(got, 100'000);
    for (const auto& each : got) {
      if (!each.marker) lines += each.count.lines;
      b.it->ack(each.size, {each.marker ? tally{} : each.count, {}, {}});
    }
    return b.it->account().pending.lines == 0;
  }));
  CHECK(lines == 80);
  CHECK(b.it->account().dropped_by[static_cast<std::size_t>(drop_reason::damaged)].lines == 10);
  CHECK(b.it->account().markers.lines == 1);
  CHECK(b.balances());
  b.leave();
  CHECK(disk.disk.image().size() == 1);
  CHECK(disk.disk.image().begin()->first == "00000000000000000000.bad");
}

// The queue against a count of what went in and came out, with its real thread and whatever that does.
TEST_CASE("a spooling queue keeps order and balance through random actions") {
  const auto seed = GENERATE(1u, 2u, 3u, 4u);
  const bool spills = seed % 2 == 0;
  INFO("seed " << seed);
  held_disk disk;
  std::mt19937 random(seed);
  std::uint64_t first = 0, total = 0;
  for (int life = 0; life < 6; ++life) {
    auto rules = spills ? spill_of(400'000) : spool_of(400'000);
    rules.memory.when_full = overflow::block;
    if (seed == 3) rules.sync = spool_rules::safety::batch;
    queue_on a(disk, rules);
    const auto found = a.it->account().found.lines;
    REQUIRE(found == total - first);
    a.next = total;
    std::vector<batch> taken;
    const auto ack = [&] {
      if (taken.empty()) return;
      REQUIRE(number_of(taken.front().bytes().substr(0, taken.front().bytes().find('\n'))) == first);
      first += taken.front().count.lines;
      a.it->ack(taken.front().size, {taken.front().count, {}, {}});
      taken.erase(taken.begin());
    };
    for (int i = 0; i < 3000; ++i) {
      const auto what = random() % 100;
      if (what < 45 && a.it->room_now().bytes > 0) a.push(1 + random() % 30);
      else if (what < 65) a.it->take(taken, 20'000);
      else if (what < 90) ack();
      else if (what < 92) taken.clear(), a.it->rewind();
      else if (what < 94) a.clock.pass(milliseconds(random() % 200));
      else if (what == 94) disk.fail(random() % 2 == 0 ? ENOSPC : 0);
      REQUIRE(a.balances());
    }
    disk.fail(0);
    a.clock.pass(1s);
    total = a.next;
    a.leave();
    REQUIRE(a.last.balances());
    REQUIRE(a.last.pending.lines == total - first);
    total = first + a.last.spooled.lines;  // the last are lost where the disk was full
  }
  queue_on last(disk, spool_of(1'000'000));
  last.next = total;
  REQUIRE((total == first || last.deliver(first, total - first)));
}

// A queue on a disk whose lines come with receipts.
struct queue_with_receipts : queue_on {
  using queue_on::queue_on;

  struct pusher final : batch_sink {
    explicit pusher(queue_on& q) : to(q) {}
    void publish(batch&& lines) override { to.it->push(lines); }
    queue_on& to;
  };
  void push_with_receipt(std::uint64_t count) {
    book.publish(numbered_batch(pool, next, count, from));
    next += count;
    book.seal(next);
  }
  /// Until that many are left of what was sealed.
  bool left_with(std::size_t receipts_left) {
    return eventually([&] {
      while (const auto done = book.next()) lost += done->lost_lines;
      return book.outstanding() == receipts_left;
    });
  }
  /// … the clock going on meanwhile.
  bool left_with_in_time(std::size_t receipts_left) {
    return eventually([&] {
      clock.pass(100ms);
      it->ack(0, {});
      while (const auto done = book.next()) lost += done->lost_lines;
      return book.outstanding() == receipts_left;
    });
  }
  bool on_disk(std::uint64_t lines) {
    return eventually([&] { return it->account().spooled.lines == lines; });
  }

  pusher sink{*this};
  receipts book{sink, [] {}};
  std::uint64_t lost = 0;
};

TEST_CASE("a spool's receipt comes back when its lines are written, where that is how safe they are to be") {
  held_disk disk;
  auto rules = spool_of(1'000'000);
  rules.sync = GENERATE(spool_rules::safety::none, spool_rules::safety::batch);
  queue_with_receipts a(disk, rules);
  disk.hold(true);
  a.push_with_receipt(10);
  a.push_with_receipt(10);
  CHECK_FALSE(a.book.next());
  disk.hold(false);
  CHECK(a.left_with(0));
  CHECK(a.it->account().pending.lines == 20);
  CHECK(a.deliver(0, 20));
  CHECK(a.lost == 0);
}

TEST_CASE("a receipt of a spool that syncs now and then waits for that") {
  held_disk disk;
  auto rules = spool_of(10'000'000, overflow::block, 20'000);
  rules.sync = spool_rules::safety::timed;
  queue_with_receipts a(disk, rules);
  const auto batches = GENERATE(1, 100);  // in memory, and on disk alone
  for (int i = 0; i < batches; ++i) {
    a.push_with_receipt(10);
    if (a.it->account().queue_bytes > 12'000) REQUIRE(eventually([&] { return a.it->account().queue_bytes < 12'000; }));
  }
  REQUIRE(a.on_disk(static_cast<std::uint64_t>(batches) * 10));
  CHECK_FALSE(a.book.next());
  CHECK(a.left_with_in_time(0));
  CHECK(a.it->account().delivered.lines == 0);
  CHECK(a.lost == 0);
}

TEST_CASE("a receipt of a spool that syncs now and then does not wait longer than for its delivery") {
  held_disk disk;
  auto rules = spool_of(1'000'000);
  rules.sync = spool_rules::safety::timed;
  queue_with_receipts a(disk, rules);
  a.push_with_receipt(10);
  a.push_with_receipt(10);
  REQUIRE(a.on_disk(20));
  std::vector<batch> got;
  a.it->take(got, 1);
  const auto lines = got.front().count;
  REQUIRE(lines.lines == 10);
  a.it->ack(got.front().size, {lines, {}, {}});
  CHECK(a.left_with(1));
}

TEST_CASE("a receipt hears of each line that is rejected before it is safe whether that came from memory or from disk") {
  held_disk disk;
  auto rules = spool_of(10'000'000, overflow::block, 20'000);
  rules.sync = spool_rules::safety::timed;
  queue_with_receipts a(disk, rules);
  const auto batches = GENERATE(1, 100);
  for (int i = 0; i < batches; ++i) {
    a.push_with_receipt(10);
    if (a.it->account().queue_bytes > 12'000) REQUIRE(eventually([&] { return a.it->account().queue_bytes < 12'000; }));
  }
  REQUIRE(a.on_disk(static_cast<std::uint64_t>(batches) * 10));
  const int syncs = disk.synced();
  // As a listener does whose peer rejects one line in five.
  REQUIRE(eventually([&] {
    std::vector<batch> got;
    a.it->take(got, 5000);
    for (const auto& each : got) {
      settled what;
      line_cursor lines(each.bytes(), each.frames);
      for (std::string_view line; lines.next(line);)
        (*number_of(line) % 5 == 0 ? what.rejected : what.delivered) += {1, line.size() + 1};
      if (each.owed) each.owed->lose(what.rejected.lines);
      a.it->ack(each.size, what);
    }
    return a.it->account().pending.lines == 0;
  }));
  CHECK(a.left_with(0));
  CHECK(a.lost == static_cast<std::uint64_t>(batches) * 2);
  CHECK(disk.synced() == syncs);
  CHECK(a.balances());
}

TEST_CASE("a receipt of what is safe does not hear of what is rejected later") {
  held_disk disk;
  auto rules = spool_of(1'000'000);
  rules.sync = spool_rules::safety::timed;
  queue_with_receipts a(disk, rules);
  a.push_with_receipt(10);
  REQUIRE(a.on_disk(10));
  std::vector<batch> got;
  a.it->take(got, 5000);
  CHECK(a.left_with_in_time(0));
  CHECK(a.lost == 0);
  for (const auto& each : got) a.it->ack(each.size, {{}, {}, each.count});
  CHECK(a.it->account().rejected.lines == 10);
}

TEST_CASE("memory stays within the queue where each line of a spool has a receipt of its own") {
  held_disk disk;
  auto rules = spool_of(10'000'000, overflow::block, 50'000);
  rules.sync = spool_rules::safety::timed;
  queue_with_receipts a(disk, rules);
  for (int i = 0; i < 100; ++i) a.push_with_receipt(1);
  REQUIRE(a.on_disk(100));
  REQUIRE(a.it->account().queue_bytes > 10'000);
  disk.hold(true);
  while (a.it->room_now().bytes > 0) a.push_with_receipt(1);
  disk.hold(false);
  REQUIRE(a.on_disk(a.next));
  CHECK(a.it->account().queue_bytes <= 25'000);
  CHECK(a.deliver(0, a.next));
  CHECK(a.left_with(0));
}

TEST_CASE("after a sync that fails nobody knows what is safe") {
  held_disk disk;
  auto rules = spool_of(1'000'000);
  rules.sync = spool_rules::safety::timed;
  queue_with_receipts a(disk, rules);
  a.push_with_receipt(10);
  REQUIRE(a.on_disk(10));
  disk.fail_to_sync(EIO);
  CHECK(a.left_with_in_time(0));
  CHECK(a.lost == 10);
}

TEST_CASE("lines that come after a sync that failed are written when the disk is asked again") {
  held_disk disk;
  auto rules = spool_of(1'000'000);
  rules.sync = spool_rules::safety::timed;
  rules.sync_every = 200ms;
  queue_on a(disk, rules);
  a.push(10);
  REQUIRE(eventually([&] { return a.it->account().spooled.lines == 10; }));
  disk.fail_to_sync(EIO);
  a.clock.pass(200ms);
  REQUIRE(a.has_said(1));
  disk.fail_to_sync(0);
  const int before = disk.synced();
  a.push(10);
  a.clock.pass(200ms);  // the next sync is due, and nothing is yet to be written
  REQUIRE(eventually([&] { return disk.synced() >= before + 2; }));  // with the cursor's
  a.clock.pass(50ms);
  CHECK(eventually([&] { return a.it->account().spooled.lines == 20; }));
}

TEST_CASE("what was never synced does not count as spooled at the end where it was to be safe") {
  held_disk disk;
  auto rules = spool_of(1'000'000);
  rules.sync = GENERATE(spool_rules::safety::none, spool_rules::safety::timed, spool_rules::safety::batch);
  queue_with_receipts a(disk, rules);
  a.push_with_receipt(10);
  REQUIRE(a.left_with_in_time(0));
  disk.fail_to_sync(EIO);
  a.push_with_receipt(10);
  if (rules.sync != spool_rules::safety::batch) REQUIRE(a.on_disk(20));
  a.leave();
  CHECK(a.last.pending.lines == 20);
  CHECK(a.last.spooled.lines == (rules.sync == spool_rules::safety::none ? 20u : 10u));
  while (const auto done = a.book.next()) a.lost += done->lost_lines;
  CHECK(a.lost == (rules.sync == spool_rules::safety::timed ? 10u : 0u));
  CHECK(a.last.balances());
}

TEST_CASE("a receipt for a line that is larger than the spool says that it is lost") {
  held_disk disk;
  queue_with_receipts a(disk, spool_of(64 * 1024, overflow::block, 1'000'000));
  a.push_with_receipt(1);
  a.book.publish(batch_of(a.pool, line_of(70'000), a.from));
  a.book.seal(1);
  CHECK(a.left_with(0));
  CHECK(a.lost == 1);
}

TEST_CASE("a spill's receipt comes back when its lines are delivered, or on disk") {
  held_disk disk;
  queue_with_receipts a(disk, spill_of(10'000'000));
  a.push_with_receipt(10);
  CHECK_FALSE(a.book.next());
  for (int i = 0; i < 100; ++i) {
    a.push_with_receipt(10);
    if (a.it->account().queue_bytes > 12'000) REQUIRE(eventually([&] { return a.it->account().queue_bytes < 12'000; }));
  }
  REQUIRE(eventually([&] { return a.it->account().spooled.lines > 0; }));
  const auto in_memory = a.it->account().pending.lines - a.it->account().spooled.lines;
  CHECK(in_memory > 0);
  CHECK_FALSE(a.book.next());  // the first are in memory alone
  CHECK(a.deliver(0, 1010));
  CHECK(a.left_with(0));
  CHECK(a.lost == 0);
}

TEST_CASE("what a queue brings to its disk at the end is safe then and what it does not is not") {
  held_disk disk;
  const bool spills = GENERATE(false, true);
  auto rules = spills ? spill_of(10'000'000) : spool_of(10'000'000);
  rules.sync = GENERATE(spool_rules::safety::none, spool_rules::safety::timed);
  const bool fails = GENERATE(false, true);
  queue_with_receipts a(disk, rules);
  if (fails) disk.fail(ENOSPC);
  for (int i = 0; i < 10; ++i) a.push_with_receipt(10);
  std::vector<batch> got;
  if (spills) a.it->take(got, 500);  // taken or not
  a.leave();
  CHECK(a.last.spooled.lines == (fails ? 0u : 100u));
  CHECK(a.left_with(fails ? 10 : 0));
  CHECK(a.lost == 0);
}

}  // namespace
}  // namespace logrelay
