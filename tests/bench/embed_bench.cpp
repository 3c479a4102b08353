// What a log call costs its caller: adopted sinks beside spdlog's async logger, with the same pattern, sink, message and
// number of records that a queue holds, under loads from a record now and then to as fast as the threads can.
//
// The time of each call is taken around it, and what taking it costs (the median of an empty call) is subtracted. Format
// and clock are spdlog's own in all of them: "no queue" is a logger whose sink does nothing, and what none can beat. Where
// threads do not pause, the mean is what logging takes from them: calls that wait are few, and most of the time.
#include <support/bench.hpp>
#include <support/temp_folder.hpp>

#include <logrelay/embed/adopt.hpp>

#include <fmt/format.h>
#include <spdlog/async.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/null_sink.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <numeric>
#include <optional>
#include <thread>

using namespace logrelay::support;

namespace {

using clock = std::chrono::steady_clock;
using nanoseconds = std::chrono::nanoseconds;

constexpr std::string_view message = "GET /index.html 200 5120 from 192.0.2.17, 1.234 ms, cache=miss..";
static_assert(message.size() == 64);
constexpr std::size_t queued_records = 8192;
constexpr std::size_t few = 15;            // where a pause is long, one of so many records is enough
constexpr std::size_t record_bytes = 112;  // of ours: the message, what it is packed in, its frame

struct subject {
  std::string name;
  std::shared_ptr<spdlog::logger> log;
  std::optional<logrelay::queued> queued{};
  std::shared_ptr<spdlog::details::thread_pool> pool{};
};

spdlog::sink_ptr file_sink(const std::string& path) { return std::make_shared<spdlog::sinks::basic_file_sink_st>(path); }

subject none(const std::string&) {
  return {"no queue", std::make_shared<spdlog::logger>("bench", std::make_shared<spdlog::sinks::null_sink_mt>())};
}

subject async(const std::string& path, spdlog::async_overflow_policy policy) {
  const bool blocks = policy == spdlog::async_overflow_policy::block;
  auto pool = std::make_shared<spdlog::details::thread_pool>(queued_records, 1);
  auto log = std::make_shared<spdlog::async_logger>("bench", file_sink(path), pool, policy);
  return {blocks ? "spdlog async, block" : "spdlog async, overrun_oldest", std::move(log), {}, std::move(pool)};
}

subject adopted(const std::string& path, logrelay::overflow policy) {
  const bool blocks = policy == logrelay::overflow::block;
  subject made{blocks ? "adopted, block" : "adopted, drop_oldest", std::make_shared<spdlog::logger>("bench", file_sink(path))};
  logrelay::adopt_options options;
  options.queue_bytes = queued_records * record_bytes;
  options.when_full = policy;
  options.drain = 60s;
  made.queued.emplace(logrelay::adopt(made.log, options));
  return made;
}

/// Here nanoseconds count.
std::string text(nanoseconds time) { return time < 1us ? fmt::format("{} ns", time.count()) : readable(time); }

struct quantiles {
  nanoseconds p50, mean, p99, p999;
};

quantiles quantiles_of(std::vector<std::uint32_t>& took, nanoseconds cost) {
  std::sort(took.begin(), took.end());
  const auto costs = [&](std::uint64_t time) { return std::max(nanoseconds(time) - cost, nanoseconds(1)); };
  const auto at = [&](double share) { return costs(took[static_cast<std::size_t>(share * static_cast<double>(took.size() - 1))]); };
  return {at(0.5), costs(std::reduce(took.begin(), took.end(), std::uint64_t{0}) / took.size()), at(0.99), at(0.999)};
}

nanoseconds cost_of_timing() {
  std::vector<std::uint32_t> took(100'000);
  for (auto& each : took) {
    const auto from = clock::now();
    each = static_cast<std::uint32_t>((clock::now() - from).count());
  }
  return quantiles_of(took, nanoseconds(0)).p50;
}

/// `pause` between a thread's calls: spent spinning, as an event loop that is busy would.
quantiles measure(const subject& one, int threads, std::size_t records, nanoseconds pause, nanoseconds cost) {
  std::vector<std::vector<std::uint32_t>> took(static_cast<std::size_t>(threads));
  const auto work = [&](std::vector<std::uint32_t>& mine) {
    for (std::size_t i = 0; i < 3 * queued_records; ++i) one.log->info(message);  // warms up: three times through the queue
    mine.resize(records);
    for (auto& each : mine) {
      const auto from = clock::now();
      one.log->info(message);
      const auto to = clock::now();
      each = static_cast<std::uint32_t>(std::min<std::int64_t>((to - from).count(), UINT32_MAX));
      while (pause.count() > 0 && clock::now() - to < pause) {}
    }
  };
  std::vector<std::thread> all;
  for (auto& each : took) all.emplace_back(work, std::ref(each));
  for (auto& each : all) each.join();
  std::vector<std::uint32_t> together;
  for (const auto& each : took) together.insert(together.end(), each.begin(), each.end());
  return quantiles_of(together, cost);
}

double ratio(nanoseconds theirs, nanoseconds ours) { return static_cast<double>(theirs.count()) / static_cast<double>(ours.count()); }

/// Takes one record and keeps it until it is let go.
class hung_sink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  std::atomic<bool> hangs{true};

 private:
  void sink_it_(const spdlog::details::log_msg&) override {
    while (hangs) std::this_thread::sleep_for(1ms);
  }
  void flush_() override {}
};

/// Notes how long after its making each record comes.
class timing_sink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  std::vector<std::uint32_t> took;

