#include <support/pacer.hpp>

#include <support/eventually.hpp>
#include <support/lines.hpp>

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <ctime>

namespace logrelay::support {
namespace {

std::int64_t now() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

void sleep_until(std::int64_t when) {
  const timespec time{when / 1'000'000'000, when % 1'000'000'000};
  while (::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nullptr) == EINTR) {
  }
}

}  // namespace

latencies latencies_of(std::vector<std::chrono::nanoseconds> samples) {
  if (samples.empty()) return {};
  std::sort(samples.begin(), samples.end());
  return {samples.front(), samples[samples.size() / 2], samples[samples.size() * 99 / 100], samples.back(),
          samples.size()};
}

pacer::pacer(fd writing, pace how)
    : writing_(std::move(writing)),
      stop_(::eventfd(0, EFD_CLOEXEC)),
      pace_(how),
      text_(numbered_lines(0, how.lines, how.length)),
      written_at_(how.lines),
      took_(how.lines) {
  ::signal(SIGPIPE, SIG_IGN);
  // Flags belong to an end of the pipe: the reader's is not touched. So a reader that never reads cannot keep us.
  ::fcntl(writing_.get(), F_SETFL, O_NONBLOCK);
  thread_ = std::thread([this] { write_on(); });
}

pacer::~pacer() { stop(); }

bool pacer::wait(std::chrono::milliseconds limit) const {
  return eventually([this] { return finished(); }, limit);
}

void pacer::stop() {
  stopping_ = true;
  ::eventfd_write(stop_.get(), 1);
  if (thread_.joinable()) thread_.join();
}

void pacer::close() {
  stop();
  writing_.reset();
}

std::chrono::nanoseconds pacer::age(std::uint64_t number) const {
  return std::chrono::nanoseconds(now() - written_at_.at(number));
}

std::chrono::nanoseconds pacer::lag(std::uint64_t arrived_bytes) const {
  const auto arrived = arrived_bytes / pace_.length;
  return arrived < written_ ? age(arrived) : std::chrono::nanoseconds(0);
}

std::chrono::nanoseconds pacer::waiting() const {
  const std::int64_t began = began_write_;
  return std::chrono::nanoseconds(began ? now() - began : 0);
}

latencies pacer::writes() const {
  std::vector<std::chrono::nanoseconds> samples;
  const std::uint64_t written = written_;
  for (std::uint64_t i = 0; i < written; ++i) samples.emplace_back(took_[i]);
  return latencies_of(std::move(samples));
}

void pacer::write_on() {
  ::prctl(PR_SET_TIMERSLACK, 1);
  const auto start = now();
  for (std::uint64_t number = 0; number < pace_.lines; ++number) {
    if (pace_.lines_a_second) {
      const auto due = start + static_cast<std::int64_t>(number * 1'000'000'000 / pace_.lines_a_second);
      if (due > now()) sleep_until(due);
    }
    if (stopping_ || !write_line(number)) return;
  }
  finished_ = true;
}

/// False when it was stopped, or nobody is there to read.
bool pacer::write_line(std::uint64_t number) {
  std::string_view line(text_.data() + number * pace_.length, pace_.length);
  const auto began = now();
  began_write_ = began;
  while (!line.empty()) {
    const auto n = ::write(writing_.get(), line.data(), line.size());
    if (n >= 0) {
      line.remove_prefix(static_cast<std::size_t>(n));
      continue;
    }
    if (errno != EAGAIN && errno != EINTR) return false;
    std::array<pollfd, 2> waits{pollfd{stop_.get(), POLLIN, 0}, pollfd{writing_.get(), POLLOUT, 0}};
    ::poll(waits.data(), waits.size(), -1);
    if (waits[0].revents) return false;
  }
  const auto ended = now();
  began_write_ = 0;
  written_at_[number] = ended;
  took_[number] = ended - began;
  written_ = number + 1;
  return true;
}

}  // namespace logrelay::support
