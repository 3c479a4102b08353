#include <support/feeder.hpp>

#include <support/process.hpp>
#include <support/sockets.hpp>

#include <logrelay/error.hpp>

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

namespace logrelay::support {
namespace {

struct progress {
  std::uint64_t written = 0;
};

/// One write at most; false on an error.
bool write_some(int into, std::string_view text, std::uint64_t share, std::size_t write_bytes, progress& to) {
  const auto place = to.written % text.size();
  const auto size = std::min<std::uint64_t>({write_bytes, text.size() - place, share - to.written});
  const auto n = ::write(into, text.data() + place, size);
  if (n > 0) to.written += static_cast<std::uint64_t>(n);
  return n >= 0 || errno == EAGAIN || errno == EINTR;
}

/// In the child: nothing here allocates for a single descriptor, nor locks.
int feed(std::vector<fd>& into, std::string_view text, std::uint64_t share, std::size_t write_bytes) {
  if (into.size() == 1) {
    progress to;
    while (to.written < share) {
      if (!write_some(into[0].get(), text, share, write_bytes, to)) return 1;
    }
    return 0;
  }
  std::vector<progress> all(into.size());
  std::vector<pollfd> waits;
  for (const auto& descriptor : into) {
    ::fcntl(descriptor.get(), F_SETFL, O_NONBLOCK);
    waits.push_back({descriptor.get(), POLLOUT, 0});
  }
  for (auto open = into.size(); open > 0;) {
    if (::poll(waits.data(), waits.size(), -1) < 0) return 1;
    for (std::size_t i = 0; i < into.size(); ++i) {
      if (!waits[i].revents) continue;
      if (!write_some(into[i].get(), text, share, write_bytes, all[i])) return 1;
      if (all[i].written < share) continue;
      into[i].reset();
      waits[i].fd = -1;
      --open;
    }
  }
  return 0;
}

}  // namespace

feeder::feeder(std::vector<fd> into, std::string_view text, std::uint64_t bytes, std::size_t write_bytes) {
  const auto each = share(text, bytes, into.size());
  id_ = ::fork();
  if (id_ < 0) throw system_error("fork", errno);
  if (id_ > 0) return;
  ::signal(SIGPIPE, SIG_IGN);
  ::_exit(feed(into, text, each, write_bytes));
}

feeder::~feeder() {
  if (id_ <= 0) return;
  ::kill(id_, SIGKILL);
  ::waitpid(id_, nullptr, 0);
}

std::uint64_t feeder::share(std::string_view text, std::uint64_t bytes, std::size_t descriptors) {
  const auto each = bytes / descriptors;
  const auto part = text.substr(0, each % text.size());
  return each - part.size() + (part.empty() ? 0 : part.rfind('\n') + 1);
}

std::chrono::microseconds feeder::finish() {
  int status = 0;
  rusage usage{};
  ::wait4(std::exchange(id_, 0), &status, 0, &usage);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) throw error("the feeder could not write all of its lines");
  return std::chrono::seconds(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         std::chrono::microseconds(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

cost feed_through(const std::vector<std::string>& argv, const stream& output, std::string_view text,
                  std::uint64_t bytes, std::size_t write_bytes) {
  auto pipe = make_pipe();
  process program(argv, {.input = stream::descriptor(pipe.reading.get()), .output = output});
  pipe.reading.reset();
  const auto start = std::chrono::steady_clock::now();
  std::vector<fd> into;
  into.push_back(std::move(pipe.writing));
  feeder writer(std::move(into), text, bytes, write_bytes);
  const auto status = program.wait(std::chrono::minutes(10));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  if (!status || !status->code) throw error(argv.at(0) + " failed: " + program.errors());
  const std::chrono::duration<double> cpu = status->cpu + writer.finish();
  return {took.count(), cpu.count(), *status->code};
}

}  // namespace logrelay::support
