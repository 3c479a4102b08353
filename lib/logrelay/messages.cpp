#include <logrelay/messages.hpp>

#include <logrelay/util/utf8.hpp>

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>

#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <climits>
#include <mutex>

namespace logrelay {
namespace {

// A sink that never waits: a pipe that says POLLOUT takes PIPE_BUF bytes at once (pipe(7)), and no message is longer.
class stderr_sink final : public spdlog::sinks::base_sink<std::mutex> {
 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    if (!writable()) {
      ++unsaid_;
      return;
    }
    if (unsaid_ > 0) put(fmt::format("logrelay: warning: {} messages were not said: stderr was full\n", std::exchange(unsaid_, 0)));
    spdlog::memory_buf_t line;
    if (above_meter.load()) line.append(std::string_view("\r\x1b[K"));
    formatter_->format(message, line);
    if (line.size() > PIPE_BUF) {
      line.resize(PIPE_BUF);
      line[PIPE_BUF - 1] = '\n';
    }
    put({line.data(), line.size()});
  }
  void flush_() override {}

 public:
  std::atomic<bool> above_meter{false};

 private:
  static bool writable() {
    pollfd stderr_now{STDERR_FILENO, POLLOUT, 0};
    return ::poll(&stderr_now, 1, 0) == 1 && (stderr_now.revents & POLLOUT) != 0;
  }
  static void put(std::string_view line) {
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), std::min<std::size_t>(line.size(), PIPE_BUF));
  }
  std::size_t unsaid_ = 0;
};

spdlog::level::level_enum spdlog_level(severity how) {
  switch (how) {
    case severity::error: return spdlog::level::err;
    case severity::warning: return spdlog::level::warn;
    case severity::notice: return spdlog::level::info;
    case severity::info: return spdlog::level::debug;
  }
  return spdlog::level::err;
}

}  // namespace

struct messages::parts {
  explicit parts(severity least) : sink(std::make_shared<stderr_sink>()), log("logrelay", sink) {
    log.set_pattern("%v");
    log.set_level(spdlog_level(least));
  }
  const std::shared_ptr<stderr_sink> sink;
  spdlog::logger log;
};

messages::messages(severity least) : parts_(std::make_unique<parts>(least)) {}
messages::~messages() = default;

void messages::set_least(severity least) { parts_->log.set_level(spdlog_level(least)); }
void messages::stand_above_meter() { parts_->sink->above_meter.store(true); }

// What a peer answers is part of some messages: it may neither steer the terminal nor begin a line that looks like ours.
void messages::say(severity how, std::string_view text) {
  const auto shown = as_shown(text);
  switch (how) {
    case severity::error: return parts_->log.log(spdlog_level(how), "logrelay: error: {}", shown);
    case severity::warning: return parts_->log.log(spdlog_level(how), "logrelay: warning: {}", shown);
    case severity::notice:
    case severity::info: return parts_->log.log(spdlog_level(how), "logrelay: {}", shown);
  }
}

}  // namespace logrelay
