// A spool and a plain deque get the same random actions: append, read, settle, sync, kill and open again, a disk that is
// full or broken, a byte that flips. What is read, and what is lost, follows from the deque.
#include <catch2/catch.hpp>
#include <logrelay/spool/spool.hpp>
#include <support/simulated_disk.hpp>
#include <support/spooled_lines.hpp>

#include <cstdlib>
#include <random>

namespace logrelay {
namespace {

using namespace support;

#define MUST(condition)                 \
  do {                                  \
    if (!(condition)) FAIL(#condition); \
  } while (false)

// LOGRELAY_MODEL_ACTIONS: how many, for who has the time; a million take about ten seconds.
int actions() {
  const char* const given = std::getenv("LOGRELAY_MODEL_ACTIONS");
#ifdef LOGRELAY_SANITIZED
  return given ? std::atoi(given) : 20'000;
#else
  return given ? std::atoi(given) : 300'000;
#endif
}

class model {
 public:
  explicit model(unsigned seed) : random_(seed) {
    disk_.remembers = false;
    open();
  }

  void run(int steps) {
    for (int i = 0; i < steps; ++i) {
      const auto what = random_() % 1000;
      if (what < 400) append();
      else if (what < 700) read();
      else if (what < 800) settle();
      else if (what < 900) sync();
      else if (what < 960) pass_over();
      else if (what < 980) trouble();
      else if (what < 990) kill();
      else if (what < 992) damage();
      else give_back();
      MUST(it_->bytes() <= limits_.most_bytes + left_over_);
      MUST(it_->end().lines == appended_);
    }
    disk_.fault = nullptr;
    while (read()) {}
    MUST(read_ == appended_);
    settle();
    settled_ = read_;
    MUST(it_->settle(place(settled_), true) == 0);
    MUST(it_->close(true) == 0);
    for (const auto& [name, bytes] : disk_.image()) MUST(name.ends_with(".bad"));
  }

 private:
  void open() {
    it_.emplace(disk_, limits_, pool_, [](const std::string&) {});
    it_->open();
    read_ = settled_ = it_->settled().lines;
    appended_ = it_->end().lines;
    // A write that failed may have left bytes that counted for nothing, and do once a kill has come.
    left_over_ = it_->bytes() - std::min(it_->bytes(), limits_.most_bytes);
    MUST(left_over_ <= limits_.segment_bytes);
  }

  // Only lines that are not settled are remembered, by where each ends.
  spool_place place(std::uint64_t line) {
    while (first_place_.lines < line) first_place_ += {1, line_at(first_place_.lines, longest).size()};
    return first_place_;
  }

  void append() {
    const batch lines = numbered_batch(pool_, appended_, 1 + random_() % (random_() % 30 == 0 ? 60 : 5), from_, longest);
    const auto done = it_->append({&lines, 1});
    MUST(done.why != spool::appended::stopped::too_large);
    if (done.why == spool::appended::stopped::not_at_all) MUST(done.bytes == lines.size);
    if (done.why == spool::appended::stopped::failed) MUST(trouble_ != 0);
    appended_ += done.count.lines;
  }

  bool read() {
    const auto got = it_->read();
    if (got.what == spool::found::nothing) {
      MUST(read_ == appended_);
      return false;
    }
    if (got.what == spool::found::failed) {
      MUST(trouble_ != 0);
      return false;
    }
    if (got.what == spool::found::hole) {
      MUST(damages_ > 0);
      read_ += got.lost.lines;
      return true;
    }
    line_cursor lines(got.lines.bytes(), got.lines.frames);
    std::uint64_t n = 0;
    for (std::string_view line; lines.next(line); ++n) MUST(number_of(line, longest) == read_ + n);
    MUST(n == got.lines.count.lines);
    read_ += n;
    MUST(read_ <= appended_);
    return true;
  }

  void settle() {
    settled_ += random_() % (read_ - settled_ + 1);
    const int error_number = it_->settle(place(settled_), random_() % 2 == 0);
    MUST(error_number == 0 || trouble_ != 0);
  }

  void sync() {
    const int error_number = it_->sync();
    MUST(error_number == 0 || trouble_ != 0);
  }

  void pass_over() {
    if (read_ != appended_) return;  // as its queue: only what is in memory is passed over
    append();
    if (it_->unread()) it_->pass_over();
    read_ = appended_;
  }

  void give_back() {
    const int error_number = it_->give_back();
    MUST(error_number == 0 || trouble_ != 0);
  }

  void trouble() {
    if (trouble_ != 0) {
      trouble_ = 0;
      disk_.fault = nullptr;
      return;
    }
    trouble_ = std::array{ENOSPC, EIO}[random_() % 2];
    const auto one_in = 1 + random_() % 4;
    disk_.fault = [this, one_in](simulated_disk::kind what, std::size_t) {
      if (what == simulated_disk::kind::read || random_() % one_in != 0) return 0;
      return trouble_;
    };
  }

  // The process ends; the machine does not. What was settled since the cursor was written comes again.
  void kill() {
    disk_.fault = nullptr;
    trouble_ = 0;
    const auto before = appended_;
    const auto settled = settled_;
    open();
    MUST(appended_ >= before || (damages_ > 0 && appended_ >= settled_));
    MUST(settled_ <= settled);
    first_place_ = it_->settled();
  }

  void damage() {
    auto image = disk_.image();
    if (image.empty()) return;
    auto at = image.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(random_() % image.size()));
    if (at->second.empty() || at->first == spool_cursor::name) return;
    at->second[random_() % at->second.size()] ^= static_cast<char>(1 + random_() % 255);
    ++damages_;
    it_.reset();
    disk_ = simulated_disk(image);
    disk_.remembers = false;
    trouble_ = 0;
    const auto settled = settled_;
    open();
    MUST(settled_ <= settled);
    first_place_ = it_->settled();
  }

  static constexpr std::size_t longest = 40;
  const spool_limits limits_{.most_bytes = 12 * 1024, .segment_bytes = 1200};
  simulated_disk disk_;
  block_pool pool_;
  std::shared_ptr<const source> from_ = std::make_shared<source>();
  std::mt19937 random_;
  std::optional<spool> it_;
  std::uint64_t appended_ = 0, read_ = 0, settled_ = 0;
  std::uint64_t left_over_ = 0;
  spool_place first_place_;
  int trouble_ = 0, damages_ = 0;
};

TEST_CASE("a spool does what a deque does through kills and trouble and damage") {
  const auto seed = GENERATE(1u, 2u, 3u, 4u);
  INFO("seed " << seed);
  model(seed).run(actions() / 4);
}

}  // namespace
}  // namespace logrelay
