#include "supervisor.hpp"

#include <logrelay/error.hpp>
#include <logrelay/util/inherited.hpp>
#include <logrelay/util/quantity.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <ctime>

namespace logrelay {
namespace {

constexpr std::chrono::seconds between_status{10};

std::optional<std::uint64_t> number_in(const char* variable) {
  const char* const text = std::getenv(variable);
  return text ? parse_count(text) : std::nullopt;
}

std::string monotonic_microseconds() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return fmt::format("{}", now.tv_sec * 1'000'000LL + now.tv_nsec / 1'000);
}

}  // namespace

supervisor::supervisor(const time_source& clock) : clock_(clock) {
  if (const char* const name = std::getenv("NOTIFY_SOCKET"); name && (*name == '/' || *name == '@')) {
    bool fits = false;
    socket_name_ = name;
    socket_ = unix_address(socket_name_, fits);
    if (!fits) socket_.reset();
  }
  const auto process = number_in("WATCHDOG_PID");
  if (!process || *process == static_cast<std::uint64_t>(::getpid()))
    watchdog_ = std::chrono::microseconds(std::min<std::uint64_t>(number_in("WATCHDOG_USEC").value_or(0), INT32_MAX * 1'000ULL));
  for (const char* each : {"NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC"}) ::unsetenv(each);
}

void supervisor::use_ready_descriptor(int number) {
  if (number == 0) return;
  const bool open = kind_of(number) != descriptor_kind::closed && (::fcntl(number, F_GETFL) & O_ACCMODE) != O_RDONLY;
  if (!open) throw error(fmt::format("--ready-fd={}: it is not open for writing", number));
  ready_.reset(number);
  ::fcntl(number, F_SETFD, FD_CLOEXEC);
}

steady_time supervisor::look(relay& running, messages& say) {
  if (!socket_ && !ready_) return steady_time::max();
  const auto now = clock_.now();
  if (asked_ && running.reader_answered()) {
    asked_ = false;
    if (!is_ready_) get_ready(running.report(), say);
    if (watchdog_.count() > 0) send("WATCHDOG=1", say);
  }
  // The next sign of life is given by the reader's answer, half the time before it is missed.
  if (!asked_ && now >= ask_next_ && (!is_ready_ || watchdog_.count() > 0)) {
    asked_ = true;
    ask_next_ = now + watchdog_ / 2;
    running.ask_reader();
  }
  if (running.ending() && !std::exchange(is_ending_, true)) send("STOPPING=1\nSTATUS=ending; " + status_line(running.report()), say);
  if (!socket_ || !is_ready_ || is_ending_) return asked_ || watchdog_.count() == 0 ? steady_time::max() : ask_next_;
  if (now >= status_next_) {
    status_next_ = now + between_status;
    if (auto line = status_line(running.report()); line != status_) {
      status_ = std::move(line);
      send("STATUS=" + status_, say);
    }
  }
  return asked_ || watchdog_.count() == 0 ? status_next_ : std::min(ask_next_, status_next_);
}

void supervisor::get_ready(const relay_report& balance, messages& say) {
  is_ready_ = true;
  if (ready_) {
    if (::write(ready_.get(), "\n", 1) != 1)
      say.say(severity::warning, fmt::format("unable to tell on descriptor {} that everything is open: {}", ready_.get(), error_text(errno)));
    ready_.reset();
  }
  status_ = status_line(balance);
  send("READY=1\nSTATUS=" + status_, say);
}

void supervisor::reloading(messages& say) { send("RELOADING=1\nMONOTONIC_USEC=" + monotonic_microseconds(), say); }

void supervisor::reloaded(const relay_report& balance, messages& say) {
  if (is_ready_) get_ready(balance, say);
}

// Nobody waits for a manager that does not listen: after a second it is told the next time.
void supervisor::send(std::string_view state, messages& say) {
  if (!socket_) return;
  const fd to(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const timeval patience{1, 0};
  ::setsockopt(to.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  const bool sent = ::sendto(to.get(), state.data(), state.size(), MSG_NOSIGNAL, socket_->get(), socket_->size) >= 0;
  if (!sent && !failed_)
    say.say(severity::warning, fmt::format("unable to tell the service manager by {} how it goes: {}; will try again", socket_name_, error_text(errno)));
  failed_ = !sent;
}

std::string status_line(const relay_report& balance) {
  std::uint64_t read = 0;
  for (const auto& each : balance.inputs) read += each.lines;
  ledger all;
  std::uint64_t dropped = 0;
  for (const auto& each : balance.outputs) {
    all.delivered += each.account.delivered;
    all.pending += each.account.pending;
    all.rejected += each.account.rejected;
    dropped += each.account.dropped().lines;
  }
  return fmt::format("{} lines read; {} delivered, {} pending, {} dropped, {} rejected", read, all.delivered.lines, all.pending.lines, dropped,
                     all.rejected.lines);
}

}  // namespace logrelay
