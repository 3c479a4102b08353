#include <logrelay/embed/record_queue.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <thread>
#include <utility>

namespace logrelay {
namespace {

using namespace std::chrono_literals;

// A slice is large, so that what a batch costs is paid by one record of a thousand; but of a small queue a part.
constexpr std::size_t least_slice = 4 * 1024, largest_slice = block_pool::standard_bytes;
constexpr std::size_t header_bytes = 11;  // digits and a space (RFC 6587)
// How a listener that has brought everything looks again, before it sleeps and has to be woken: less often where little has
// come since it looked last, for where no processor is free it takes one from who logs.
constexpr std::chrono::microseconds longest_nap = 800us;
constexpr auto all_naps = 10ms;

std::size_t slice_of(std::size_t capacity) { return std::clamp(capacity / 4, least_slice, largest_slice); }
// A spool has half of it for what comes in, and that has to take a slice.
std::size_t left_behind(std::size_t capacity) { return std::max(capacity, 4 * least_slice) - slice_of(capacity); }

// A block that is filled and one that is delivered are all that is in use while the listener keeps up: they are there from
// the start, since the first touch of a page of memory costs more than a log call.
void touch_blocks(block_pool& pool) {
  const std::array blocks{pool.take(), pool.take()};
  for (const auto& each : blocks) std::memset(each->data(), 0, each->capacity());
}

// Most records have two or three digits, for which to_chars is slow.
std::size_t write_header(std::size_t size, char* to) {
  char* end = to;
  if (size >= 1000) {
    end = std::to_chars(to, to + header_bytes, size).ptr;
  } else {
    if (size >= 100) *end++ = static_cast<char>('0' + size / 100);
    if (size >= 10) *end++ = static_cast<char>('0' + size / 10 % 10);
    *end++ = static_cast<char>('0' + size % 10);
  }
  *end++ = ' ';
  return static_cast<std::size_t>(end - to);
}

// Records lie as they were pushed: the first tells the time of a batch.
wall_time time_of_first(std::string_view frames) {
  std::string_view first;
  program_record one;
  line_cursor lines(frames, framing::octet);
  return lines.next(first) && unpack(first, one) ? one.time : wall_time{};
}

// The memory that the next records go to was last read by the listener, perhaps on another processor: lines of the cache that
// are asked for now are here when a record reaches them. Else each record waits, when it takes the lock, until the one before
// it has its lines: where processors are far apart that is more than all the rest (embed_bench: 130 ns a call in place of 50).
void fetch_ahead(const char* end, std::size_t bytes) {
  constexpr std::size_t line = 64, ahead = 4 * line;
  for (std::size_t at = ahead; at < ahead + bytes; at += line) {
#if defined(__x86_64__)
    asm volatile("prefetchw %0" : : "m"(end[at]));  // the builtin only asks to read, where no -m option says that this is there
#else
    __builtin_prefetch(end + at, 1);
#endif
  }
}

void call(const std::map<std::uint64_t, std::function<void()>>& waiters) {
  for (const auto& [waiter, tell] : waiters) tell();
}

}  // namespace

bool& record_queue::in_listener() {
  static thread_local bool yes = false;
  return yes;
}

queue_rules record_queue::behind(queue_rules rules) {
  const std::size_t slice = slice_of(rules.capacity_bytes);
  rules.capacity_bytes = left_behind(rules.capacity_bytes);
  if (3 * slice <= rules.capacity_bytes) rules.whole_slices_of = slice;
  return rules;
}

record_queue::record_queue(const record_rules& rules, const queue_maker& behind, const block_pool& pool, std::function<void()> on_lines)
    : rules_(rules),
      slice_bytes_(slice_of(rules.capacity_bytes)),
      reached_(std::make_shared<guarded<record_queue*>>(this)),
      behind_(behind([reached = reached_] {
        call(reached->with([](record_queue* us) { return us == nullptr ? room_waiters() : us->with_room(); }));
      })),
      on_lines_(std::move(on_lines)),
      pool_(pool) {
  touch_blocks(pool_);
}

record_queue::~record_queue() {
  reached_->with([](auto& us) { us = nullptr; });
}

published record_queue::publish(const program_record& one) {
  const std::size_t size = packed_size(one);
  char header[header_bytes];
  const std::size_t header_size = write_header(size, header);
  const std::size_t whole = header_size + size;
  bool sleeps = false;
  const char* end = nullptr;
  {
    std::unique_lock lock(now_.mutex);
    if (whole > static_cast<std::size_t>(now_.limit - now_.used) && !make_space(lock, whole))
      return closed_.load() ? published::closed : published::refused;
    char* const to = now_.used;
    std::copy_n(header, header_size, to);
    pack(one, to + header_size);
    end = now_.used = to + whole;
    now_.unsealed += {1, size + 1};
    sleeps = std::exchange(now_.listener_sleeps, false);
  }
  fetch_ahead(end, whole);
  if (sleeps) on_lines_();
  return published::accepted;
}

// A new slice, in a new block where the open one is full. False: there is no room for it, or the queue has been closed.
bool record_queue::make_space(std::unique_lock<brief_lock>& held, std::size_t bytes) {
  if (closed_.load()) return false;
  seal();
  if (rules_.waits && !wait_for_room(held)) return false;
  if (!open_ || std::max(bytes, slice_bytes_ / 4) > room_in_block()) {  // crumbs would cost as much as slices
    open_ = pool_.take(std::max(bytes, block_pool::standard_bytes));
    now_.used = now_.sealed = open_->data();
  }
  now_.limit = now_.used + std::min(room_in_block(), std::max(bytes, slice_bytes_));
  return true;
}

// Until the queue behind takes a slice more, by what its overflow policy says.
bool record_queue::wait_for_room(std::unique_lock<brief_lock>& held) {
  for (;;) {
    if (closed_.load()) return false;
    wanted_.store(true);  // before the look: room that comes behind it is told
    if (behind_->takes(slice_bytes_)) return true;
    const room now = behind_->room_now();
    if (now.bytes > 0) return true;
    if (in_listener()) {
      if (behind_->takes(0)) return true;
      ++refused_;
      return false;
    }
    ++held_;
    room_.wait_until(held, now.until);
    --held_;
    seal();  // another thread had room first
  }
}

// What the open block holds goes on as a batch. The lock is held, so that batches keep their order.
void record_queue::seal() const {
  if (unsealed_bytes() == 0) return;
  batch lines;
  lines.memory = open_;
  lines.data = now_.sealed;
  lines.size = static_cast<std::uint32_t>(unsealed_bytes());
  lines.frames = framing::octet;
  lines.count = std::exchange(now_.unsealed, {});
  lines.time = time_of_first(lines.bytes());
  lines.from = rules_.from;
  now_.sealed = now_.limit = now_.used;  // the next record asks for a slice
  behind_->push(lines);
}

void record_queue::push(const batch& lines) {
  {
    const std::lock_guard lock(now_.mutex);
    seal();
    behind_->push(lines);
    now_.listener_sleeps = false;
  }
  on_lines_();
}

bool record_queue::has_room() const {
  const std::lock_guard lock(now_.mutex);
  if (closed_.load() || behind_->takes(unsealed_bytes() + slice_bytes_)) return true;
  seal();  // a spool brings it to disk, and has room again
  return behind_->takes(slice_bytes_);
}

std::uint64_t record_queue::when_room(std::function<void()> tell) {
  std::uint64_t waiter = 0;
  {
    const std::lock_guard lock(now_.mutex);
    waiter = ++last_waiter_;
    waiters_.emplace(waiter, std::move(tell));
    wanted_.store(true);
  }
  call(with_room());  // it may have come before we said that we want it
  const std::lock_guard lock(now_.mutex);
  return waiters_.contains(waiter) ? waiter : 0;
}

bool record_queue::forget(std::uint64_t waiter) {
  const std::lock_guard lock(now_.mutex);
  return waiters_.erase(waiter) > 0;
}

// Whoever waits for room looks again, if there is some; who wants to be told is to be told now.
record_queue::room_waiters record_queue::with_room() {
  if (!wanted_.load() || !has_room()) return {};
  const std::lock_guard lock(now_.mutex);
  wanted_.store(held_ > 0);
  room_.notify_all();
  return std::exchange(waiters_, {});
}

void record_queue::shut() {
  closed_.store(true);
  now_.limit = now_.used;  // whoever publishes asks make_space()
}

void record_queue::hand_over(std::atomic<bool>* then) {
  {
    const std::lock_guard lock(now_.mutex);
    if (closed_.load()) return;
    seal();
    if (then != nullptr) then->store(true);
    now_.listener_sleeps = false;
  }
  on_lines_();
}

void record_queue::close() {
  {
    const std::lock_guard lock(now_.mutex);
    seal();
    shut();
    room_.notify_all();
  }
  behind_->close();
  on_lines_();
  call(with_room());
}

void record_queue::take(std::vector<batch>& into, std::size_t most_bytes) {
  in_listener() = true;
  const std::size_t had = into.size();
  behind_->take(into, most_bytes);
  if (into.size() > had) idle_since_ = steady_time::max();
}

void record_queue::ack(std::size_t bytes, const settled& what) { behind_->ack(bytes, what); }

void record_queue::rewind() { behind_->rewind(); }

// Whether it is worth to take now: what comes while the listener stays away, for a nap, it takes at once. (Who takes each
// record as it comes has the lock, and its line of the cache, whenever the next one comes.)
bool record_queue::ready() const {
  const std::lock_guard lock(now_.mutex);
  const bool slices_wait = behind_->ready();
  const bool some = unsealed_bytes() > 0;
  if (slices_wait || unsealed_bytes() >= slice_bytes_ / 8 || (some && closed_.load())) {
    nap_ = first_nap;
    return worth_it(slices_wait);
  }
  const auto now = std::chrono::steady_clock::now();
  const bool away = look_again_ != steady_time::max();
  if (some && away && now >= look_again_) {
    nap_ = std::min(nap_ * 2, longest_nap);
    return worth_it(false);
  }
  idle_since_ = some ? steady_time::max() : std::min(idle_since_, now);
  now_.listener_sleeps = !some && (closed_.load() || now - idle_since_ >= all_naps);
  if (now_.listener_sleeps) {
    nap_ = first_nap;
    look_again_ = steady_time::max();
  } else if (!away || now >= look_again_) {
    look_again_ = now + nap_;
    nap_ = std::min(nap_ * 2, longest_nap);
  }
  return false;
}

// False: the queue behind hands out nothing before something is acked, or is on disk; it wakes the listener then.
bool record_queue::worth_it(bool slices_wait) const {
  idle_since_ = look_again_ = steady_time::max();
  if (!slices_wait) seal();
  const bool yes = slices_wait || behind_->ready();
  now_.listener_sleeps = !yes;
  return yes;
}

steady_time record_queue::look_again() const { return look_again_; }

bool record_queue::finished() const {
  if (!closed_.load()) return false;
  {
    const std::lock_guard lock(now_.mutex);
    if (unsealed_bytes() > 0) return false;
  }
  return behind_->finished();
}

ledger record_queue::account() const {
  const std::lock_guard lock(now_.mutex);
  seal();
  return behind_->account();
}

}  // namespace logrelay
