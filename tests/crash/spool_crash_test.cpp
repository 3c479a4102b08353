// The power fails after each operation of a spool's folder, and within it, and the spool is opened from whatever may be
// left: with what was not synced dropped, kept, reordered and torn.
#include <catch2/catch.hpp>
#include <logrelay/spool/spool.hpp>
#include <support/simulated_disk.hpp>
#include <support/spooled_lines.hpp>

#include <iostream>
#include <random>

using namespace logrelay;
using namespace logrelay::support;

namespace {

#define MUST(condition)                 \
  do {                                  \
    if (!(condition)) FAIL(#condition); \
  } while (false)

constexpr spool_limits limits{.most_bytes = 16 * 1024, .segment_bytes = 700};

/// What was true when the folder had seen so many operations.
struct moment {
  std::size_t operations = 0;
  std::uint64_t appended = 0, synced = 0, delivered = 0, cursor = 0, safe_cursor = 0;
};

/// A run of a spool as its queue would use it, written down operation by operation.
class scripted_run {
 public:
  explicit scripted_run(unsigned seed) : random_(seed) {
    spool_.emplace(disk_, limits, pool_, [](const std::string& why) { FAIL(why); });
    spool_->open();
    note();
  }

  void step() {
    switch (random_() % 8) {
      case 0:
      case 1:
      case 2: append(1 + random_() % 6); break;
      case 3: MUST(spool_->sync() == 0); now_.synced = now_.appended; break;
      case 4:
      case 5: deliver(); break;
      case 6: settle(false); break;
      case 7: settle(true); break;
    }
    note();
  }

  void give_all_back() {
    while (spool_->unread()) deliver();
    settle(true);
    MUST(spool_->give_back() == 0);
    note();
  }

  void close() {
    MUST(spool_->close(true) == 0);
    now_.synced = now_.appended;
    note();
  }

  std::size_t crash_everywhere() {
    std::size_t states = 0;
    for (std::size_t n = 0; n <= disk_.operations().size(); ++n)
      states += disk_.each_crash(n, [&](const folder_image& left, bool all_kept) { recover(left, n, all_kept); });
    return states;
  }

 private:
  void append(std::uint64_t count) {
    const batch lines = numbered_batch(pool_, now_.appended, count, from_);
    MUST(spool_->append({&lines, 1}).bytes == lines.size);
    now_.appended += count;
  }

  void deliver() {
    const auto got = spool_->read();
    if (got.what == spool::found::lines) now_.delivered += got.lines.count.lines, delivered_ += got.lines.count;
  }

  void settle(bool safely) {
    MUST(spool_->settle(delivered_, safely) == 0);
    MUST(spool_->write_cursor(safely) == 0);
    now_.cursor = now_.delivered;
    if (safely) now_.safe_cursor = now_.delivered;
  }

  void note() {
    now_.operations = disk_.operations().size();
    moments_.push_back(now_);
  }

  void recover(const folder_image& left, std::size_t n, bool all_kept) {
    // What was promised before these operations, and what may have been begun in them.
    const auto next = std::find_if(moments_.begin(), moments_.end(), [&](const auto& m) { return m.operations > n; });
    const moment promised = next == moments_.begin() ? moment{} : *std::prev(next);
    const moment begun = next == moments_.end() ? promised : *next;

    simulated_disk disk(left);
    disk.remembers = false;
    spool it(disk, limits, pool_, [](const std::string&) {});
    it.open();
    std::uint64_t expected = it.settled().lines;
    const auto safe = all_kept ? promised.appended : promised.synced;
    MUST(expected <= begun.delivered);                                                 // nothing is skipped
    MUST(expected >= (all_kept ? promised.cursor : promised.safe_cursor));               // and little comes twice
    for (;;) {
      auto got = it.read();
      if (got.what == spool::found::nothing) break;
      MUST(got.what != spool::found::failed);
      if (got.what == spool::found::hole) {
        MUST(!all_kept);  // a kill damages nothing, and nothing is said to be damaged
        MUST(expected >= safe || expected + got.lost.lines <= begun.delivered);
        expected += got.lost.lines;
        continue;
      }
      line_cursor lines(got.lines.bytes(), got.lines.frames);
      for (std::string_view line; lines.next(line); ++expected) {
        MUST(number_of(line) == expected);  // what was appended, in order
        MUST(expected < begun.appended);
      }
    }
    MUST(expected >= safe || safe <= begun.delivered);

    // And it goes on from there.
    const batch more = numbered_batch(pool_, it.end().lines, 3, from_);
    MUST(it.append({&more, 1}).bytes == more.size);
    const auto got = it.read();
    MUST(got.what == spool::found::lines && got.lines.bytes() == more.bytes());
    MUST(it.read().what == spool::found::nothing);
    MUST(it.settle(it.end(), true) == 0);
    MUST(it.close(true) == 0);
    for (const auto& [name, bytes] : disk.image()) if (!name.ends_with(".bad")) FAIL(name << " is left");
  }

  simulated_disk disk_;
  block_pool pool_;
  std::shared_ptr<const source> from_ = std::make_shared<source>();
  std::optional<spool> spool_;
  std::mt19937 random_;
  moment now_;
  spool_place delivered_;
  std::vector<moment> moments_;
};

}  // namespace

TEST_CASE("a spool loses nothing that was synced wherever the power fails") {
  std::size_t states = 0;
  for (const unsigned seed : {1u, 2u, 3u}) {
    scripted_run run(seed);
    for (int i = 0; i < 30; ++i) run.step();
    if (seed == 2) run.give_all_back();
    for (int i = 0; i < 12; ++i) run.step();
    run.close();
    states += run.crash_everywhere();
  }
  std::cout << "spool: recovered from " << states << " states of the disk\n";
  CHECK(states > 10'000);
}
