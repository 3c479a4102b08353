// A memory queue and a plain deque of lines get the same random actions. The queue decides how many lines it drops; which
// ones, what is handed out, what the notices say, which receipts are settled and every number in the ledger follow from
// that, and are compared.
#include <catch2/catch.hpp>
#include <logrelay/core/memory_queue.hpp>
#include <support/fake_clock.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <random>
#include <string>
#include <vector>

namespace logrelay {
namespace {

#ifdef LOGRELAY_SANITIZED
constexpr int actions = 12'000;
constexpr std::size_t surely_full = 10'000;  // a queue that is smaller has been full by then, whatever its policy
#else
constexpr int actions = 200'000;
constexpr std::size_t surely_full = 100'000;
#endif

// A REQUIRE costs more than the action that it checks.
#define MUST(condition)               \
  do {                                \
    if (!(condition)) FAIL(#condition); \
  } while (false)

using std::chrono::milliseconds;
constexpr auto stall_after = milliseconds(2000);
constexpr std::size_t longest_line = 3000;
constexpr std::size_t slot_bytes = 100;  // about what a slot costs, and never less

// A receipt, and what it should say.
struct expectation {
  receipt_ref real;
  std::uint64_t open = 1, lost = 0;
};

struct counting_holder final : receipt_holder {
  void settled() noexcept override { ++told; }
  std::uint64_t told = 0;
};

struct entry {
  bool gap = false;
  std::uint64_t number = 0;  // of a line
  std::size_t text = 0;      // its size …
  std::size_t framed = 0;    // … and that with its frame
  tally lost;                // of a gap, or of the marker that it became
  wall_time first, last;
  bool in_pieces = false;    // a gap that may come as several notices
  std::shared_ptr<expectation> owed = nullptr;  // of a line
};

char letter(std::uint64_t number) { return static_cast<char>('!' + number % 90); }

class model {
 public:
  model(queue_rules given, unsigned seed) : rules(given), random(seed) {
    queue_events events;
    events.on_lines = [this] { ++lines_told; };
    events.on_room = [this] { waiting = false; };
    events.on_loss = [this](bool begins, const tally& dropped) {
      MUST(begins != losing);
      losing = begins;
      if (!begins) ended_losses += dropped;
    };
    queue.emplace(rules, pool, clock, std::move(events));
    for (std::size_t i = 0; i < sources.size(); ++i) sources[i].from = std::make_shared<source>();
    sources[1].frames = framing::octet;
    sources[2].frames = framing::nul;
  }

  void run(int steps) {
    for (int i = 0, phase = 1; i < steps; ++i) {
      if (--phase == 0) {  // the output stalls and moves in turns of all lengths
        stalled = !stalled;
        phase = 1 + static_cast<int>(random() % std::array{20u, 500u, 30'000u}[random() % 3]);
      }
      const auto what = random() % 100;
      if (what < 40) push();
      else if (what < 50) clock.pass(milliseconds(random() % 8));
      else if (what < 51) clock.pass(milliseconds(random() % 3000));
      else if (what < 72) take();
      else if (what < 96) stalled ? void() : ack();
      else if (what < 98) ask_room();
      else if (what < 99) stalled ? void() : (queue->progressed(), void(last_progress = clock.now()));
      else if (random() % 8 == 0) rewind();
      if (random() % 4 == 0) seal();
      check();
    }
    drain();
  }

 private:
  struct writer {
    std::shared_ptr<const source> from;
    framing frames = framing::newline;
    block_ref block;
    std::size_t used = 0;
  };

  std::size_t line_size() {
    const auto what = random() % 100;
    if (what < 5) return 0;
    if (what < 60) return random() % 30;
    if (what < 98) return random() % 250;
    return random() % (longest_line + 1);
  }

  // What a reader would publish: some lines at the end of the block that is open, often right behind the last ones.
  batch make_batch(std::vector<entry>& lines, std::size_t most_bytes) {
    writer& w = sources[random() % sources.size()];
    if (!w.block || random() % 64 == 0 || w.block->capacity() - w.used < 2 * longest_line) {
      w.block = pool.take(random() % 4 == 0 ? 32'000 : block_pool::standard_bytes);
      w.used = 0;
      if (random() % 4 == 0 && w.frames == framing::newline) sources[2].block = {};
    }
    if (random() % 16 == 0) w.used += 1;  // somebody else's byte between
    char* const begin = w.block->data() + w.used;
    char* at = begin;
    const std::size_t room = w.block->capacity() - w.used - longest_line - 16;
    batch made{w.block, begin, 0, w.frames, false, {}, clock.wall(), w.from};
    for (auto n = 1 + random() % (random() % 8 == 0 ? 60 : 6); n > 0; --n) {
      entry line;
      line.number = next_number++;
      line.text = line_size();
      char* const start = at;
      if (w.frames == framing::octet) {
        const auto head = std::to_string(line.text) + ' ';
        std::memcpy(at, head.data(), head.size());
        at += head.size();
      }
      std::memset(at, letter(line.number), line.text);
      if (line.text > 0) at[line.text - 1] = letter(line.number / 90);
      at += line.text;
      if (w.frames != framing::octet) *at++ = w.frames == framing::nul ? '\0' : '\n';
      line.framed = static_cast<std::size_t>(at - start);
      line.first = line.last = made.time;
      made.count += {1, line.text + 1};
      lines.push_back(line);
      if (static_cast<std::size_t>(at - begin) >= std::min(room, most_bytes)) break;
    }
    made.size = static_cast<std::uint32_t>(at - begin);
    w.used += made.size;
    return made;
  }

  bool drops() const { return rules.when_full == overflow::drop_newest || rules.when_full == overflow::drop_oldest; }

  std::size_t ask_room() {
    const room answer = queue->room_now();
    if (answer.bytes > 0) {
      waiting = false;
      if (rules.when_full == overflow::adaptive && answer.bytes == static_cast<std::size_t>(-1) && !dead) {
        dead = true;
        MUST(clock.now() - std::min(last_progress, first_full) >= stall_after);
      }
      if (answer.bytes != static_cast<std::size_t>(-1)) dead = false, first_full = steady_time::max();
      return answer.bytes;
    }
    MUST(!drops());
    dead = false;
    waiting = true;
    first_full = std::min(first_full, clock.now());
    MUST(answer.until > clock.now());
    if (rules.when_full == overflow::adaptive) MUST(answer.until <= clock.now() + stall_after);
    return 0;
  }

  void push() {
    const std::size_t room = ask_room();
    if (room == 0) return;
    std::vector<entry> lines;
    batch made = make_batch(lines, room);
    if (random() % 2 == 0) owe(made, lines);
    const tally dropped_before = queue->account().dropped();
    if (untaken.empty() && taken.empty()) last_progress = clock.now();
    const auto told = lines_told;
    queue->push(made);
    MUST(lines_told > told);
    accepted += made.count;
    for (auto& each : lines) untaken.push_back(each);
    const tally dropped = queue->account().dropped() - dropped_before;
    most_pushed = std::max<std::size_t>(most_pushed, made.size);
    if (dropped.lines == 0) return;
    MUST(losing);
    if (rules.when_full == overflow::adaptive) MUST(dead);
    MUST(rules.when_full != overflow::block);
    dropped_in_all += dropped;
    rules.when_full == overflow::drop_newest ? drop_newest(dropped, lines.size()) : drop_oldest(dropped);
  }

  void owe(batch& made, std::vector<entry>& lines) {
    if (!sealing) sealing = owing.emplace_back(std::make_shared<expectation>(expectation{new receipt(holder)}));
    made.owed = sealing->real;
    sealing->open += made.count.lines;
    for (auto& each : lines) each.owed = sealing;
  }
  void seal() {
    if (!sealing) return;
    sealing->real->settle(1);
    --sealing->open;
    sealing = nullptr;
  }
  static void settle(const entry& line, std::uint64_t lost) {
    if (!line.owed) return;
    line.owed->lost += lost;
    --line.owed->open;
  }
  void check_receipts() {
    settled_receipts += std::erase_if(owing, [](const auto& each) {
      MUST(each->real->is_settled() == (each->open == 0));
      MUST(each->real->lost_lines() == each->lost);
      return each->open == 0;
    });
    MUST(holder->told == settled_receipts);
  }

  void drop_oldest(const tally& dropped) {
    entry gap = no_gap_yet();
    tally lines;
    std::size_t last_dropped = 0;
    while (lines.lines < dropped.lines) {
      MUST(!untaken.empty());
      if (!untaken.front().gap) {
        lines += {1, untaken.front().text + 1};
        last_dropped = untaken.front().framed;
        settle(untaken.front(), 1);
      }
      join(gap, untaken.front());
      untaken.pop_front();
    }
    MUST(lines == dropped);
    if (!untaken.empty() && untaken.front().gap) join(gap, untaken.front()), untaken.pop_front();
    if (rules.gap_marker) untaken.push_front(gap);
    // No more than had to be, and not the last one.
    const bool any = queue->account().pending.lines > taken_lines;
    MUST(any || taken_lines > 0);
    if (any)
      MUST(queue->account().queue_bytes + last_dropped + 3 * slot_bytes >= rules.capacity_bytes);
  }

  void drop_newest(const tally& dropped, std::size_t pushed) {
    entry gap = no_gap_yet();
    MUST(dropped.lines <= pushed);
    tally lines;
    std::size_t first_dropped = 0;
    for (std::uint64_t n = 0; n < dropped.lines; ++n) {
      lines += {1, untaken.back().text + 1};
      first_dropped = untaken.back().framed;
      settle(untaken.back(), 1);
      join(gap, untaken.back());
      untaken.pop_back();
    }
    MUST(lines == dropped);
    MUST(queue->account().pending.lines > 0);
    MUST(queue->account().queue_bytes + first_dropped + 3 * slot_bytes >= rules.capacity_bytes);
    if (!rules.gap_marker) return;
    if (!untaken.empty() && untaken.back().gap) join(untaken.back(), gap);
    else untaken.push_back(gap);
  }

  static entry no_gap_yet() {
    entry gap;
    gap.gap = true;
    gap.first = wall_time::max();
    gap.last = wall_time::min();
    return gap;
  }
  static void join(entry& gap, const entry& with) {
    gap.in_pieces |= with.in_pieces;
    gap.lost += with.gap ? with.lost : tally{1, with.text + 1};
    gap.first = std::min(gap.first, with.first);
    gap.last = std::max(gap.last, with.last);
  }

  void take() {
    std::vector<batch> got;
    const bool ready = queue->ready();
    queue->take(got, 1 + random() % 100'000);
    MUST(ready == !got.empty());
    if (taken.empty()) MUST(ready == !untaken.empty());
    if (!ready) MUST((untaken.empty() || 2 * (taken_bytes + taken.size() * slot_bytes) >= rules.capacity_bytes));
    for (const auto& each : got) each.marker ? expect_marker(each) : expect_lines(each);
    MUST((2 * taken_bytes <= rules.capacity_bytes + 2 * (longest_line + 16)));
  }

  void expect_lines(const batch& lines) {
    line_cursor cursor(lines.bytes(), lines.frames);
    tally count;
    std::size_t before = 0;
    for (std::string_view line; cursor.next(line); before = cursor.offset()) {
      MUST(!untaken.empty());
      const entry& expected = untaken.front();
      const bool right = !expected.gap && line.size() == expected.text && cursor.offset() - before == expected.framed &&
                         (line.empty() || line.back() == letter(expected.number / 90)) &&
                         (line.size() < 2 || line.front() == letter(expected.number));
      MUST(right);
      count += {1, line.size() + 1};
      taken.push_back(expected);
      ++taken_lines;
      taken_bytes += expected.framed;
      if (rules.keep_times) MUST(lines.time == expected.first);
      else MUST((lines.time <= expected.first && lines.time + milliseconds(1000) >= expected.first));
      untaken.pop_front();
    }
    MUST(count == lines.count);
  }

  void expect_marker(const batch& marker) {
    MUST(!untaken.empty());
    entry& expected = untaken.front();
    MUST(expected.gap);
    unsigned long lines = 0, bytes = 0;
    std::array<int, 14> t{};
    MUST(std::sscanf(std::string(marker.bytes()).c_str(),
                        "logrelay: dropped %lu lines (%lu bytes): queue full, from %d-%d-%dT%d:%d:%d.%dZ to %d-%d-%dT%d:%d:%d.%dZ\n", &lines,
                        &bytes, &t[0], &t[1], &t[2], &t[3], &t[4], &t[5], &t[6], &t[7], &t[8], &t[9], &t[10], &t[11], &t[12], &t[13]) == 16);
    const auto time = [&](std::size_t at) {
      using namespace std::chrono;
      return wall_time(sys_days(year(t[at]) / t[at + 1] / t[at + 2])) + hours(t[at + 3]) + minutes(t[at + 4]) + seconds(t[at + 5]) + milliseconds(t[at + 6]);
    };
    const tally said{lines, bytes};
    MUST(marker.count == tally{});
    MUST(marker.bytes().back() == '\n');
    MUST(said.lines > 0);
    MUST(said.lines <= expected.lost.lines);
    const auto slack = milliseconds(rules.keep_times ? 0 : 1000);
    MUST(time(0) >= expected.first - slack);
    MUST(time(7) <= expected.last + slack);
    if (!expected.in_pieces) {
      MUST(said == expected.lost);
      MUST(time(0) <= expected.first);
      MUST(time(7) >= expected.last);
    }
    entry written = expected;
    written.lost = said;
    written.framed = marker.size;
    taken.push_back(written);
    taken_bytes += marker.size;
    expected.lost -= said;
    if (expected.lost == tally{}) untaken.pop_front();
  }

  void ack() {
    if (taken.empty()) return;
    std::size_t bytes = 0;
    settled what;
    for (auto n = random() % 4 == 0 ? taken.size() : 1 + random() % taken.size(); n > 0; --n) {
      const entry& front = taken.front();
      bytes += front.framed;
      taken_bytes -= front.framed;
      if (front.gap) {
        ++markers;
      } else {
        --taken_lines;
        const auto fate = random() % 4;
        (fate == 0 ? what.filtered : fate == 1 ? what.rejected : what.delivered) += {1, front.text + 1};
        settle(front, 0);
      }
      taken.pop_front();
    }
    delivered += what.delivered;
    filtered += what.filtered;
    rejected += what.rejected;
    queue->ack(bytes, what);
    last_progress = clock.now();
  }

  void rewind() {
    queue->rewind();
    for (; !taken.empty(); taken.pop_back()) {
      if (taken.back().gap && !untaken.empty() && untaken.front().gap) join(untaken.front(), taken.back()), untaken.front().in_pieces = true;
      else untaken.push_front(taken.back());
    }
    taken_bytes = taken_lines = 0;
  }

  void check() {
    const ledger account = queue->account();
    MUST(account.balances());
    MUST(account.accepted == accepted);
    MUST(account.delivered == delivered);
    MUST(account.filtered == filtered);
    MUST(account.rejected == rejected);
    MUST(account.dropped() == dropped_in_all);
    MUST(account.markers.lines == markers);
    MUST(account.last_progress == last_progress);
    check_receipts();
    if (taken.empty() && untaken.empty()) {
      MUST(!waiting);
      MUST(account.queue_bytes == 0);
    }
    const std::size_t notices = taken.size() - taken_lines;
    const std::size_t bound = rules.capacity_bytes + (drops() ? longest_line + 16 : most_pushed + longest_line) + (notices + 3) * (slot_bytes + 150);
    MUST(account.queue_bytes <= bound);
    for (auto& each : sources) writers_hold += each.block ? each.block->capacity() : 0;
    // What is copied together may leave a sixteenth unused; one block more is at the front, one is what the last slices
    // were copied to.
    MUST(pool.bytes_in_use() <= std::exchange(writers_hold, 0) + account.queue_bytes / 16 * 17 + memory_queue::most_waste + 2 * block_pool::standard_bytes);
  }

  void drain() {
    queue->close();
    MUST(!waiting);
    while (!queue->finished()) {
      const bool left = !taken.empty() || !untaken.empty();
      MUST(left);
      take();
      ack();
      check();
    }
    MUST(taken.empty());
    MUST(untaken.empty());
    MUST(!losing);
    MUST(ended_losses == dropped_in_all);
    seal();
    check_receipts();
    MUST(owing.empty());
    MUST(settled_receipts > 0);
    for (auto& each : sources) each.block = {};
    MUST(pool.bytes_in_use() == 0);
  }

 public:
  const queue_rules rules;
  tally accepted, delivered, filtered, rejected, dropped_in_all, ended_losses;
  std::uint64_t markers = 0;

 private:
  std::minstd_rand random;
  support::fake_clock clock;
  block_pool pool;
  std::optional<memory_queue> queue;
  std::array<writer, 3> sources;
  std::uint64_t next_number = 0;
  std::deque<entry> taken, untaken;
  std::shared_ptr<counting_holder> holder = std::make_shared<counting_holder>();
  std::shared_ptr<expectation> sealing;
  std::vector<std::shared_ptr<expectation>> owing;
  std::uint64_t settled_receipts = 0;
  std::size_t taken_bytes = 0, taken_lines = 0, most_pushed = 0, writers_hold = 0;
  std::uint64_t lines_told = 0;
  bool stalled = true, losing = false, waiting = false, dead = false;
  steady_time last_progress{}, first_full = steady_time::max();
};

TEST_CASE("a memory queue does what a deque of lines does") {
  const auto when_full = GENERATE(overflow::block, overflow::drop_newest, overflow::drop_oldest, overflow::adaptive);
  const auto capacity = GENERATE(std::size_t{1000}, std::size_t{20'000}, std::size_t{300'000}, std::size_t{3'000'000});
  const auto variant = GENERATE(0u, 1u, 2u);
  queue_rules rules;
  rules.capacity_bytes = capacity;
  rules.when_full = when_full;
  rules.stall_after = stall_after;
  rules.gap_marker = variant != 1;
  rules.keep_times = variant == 2;
  CAPTURE(static_cast<int>(when_full), capacity, variant);
  model both(rules, static_cast<unsigned>(capacity) + variant);
  both.run(actions);
  if (when_full == overflow::block) CHECK(both.dropped_in_all == tally{});
  if (when_full != overflow::block && capacity < surely_full) CHECK(both.dropped_in_all.lines > 0);
  CHECK(both.delivered.lines > 0);
}

}  // namespace
}  // namespace logrelay
