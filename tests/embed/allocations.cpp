// Counts the allocations of a thread that logs to an adopted sink, after it has warmed up, and prints them beside the number
// of all records: `allocations RECORDS block`, or `allocations RECORDS drop`, whose sink hangs, so that records are dropped
// all the time.
#include <logrelay/embed/adopt.hpp>

#include <fmt/format.h>
#include <spdlog/sinks/base_sink.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <string_view>

namespace {

thread_local std::uint64_t allocations = 0;

void* counted(std::size_t size, std::size_t alignment) {
  ++allocations;
  if (void* const memory = std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment)) return memory;
  throw std::bad_alloc();
}

class waiting_sink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  std::atomic<bool> hangs{false}, entered{false};

 private:
  void sink_it_(const spdlog::details::log_msg&) override {
    entered = true;
    entered.notify_all();
    hangs.wait(true);
  }
  void flush_() override {}
};

}  // namespace

// Not inlined: GCC 12 would take one half of a pair for the other allocator.
[[gnu::noinline]] void* operator new(std::size_t size) { return counted(size, alignof(std::max_align_t)); }
[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t alignment) { return counted(size, static_cast<std::size_t>(alignment)); }
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const bool drops = argv[2] == std::string_view("drop");
  const auto sink = std::make_shared<waiting_sink>();
  const auto log = std::make_shared<spdlog::logger>("app", sink);
  sink->hangs = drops;
  logrelay::adopt_options options;
  options.queue_bytes = 64 * 1024;  // so that more memory than the queue has from the start is never needed
  options.when_full = drops ? logrelay::overflow::drop_oldest : logrelay::overflow::block;
  options.drain = std::chrono::seconds(60);
  auto queued = logrelay::adopt(log, options);
  const auto log_some = [&](long records) {
    const auto before = allocations;
    for (long i = 0; i < records; ++i) log->info("a message of 64 bytes, as programs log them, with a number: {:04}", i % 10'000);
    return allocations - before;
  };
  // Warm is who has gone several times through the queue since the listener took its first records, and has them still.
  log_some(1);
  sink->entered.wait(false);
  log_some(49'999);
  const auto counted = log_some(std::atol(argv[1]));
  sink->hangs = false;
  sink->hangs.notify_all();
  const auto report = queued.stop(std::chrono::seconds(60));
  fmt::print("{} {}\n", counted, report.sinks.front().account.accepted.lines);
}
