// A program that logs through adopted sinks and ends, or forks, in one of many ways: endings WAY FILE.
// tests/unit/embed/endings_test.cpp runs it and looks at the file.
#include <logrelay/embed/adopt.hpp>
#include <logrelay/embed/sink.hpp>

#include <fmt/format.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/basic_file_sink.h>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <mutex>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;

/// Appends each record with one write, so that a parent and its children may share the file; takes its time before.
class appending_sink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  appending_sink(const char* file, std::chrono::milliseconds slow) : fd_(::open(file, O_WRONLY | O_CREAT | O_APPEND, 0600)), slow_(slow) {
    set_pattern_("%v");
  }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    std::this_thread::sleep_for(slow_);
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    if (::write(fd_, line.data(), line.size()) < 0) throw std::runtime_error("unable to write");
  }
  void flush_() override {}

 private:
  int fd_;
  std::chrono::milliseconds slow_;
};

int wait_for(pid_t child) {
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

logrelay::queued* kept = nullptr;  // never destroyed: the process's end is what counts here

void adopt_for_good(const std::shared_ptr<spdlog::logger>& log, const logrelay::adopt_options& options) {
  kept = new logrelay::queued(logrelay::adopt(log, options));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const std::string_view way = argv[1];
  const char* const file = argv[2];
  logrelay::adopt_options options;
  options.drain = 60s;

  if (way == "sink") {
    spdlog::logger log("app", logrelay::sink(file));
    log.set_pattern("%v");
    for (int i = 0; i < 100; ++i) log.info("record {}", i);
    std::exit(7);
  }

  const bool slow = way == "exit" || way == "quick_exit";
  const auto log = std::make_shared<spdlog::logger>("app", std::make_shared<appending_sink>(file, slow ? 2ms : 0ms));
  if (way == "exit" || way == "quick_exit") {
    adopt_for_good(log, options);
    for (int i = 0; i < 100; ++i) log->info("record {}", i);
    if (way == "exit") std::exit(7);
    std::quick_exit(7);
  }
  if (way == "hung") {
    options.drain = 50ms;
    std::vector<std::shared_ptr<spdlog::logger>> stuck;
    for (int i = 0; i < 40; ++i) {
      stuck.push_back(std::make_shared<spdlog::logger>("stuck", std::make_shared<appending_sink>(file, 1h)));
      if (kept == nullptr) adopt_for_good(stuck.back(), options);
      kept->add(stuck.back());
      stuck.back()->info("never");
    }
    std::exit(7);
  }
  if (way == "fork-buffered") {
    const auto buffered = std::make_shared<spdlog::logger>("app", std::make_shared<spdlog::sinks::basic_file_sink_st>(file));
    buffered->set_pattern("%v");
    adopt_for_good(buffered, options);
    for (int i = 0; i < 100; ++i) buffered->info("parent {}", i);
    if (!kept->flush(60s)) return 1;  // in the sink, which keeps them in its memory
    const pid_t child = ::fork();
    if (child == 0) {
      for (int i = 0; i < 100; ++i) buffered->info("child {}", i);
      std::exit(0);
    }
    const int status = wait_for(child);
    buffered->info("parent again");
    std::exit(status == 0 ? 7 : 1);
  }
  if (way == "fork-direct" || way == "fork-queued") {
    if (way == "fork-queued") options.in_child = logrelay::child_records::queued;
    adopt_for_good(log, options);
    for (int i = 0; i < 100; ++i) log->info("parent {}", i);
    const pid_t child = ::fork();
    if (child == 0) {
      for (int i = 0; i < 100; ++i) log->info("child {}", i);
      const auto report = kept->stop(60s);
      const auto expected = way == "fork-queued" ? report.delivered() : report.sinks.front().straight;
      std::exit(expected == 100 ? 0 : 1);
    }
    const int status = wait_for(child);
    log->info("parent again");
    std::exit(status == 0 ? 7 : 1);
  }
  if (way == "fork-stop") {
    options.in_child = logrelay::child_records::queued;
    adopt_for_good(log, options);
    const pid_t child = ::fork();
    if (child == 0) {
      kept->stop(60s);  // before its first record
      for (int i = 0; i < 100; ++i) log->info("child {}", i);
      std::exit(kept->report().sinks.front().straight == 100 ? 0 : 1);
    }
    std::exit(wait_for(child) == 0 ? 7 : 1);
  }
  if (way == "fork-no-descriptors") {
    options.in_child = logrelay::child_records::queued;
    adopt_for_good(log, options);
    const pid_t child = ::fork();
    if (child == 0) {
      ::alarm(20);  // ends a call that never returns
      rlimit limit{};
      ::getrlimit(RLIMIT_NOFILE, &limit);
      limit.rlim_cur = 3;
      ::setrlimit(RLIMIT_NOFILE, &limit);
      for (int i = 0; i < 100; ++i) log->info("child {}", i);
      ::_exit(kept->report().sinks.front().straight == 100 ? 0 : 1);
    }
    std::exit(wait_for(child) == 0 ? 7 : 1);
  }
  if (way == "fork-busy") {
    adopt_for_good(log, options);
    std::atomic<bool> over{false};
    std::atomic<int> logged{0};
    std::thread writer([&] {
      while (!over) log->info("parent {}", logged++);
    });
    for (int i = 0; i < 20; ++i) {
      const pid_t child = ::fork();
      if (child == 0) {
        log->info("child {}", i);
        ::_exit(0);
      }
      if (wait_for(child) != 0) ::_exit(1);
    }
    over = true;
    writer.join();
    log->info("all {}", logged.load());
    std::exit(7);
  }
  return 2;
}
