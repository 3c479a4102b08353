// Everything is bounded: resident memory against what the queues are allowed and a fixed overhead, in the cases that
// usually break such a bound, and what an idle connection costs.
#include <support/bench.hpp>
#include <support/feeder.hpp>
#include <support/lines.hpp>
#include <support/process.hpp>
#include <support/report.hpp>
#include <support/sink.hpp>
#include <support/temp_folder.hpp>

#include <logrelay/util/quantity.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/resource.h>

#include <filesystem>
#include <functional>
#include <memory>

using namespace logrelay::support;

namespace {

constexpr std::uint64_t overhead = 24 << 20;

/// A relay whose three outputs take nothing.
class dead_relay {
 public:
  dead_relay(const std::string& program, std::uint64_t queue)
      : allowed_(3 * queue), sink_(stream_sink::tcp({.reads = false})) {
    make_fifo(folder_ / "dead.fifo");
    const auto suffix = fmt::format(",overflow=drop-oldest,queue={}", queue);
    auto pipe = make_pipe();
    relay_ = std::make_unique<process>(
        std::vector<std::string>{program, "fifo:" + folder_ / "dead.fifo" + suffix, sink_.endpoint() + suffix,
                                 "exec:sleep 1000" + suffix, "--report", folder_ / "report.json"},
        process_options{.input = stream::descriptor(pipe.reading.get())});
    writing_ = std::move(pipe.writing);
  }

  [[nodiscard]] std::uint64_t allowed() const { return allowed_; }

  /// Feeds it, and returns its peak once all was read.
  std::uint64_t peak_after(std::string_view text, std::uint64_t bytes, std::size_t write_bytes) {
    std::vector<logrelay::fd> into;
    into.emplace_back(::fcntl(writing_.get(), F_DUPFD_CLOEXEC, 0));
    feeder writer(std::move(into), text, bytes, write_bytes);
    writer.finish();
    return settled_peak();
  }
  std::uint64_t peak_after_single_lines(std::uint64_t lines, std::size_t length) {
    const auto line = equal_lines(1, length);
    for (std::uint64_t i = 0; i < lines; ++i) {
      write_all(writing_, line);
      while (unread_bytes() > 0) ::sched_yield();
    }
    return settled_peak();
  }

 private:
  [[nodiscard]] int unread_bytes() const {
    int bytes = 0;
    ::ioctl(writing_.get(), FIONREAD, &bytes);
    return bytes;
  }
  [[nodiscard]] std::uint64_t settled_peak() const {
    (void)eventually([&] { return unread_bytes() == 0; });
    check_balance(live_report(*relay_, folder_ / "report.json"));
    return relay_->peak_resident_bytes();
  }

  std::uint64_t allowed_;
  temp_folder folder_;
  stream_sink sink_;
  std::unique_ptr<process> relay_;
  logrelay::fd writing_;
};

void row(const table& results, const std::string& name, std::uint64_t peak, std::uint64_t allowed) {
  results.row(
      {name, logrelay::readable_size(peak), logrelay::readable_size(allowed), goal(peak <= allowed + overhead)});
}

std::uint64_t descriptors_of(const process& program) {
  std::uint64_t count = 0;
  std::error_code ec;
  for (const auto& entry : std::filesystem::directory_iterator(fmt::format("/proc/{}/fd", program.id()), ec))
    count += !entry.path().empty();
  return count;
}

void idle_connections(const table& results, const std::string& program, std::uint64_t count) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  const temp_folder folder;
  const auto out = folder / "out.log";
  const process relay({program, "-i", fmt::format("tcp://127.0.0.1:0,max-connections={}", count + 10), out});
  const auto port = relay.tcp_port();
  std::uint64_t sent = 1;
  write_all(connected_tcp(port), equal_lines(1, 100));
  (void)eventually([&] { return file_size(out) == 100; });
  const auto before = relay.resident_bytes();
  const auto descriptors_before = descriptors_of(relay);

  std::vector<logrelay::fd> connections;
  for (std::uint64_t i = 0; i < count; ++i) connections.push_back(connected_tcp(port));
  const bool accepted = eventually([&] { return descriptors_of(relay) >= descriptors_before - 1 + count; });
  const auto row = [&](const char* name) {
    const auto each = (relay.resident_bytes() - std::min(before, relay.resident_bytes())) / count;
    results.row({name, std::to_string(each), goal(accepted && each < 4096)});
  };
  row("that were never used");
  for (const auto& connection : connections) write_all(connection, equal_lines(1, 100));
  sent += count;
  (void)eventually([&] { return file_size(out) == sent * 100; });
  row("that sent a line, and are idle");
}

}  // namespace

int main(int argc, char** argv) {
  const bench_options options(argc, argv, "Resident memory against what the queues are allowed.", LOGRELAY_PROGRAM,
                              {{"queue", "16M", "", "what each of three dead outputs may queue"},
                               {"size", "1G", "128M", "bytes of real lines, and of the one long line"},
                               {"single", "200000", "20000", "lines that are written one at a time"},
                               {"short", "256M", "32M", "bytes of one-byte lines"},
                               {"connections", "5000", "500", "idle connections"}});
  const auto program = options.program();
  const auto queue = options.size("queue");
  fmt::print("three dead outputs, queue={} each; goal: at most the allowance and 24 MiB\n\n", options.text("queue"));
  const table results({"case", "peak RSS", "allowance", "goal"}, 44);
  attempt(results, fmt::format("{} of real lines ({})", options.text("size"), real_lines_origin()),
          [&](const std::string& name) {
            dead_relay relay(program, queue);
            const auto text = real_lines(16 << 20);
            row(results, name, relay.peak_after(text, options.size("size"), 1 << 17), relay.allowed());
          });
  attempt(results, fmt::format("{} lines of 100 bytes, one at a time", options.size("single")),
          [&](const std::string& name) {
            dead_relay relay(program, queue);
            row(results, name, relay.peak_after_single_lines(options.size("single"), 100), relay.allowed());
          });
  attempt(results, fmt::format("{} of one-byte lines", options.text("short")), [&](const std::string& name) {
    dead_relay relay(program, queue);
    row(results, name, relay.peak_after(equal_lines(1 << 22, 2), options.size("short"), 1 << 17), relay.allowed());
  });
  attempt(results, fmt::format("{} of empty lines", options.text("short")), [&](const std::string& name) {
    dead_relay relay(program, queue);
    row(results, name, relay.peak_after(equal_lines(1 << 22, 1), options.size("short"), 1 << 17), relay.allowed());
  });
  attempt(results, fmt::format("one line of {}", options.text("size")), [&](const std::string& name) {
    dead_relay relay(program, queue);
    row(results, name, relay.peak_after(std::string(16 << 20, 'x'), options.size("size"), 1 << 17), relay.allowed());
  });
  fmt::print("\n");
  const table connections({fmt::format("{} connections", options.size("connections")), "bytes each", "goal"}, 44);
  attempt(connections, "idle",
          [&](const std::string&) { idle_connections(connections, program, options.size("connections")); });
  return verdict();
}