 private:
  void sink_it_(const spdlog::details::log_msg& record) override {
    const auto late = std::chrono::duration_cast<nanoseconds>(std::chrono::system_clock::now() - record.time);
    took.push_back(static_cast<std::uint32_t>(std::clamp<std::int64_t>(late.count(), 0, UINT32_MAX)));  // 4 s are the most
  }
  void flush_() override {}
};

/// Three loggers: with a hung sink and a healthy one, with the hung one alone, and with a healthy one alone.
struct neighbours {
  std::string name;
  std::shared_ptr<hung_sink> hung = std::make_shared<hung_sink>();
  std::shared_ptr<timing_sink> beside = std::make_shared<timing_sink>(), apart = std::make_shared<timing_sink>();
  std::shared_ptr<spdlog::logger> both{}, stuck{}, other{};
  std::optional<logrelay::queued> queued{};
  std::shared_ptr<spdlog::details::thread_pool> pool{};
};

neighbours adopted_neighbours() {
  neighbours made{"adopted, drop_oldest"};
  made.both = std::make_shared<spdlog::logger>("both", spdlog::sinks_init_list{made.hung, made.beside});
  made.stuck = std::make_shared<spdlog::logger>("stuck", made.hung);
  made.other = std::make_shared<spdlog::logger>("other", made.apart);
  logrelay::adopt_options options;
  options.queue_bytes = queued_records * record_bytes;
  options.drain = 60s;
  made.queued.emplace(logrelay::adopt(made.both, options));
  made.queued->add(made.stuck);
  made.queued->add(made.other);
  return made;
}

neighbours async_neighbours(spdlog::async_overflow_policy policy) {
  const bool blocks = policy == spdlog::async_overflow_policy::block;
  neighbours made{blocks ? "spdlog async, block" : "spdlog async, overrun_oldest"};
  made.pool = std::make_shared<spdlog::details::thread_pool>(queued_records, 1);
  made.both = std::make_shared<spdlog::async_logger>("both", spdlog::sinks_init_list{made.hung, made.beside}, made.pool, policy);
  made.stuck = std::make_shared<spdlog::async_logger>("stuck", made.hung, made.pool, policy);
  made.other = std::make_shared<spdlog::async_logger>("other", made.apart, made.pool, policy);
  return made;
}

