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
constexpr std::chrono::microseconds longest_nap = 800us, all_naps = 10ms;
// Whoever waits for room looks by itself at least that often: a spool makes room in a thread of its own.
constexpr auto look_for_room = 50ms;

std::size_t slice_of(std::size_t capacity) { return std::clamp(capacity / 4, least_slice, largest_slice); }

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

}  // namespace

bool& record_queue::in_listener() {
  static thread_local bool yes = false;
  return yes;
}

std::size_t record_queue::behind_bytes(std::size_t capacity_bytes) {
  return std::max(capacity_bytes, 2 * least_slice) - slice_of(capacity_bytes);
}

record_queue::record_queue(const record_rules& rules, std::shared_ptr<queue> behind, const block_pool& pool, std::function<void()> on_lines)
    : rules_(rules),
      slice_bytes_(slice_of(rules.capacity_bytes)),
      behind_bytes_(behind_bytes(rules.capacity_bytes)),
      behind_(std::move(behind)),
      on_lines_(std::move(on_lines)),
      pool_(pool) {
  touch_blocks(pool_);
}

published record_queue::publish(const program_record& one) {
  const std::size_t size = packed_size(one);
  char header[header_bytes];
  const std::size_t header_size = write_header(size, header);
  bool sleeps = false;
  {
    std::unique_lock lock(mutex_);
    if (closed_.load()) return published::closed;
    if ((!open_ || used_ + header_size + size > open_->capacity() || used_ - sealed_ + header_size + size > slice_bytes_) &&
        !make_space(lock, header_size + size))
      return closed_.load() ? published::closed : published::refused;
    char* const to = open_->data() + used_;
    std::copy_n(header, header_size, to);
    pack(one, to + header_size);
    used_ += header_size + size;
    if (unsealed_.lines == 0) first_ = one.time;
    unsealed_ += {1, size + 1};
    sleeps = std::exchange(listener_sleeps_, false);
  }
  if (sleeps) on_lines_();
  return published::accepted;
}

// A new slice, in a new block where the open one is full. False: there is no room for it, or the queue has been closed.
bool record_queue::make_space(std::unique_lock<brief_lock>& held, std::size_t bytes) {
  seal();
  if (rules_.waits && !wait_for_room(held)) return false;
  if (open_ && used_ + bytes <= open_->capacity()) return true;
  open_ = pool_.take(std::max(bytes, block_pool::standard_bytes));
  used_ = sealed_ = 0;
  return true;
}

// Until the queue behind takes a slice more, by what its overflow policy says.
bool record_queue::wait_for_room(std::unique_lock<brief_lock>& held) {
  for (;;) {
    if (closed_.load()) return false;
    const std::size_t there = behind_->account().queue_bytes;
    if (there + slice_bytes_ <= behind_bytes_) return true;
    const room now = behind_->room_now();
    if (now.bytes > 0) return true;
    if (in_listener()) {
      if (there <= behind_bytes_) return true;
      ++refused_;
      return false;
    }
    ++held_;
    wanted_.store(true);
    room_.wait_until(held, std::min<steady_time>(now.until, std::chrono::steady_clock::now() + look_for_room));
    --held_;
    if (used_ > sealed_) seal();  // another thread had room first
  }
}

// What the open block holds goes on as a batch. The lock is held, so that batches keep their order.
void record_queue::seal() const {
  if (used_ == sealed_) return;
  batch lines;
  lines.memory = open_;
  lines.data = open_->data() + sealed_;
  lines.size = static_cast<std::uint32_t>(used_ - sealed_);
  lines.frames = framing::octet;
  lines.count = std::exchange(unsealed_, {});
  lines.time = first_;
  lines.from = rules_.from;
  sealed_ = used_;
  behind_->push(lines);
}

void record_queue::push(const batch& lines) {
  {
    const std::lock_guard lock(mutex_);
    seal();
    behind_->push(lines);
    listener_sleeps_ = false;
  }
  on_lines_();
}

bool record_queue::has_room() const {
  const std::lock_guard lock(mutex_);
  return closed_.load() || behind_->account().queue_bytes + (used_ - sealed_) + slice_bytes_ <= behind_bytes_;
}

std::uint64_t record_queue::when_room(std::function<void()> tell) {
  std::uint64_t waiter = 0;
  {
    const std::lock_guard lock(mutex_);
    waiter = ++last_waiter_;
    waiters_.emplace(waiter, std::move(tell));
    wanted_.store(true);
  }
  tell_room();  // it may have come before we said that we want it
  const std::lock_guard lock(mutex_);
  return waiters_.contains(waiter) ? waiter : 0;
}

bool record_queue::forget(std::uint64_t waiter) {
  const std::lock_guard lock(mutex_);
  return waiters_.erase(waiter) > 0;
}

// Whoever waits for room looks again, if there is some.
void record_queue::tell_room() {
  if (!wanted_.load() || !has_room()) return;
  decltype(waiters_) told;
  {
    const std::lock_guard lock(mutex_);
    told.swap(waiters_);
    wanted_.store(held_ > 0);
    room_.notify_all();
  }
  for (const auto& [waiter, tell] : told) tell();
}

void record_queue::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_.store(true);
    seal();
    room_.notify_all();
  }
  behind_->close();
  on_lines_();
  tell_room();
}

void record_queue::take(std::vector<batch>& into, std::size_t most_bytes) {
  in_listener() = true;
  {
    const std::lock_guard lock(mutex_);
    seal();
  }
  const std::size_t had = into.size();
  behind_->take(into, most_bytes);
  for (std::size_t each = had; each < into.size(); ++each) taken_bytes_ += into[each].size;
  tell_room();
}

void record_queue::ack(std::size_t bytes, const settled& what) {
  taken_bytes_ -= bytes;
  behind_->ack(bytes, what);
  tell_room();
}

void record_queue::rewind() {
  taken_bytes_ = 0;
  behind_->rewind();
}

bool record_queue::ready() const { return behind_->ready() || nap(); }

// Before the listener sleeps, unless it waits for its output too. True: there is something again.
bool record_queue::nap() const {
  const auto until = std::chrono::steady_clock::now() + all_naps;
  for (auto pause = nap_;; pause = std::min(pause * 2, longest_nap)) {
    const bool over = taken_bytes_ > 0 || closed_.load() || std::chrono::steady_clock::now() >= until;
    if (!over) std::this_thread::sleep_for(pause);
    const std::lock_guard lock(mutex_);
    if (used_ > sealed_ || behind_->ready()) {
      nap_ = used_ - sealed_ < slice_bytes_ / 8 ? std::min(nap_ * 2, longest_nap) : first_nap;
      return true;
    }
    if (over) {
      listener_sleeps_ = true;
      nap_ = first_nap;
      return false;
    }
  }
}

bool record_queue::finished() const {
  if (!closed_.load()) return false;
  {
    const std::lock_guard lock(mutex_);
    if (used_ > sealed_) return false;
  }
  return behind_->finished();
}

ledger record_queue::account() const {
  const std::lock_guard lock(mutex_);
  seal();
  return behind_->account();
}

}  // namespace logrelay
