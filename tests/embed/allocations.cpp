// Counts the allocations of the thread that logs to an adopted sink, and prints them: `allocations RECORDS`.
#include <logrelay/embed/adopt.hpp>

#include <fmt/format.h>
#include <spdlog/sinks/null_sink.h>

#include <cstdint>
#include <cstdlib>
#include <new>

namespace {
thread_local std::uint64_t allocations = 0;
}

// Not inlined: GCC 12 would take one half of a pair for the other allocator.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* const memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const auto log = std::make_shared<spdlog::logger>("app", std::make_shared<spdlog::sinks::null_sink_mt>());
  logrelay::adopt_options options;
  options.queue_bytes = 1024 * 1024;
  options.drain = std::chrono::seconds(60);
  auto queued = logrelay::adopt(log, options);
  const auto log_some = [&](long records) {
    const auto before = allocations;
    for (long i = 0; i < records; ++i) log->info("a message of 64 bytes, as programs log them, with a number: {:04}", i % 10'000);
    return allocations - before;
  };
  log_some(50'000);  // several times through the queue
  const auto counted = log_some(std::atol(argv[1]));
  const auto report = queued.stop(std::chrono::seconds(60));
  fmt::print("{} {}\n", counted, report.sinks.front().account.accepted.lines);
}