/// What calls take, and how late records come to the healthy sinks, while one sink hangs: until all are logged, or, for who
/// waits for it, twice as long as that takes.
void isolation(const table& results, neighbours one, std::size_t records, nanoseconds cost, bool has_goal) {
  std::atomic<bool> over{false};
  std::thread third([&] {
    for (; !over; std::this_thread::sleep_for(100us)) one.stuck->info(message);
  });
  std::thread release([&, until = clock::now() + records * 300us] {
    while (!over && clock::now() < until) std::this_thread::sleep_for(1ms);
    one.hung->hangs = false;
  });
  std::vector<std::uint32_t> took(2 * records);
  for (std::size_t i = 0; i < took.size(); ++i) {
    const auto& log = i % 2 == 0 ? one.both : one.other;
    const auto from = clock::now();
    log->info(message);
    took[i] = static_cast<std::uint32_t>(std::min<std::int64_t>((clock::now() - from).count(), UINT32_MAX));
    if (i % 2 == 1) std::this_thread::sleep_for(100us);
  }
  over = true;
  third.join();
  release.join();
  if (one.queued) one.queued->stop(60s);
  one.pool.reset();
  one.both = one.stuck = one.other = nullptr;  // spdlog's loggers hold their pool, which drains when it goes

  const auto mark = [&](bool met) { return has_goal ? goal(met) : std::string(); };
  const auto calls = quantiles_of(took, cost);
  results.row({one.name + ": a call of another logger", text(calls.p50), text(calls.p999), text(nanoseconds(took.back())), mark(calls.p999 < 50us)});
  for (const auto& [what, sink] : {std::pair("the sink beside it", one.beside), std::pair("a sink of another logger", one.apart)}) {
    auto& late = sink->took;
    const bool all = late.size() == records;
    if (late.empty()) late.push_back(UINT32_MAX);
    const auto delivery = quantiles_of(late, nanoseconds(0));
    results.row({fmt::format("{}: a record at {}{}", one.name, what, all ? "" : fmt::format(" ({} lost)", records - sink->took.size())),
                 text(delivery.p50), text(delivery.p999), text(nanoseconds(late.back())), mark(all && nanoseconds(late.back()) < 10ms)});
  }
}

}  // namespace

int main(int argc, char** argv) {
  const bench_options options(argc, argv, "What a log call costs its caller.", "", {{"records", "300000", "30000", "calls that are timed, of each thread"}});
  const auto cost = cost_of_timing();
  fmt::print("taking the time costs {}, which is subtracted\n\n", text(cost));
  const table results({"64-byte records to a file", "p50", "mean", "p99", "p99.9", "p50 x", "mean x", "p99.9 x", "goal: 3 and 10"}, 52, 9);
  for (const auto pause : {nanoseconds(0), nanoseconds(2us), nanoseconds(10us), nanoseconds(100us)})
    for (const int threads : {1, 2}) {
      const auto load = pause.count() == 0 ? fmt::format("{} threads, no pause", threads) : fmt::format("{} threads, every {}", threads, readable(pause));
      const auto records = options.size("records") / (pause > 50us ? few : 1);
      const auto run = [&](const std::function<subject(const std::string&)>& make, const quantiles* theirs) -> quantiles {
        const temp_folder folder;
        const auto one = make(folder / "bench.log");
        const auto got = measure(one, threads, records, pause, cost);
        std::vector<std::string> row{fmt::format("{}: {}", load, one.name), text(got.p50), text(got.mean), text(got.p99), text(got.p999)};
        if (theirs != nullptr) {
          const double median = ratio(theirs->p50, got.p50), tail = ratio(theirs->p999, got.p999);
          row.insert(row.end(), {readable_ratio(median), readable_ratio(ratio(theirs->mean, got.mean)), readable_ratio(tail), goal(median >= 3 && tail >= 10)});
        }
        results.row(row);
        return got;
      };
      run(none, nullptr);
      using enum spdlog::async_overflow_policy;
      const auto blocks = run([](const auto& path) { return async(path, block); }, nullptr);
      run([](const auto& path) { return adopted(path, logrelay::overflow::block); }, &blocks);
      const auto drops = run([](const auto& path) { return async(path, overrun_oldest); }, nullptr);
      run([](const auto& path) { return adopted(path, logrelay::overflow::drop_oldest); }, &drops);
    }
  fmt::print("\n");
  const table isolated({"one sink hangs; records every 100 µs", "p50", "p99.9", "most", "goal"}, 68, 10);
  isolation(isolated, async_neighbours(spdlog::async_overflow_policy::block), options.size("records") / few, cost, false);
  isolation(isolated, async_neighbours(spdlog::async_overflow_policy::overrun_oldest), options.size("records") / few, cost, false);
  isolation(isolated, adopted_neighbours(), options.size("records") / few, cost, true);
  return verdict();
}
