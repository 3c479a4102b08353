#pragma once
/// An spdlog sink for tests: keeps what it is given, and hangs or throws when it is told to. Any thread tells, any asks.
#include <logrelay/util/guarded.hpp>

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/sink.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace logrelay {

class scripted_sink final : public spdlog::sinks::sink {
 public:
  void log(const spdlog::details::log_msg& message) override {
    ++entered_;
    {
      std::unique_lock lock(mutex_);
      hung_.wait(lock, [&] { return !hangs_; });
    }
    if (on_log) on_log(message);
    if (throws.load() > 0) {
      --throws;
      ++thrown;
      throw std::runtime_error("no space");
    }
    spdlog::memory_buf_t line;
    const std::lock_guard lock(mutex_);
    formatter_->format(message, line);
    lines_.emplace_back(line.data(), line.size() - 1);
    last_thread_ = std::this_thread::get_id();
  }
  void flush() override {
    ++flushes;
    if (on_flush) on_flush();
  }
  void set_pattern(const std::string& pattern) override { set_formatter(std::make_unique<spdlog::pattern_formatter>(pattern)); }
  void set_formatter(std::unique_ptr<spdlog::formatter> formatter) override {
    const std::lock_guard lock(mutex_);
    formatter_ = std::move(formatter);
  }

  void hang() {
    const std::lock_guard lock(mutex_);
    hangs_ = true;
  }
  void go_on() {
    const std::lock_guard lock(mutex_);
    hangs_ = false;
    hung_.notify_all();
  }
  [[nodiscard]] std::vector<std::string> lines() const {
    const std::lock_guard lock(mutex_);
    return lines_;
  }
  [[nodiscard]] std::size_t count() const { return lines().size(); }
  [[nodiscard]] std::size_t entered() const { return entered_.load(); }
  [[nodiscard]] std::thread::id last_thread() const {
    const std::lock_guard lock(mutex_);
    return last_thread_;
  }

  std::function<void(const spdlog::details::log_msg&)> on_log;  ///< set before anything is logged
  std::function<void()> on_flush;
  std::atomic<int> throws{0};                                   ///< so many times from now
  std::atomic<std::size_t> flushes{0}, thrown{0};

 private:
  mutable std::mutex mutex_;
  std::condition_variable hung_;
  bool hangs_ = false;
  std::atomic<std::size_t> entered_{0};
  std::vector<std::string> lines_;
  std::thread::id last_thread_;
  std::unique_ptr<spdlog::formatter> formatter_ = std::make_unique<spdlog::pattern_formatter>("%v");
};

}  // namespace logrelay
