// What a spool costs: stdin through it to a TCP peer, next to the same bytes written and synced by nobody's help, and
// next to rsyslog's disk queue; how soon a backlog is opened, how fast it is drained, and in how much memory; and how long
// a writer waits while the spool's disk is full.
#include <support/bench.hpp>
#include <support/feeder.hpp>
#include <support/lines.hpp>
#include <support/process.hpp>
#include <support/sink.hpp>
#include <support/small_disk.hpp>
#include <support/sockets.hpp>
#include <support/temp_folder.hpp>

#include <logrelay/util/quantity.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

using namespace logrelay::support;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t overhead = 24 << 20;
constexpr std::uint64_t queue = 64 << 20;
// The best crash-safe peer that was measured: fluent-bit with storage.type=filesystem.
constexpr double best_peer_lines = 203'000;

struct load {
  std::string text;
  std::uint64_t bytes = 0;
  double lines = 0;
};

load make_load(std::uint64_t bytes) {
  load made{real_lines(8 << 20), 0, 0};
  made.bytes = feeder::share(made.text, bytes, 1);
  made.lines = static_cast<double>(count_newlines(made.text)) / static_cast<double>(made.text.size()) * static_cast<double>(made.bytes);
  return made;
}

std::string readable_lines(double a_second) { return fmt::format("{:.0f}", a_second); }

/// Sequential writes of a megabyte each, with the same syncs.
double bare_seconds(const temp_folder& folder, const load& load, bool syncs) {
  const logrelay::fd file(::open((folder / "bare").c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  const auto start = std::chrono::steady_clock::now();
  for (std::uint64_t left = load.bytes; left > 0;) {
    const auto n = ::write(file.get(), load.text.data(), static_cast<std::size_t>(std::min<std::uint64_t>(left, 1 << 20)));
    if (n <= 0) throw std::runtime_error("unable to write");
    left -= static_cast<std::uint64_t>(n);
    if (syncs) ::fdatasync(file.get());
  }
  return seconds_since(start);
}

double relay_seconds(const temp_folder& folder, const std::string& program, const load& load, const std::string& sync) {
  const auto sink = stream_sink::tcp({.keeps = false});
  std::filesystem::remove_all(folder / "spool");
  const auto start = std::chrono::steady_clock::now();
  const auto cost = feed_through({program, sink.endpoint() + (sync.empty() ? "" : ",spool=" + (folder / "spool") + ",sync=" + sync)},
                                 stream::null(), load.text, load.bytes, 128 << 10);
  if (cost.status != 0 || !eventually([&] { return sink.bytes() == load.bytes; })) throw std::runtime_error("lines were lost");
  return seconds_since(start);
}

double rsyslog_seconds(const temp_folder& folder, const load& load) {
  const auto sink = stream_sink::tcp({.keeps = false});
  write_file(folder / "rsyslog.conf",
             fmt::format("global(workDirectory=\"{}\" maxMessageSize=\"64k\" parser.escapeControlCharactersOnReceive=\"off\")\n"
                         "module(load=\"imtcp\")\n"
                         "input(type=\"imtcp\" port=\"0\" address=\"127.0.0.1\" supportOctetCountedFraming=\"off\")\n"
                         "template(name=\"raw\" type=\"string\" string=\"%rawmsg%\\n\")\n"
                         "action(type=\"omfwd\" target=\"127.0.0.1\" port=\"{}\" protocol=\"tcp\" template=\"raw\"\n"
                         "  queue.type=\"Disk\" queue.filename=\"q\" queue.maxDiskSpace=\"8g\" action.resumeRetryCount=\"-1\")\n",
                         folder.path().string(), sink.port()));
  process rsyslog({"rsyslogd", "-n", "-iNONE", "-f", folder / "rsyslog.conf"});
  std::vector<logrelay::fd> into;
  into.push_back(connected_tcp(rsyslog.tcp_port()));
  const auto start = std::chrono::steady_clock::now();
  feeder writer(std::move(into), load.text, load.bytes, 128 << 10);
  auto seen = std::pair(sink.bytes(), std::chrono::steady_clock::now());
  double seconds = 0;
  (void)eventually(
      [&] {
        const auto now = std::chrono::steady_clock::now();
        if (const auto bytes = sink.bytes(); bytes != seen.first) seen = {bytes, now}, seconds = seconds_since(start);
        return seen.first >= load.bytes || now - seen.second > 5s;
      },
      10min);
  writer.finish();
  rsyslog.send(SIGTERM);
  rsyslog.status();
  return seconds * static_cast<double>(load.bytes) / static_cast<double>(std::max<std::uint64_t>(seen.first, 1));
}

void speed(const std::string& program, const load& load, std::uint64_t runs) {
  const table results({"stdin → TCP", "lines/s", "speed", "of bare write", "goal"}, 34);
  const auto measure = [&](const std::string& name, const std::function<double()>& seconds, double bare, bool has_goal) {
    double best = 0;
    attempt(results, name, [&](const std::string&) {
      std::vector<double> all;
      for (std::uint64_t i = 0; i < runs; ++i) all.push_back(seconds());
      best = median(all);
      const bool met = load.lines / best >= 10 * best_peer_lines && (bare == 0 || best <= 2 * bare);
      results.row({name, readable_lines(load.lines / best), readable_rate(static_cast<double>(load.bytes) / best),
                   bare > 0 ? readable_ratio(bare / best) : "", has_goal ? goal(met) : ""});
    });
    return best;
  };
  const temp_folder folder;
  const double bare = measure("a bare write", [&] { return bare_seconds(folder, load, false); }, 0, false);
  const double synced = measure("a bare write, synced each MiB", [&] { return bare_seconds(folder, load, true); }, 0, false);
  measure("logrelay, no spool", [&] { return relay_seconds(folder, program, load, ""); }, bare, false);
  measure("logrelay, spool, sync=none", [&] { return relay_seconds(folder, program, load, "none"); }, bare, true);
  measure("logrelay, spool, sync=1s", [&] { return relay_seconds(folder, program, load, "1s"); }, bare, false);
  measure("logrelay, spool, sync=batch", [&] { return relay_seconds(folder, program, load, "batch"); }, synced, true);
  if (!has("rsyslogd")) return results.row({"rsyslogd, queue.type=Disk", "not installed"});
  auto part = load;
  part.bytes = feeder::share(load.text, load.bytes / 16, 1);
  attempt(results, "rsyslogd, queue.type=Disk", [&](const std::string& name) {
    const temp_folder own;
    const double seconds = rsyslog_seconds(own, part);
    results.row({name, readable_lines(load.lines / 16 / seconds), readable_rate(static_cast<double>(part.bytes) / seconds), "", ""});
  });
}

void backlog(const std::string& program, std::uint64_t bytes) {
  const table results({"backlog of " + logrelay::readable_size(bytes), "measured", "goal"}, 34);
  const temp_folder folder;
  const auto load = make_load(bytes);
  const auto spool = fmt::format(",spool={},spool-size=100G,sync=none,queue={},stall-after=10ms", folder / "spool", queue);
  auto sink = stream_sink::tcp({.listens = false, .keeps = false});
  attempt(results, "filled at", [&](const std::string& name) {
    const auto start = std::chrono::steady_clock::now();
    if (feed_through({program, sink.endpoint() + spool}, stream::null(), load.text, load.bytes, 128 << 10).status != 0)
      throw std::runtime_error("lines were lost");
    results.row({name, readable_rate(static_cast<double>(load.bytes) / seconds_since(start)), ""});
  });
  sink.listen();
  attempt(results, "from the start to the first bytes", [&](const std::string& name) {
    const auto start = std::chrono::steady_clock::now();
    process relay({program, sink.endpoint() + spool}, {.input = stream::pipe()});
    while (sink.bytes() == 0 && seconds_since(start) < 30) std::this_thread::sleep_for(100us);
    const auto opened = std::chrono::duration<double>(seconds_since(start));
    results.row({name, readable(std::chrono::duration_cast<std::chrono::nanoseconds>(opened)), goal(opened < 100ms)});
    if (!eventually([&] { return sink.bytes() >= load.bytes; }, 10min)) throw std::runtime_error("lines are missing");
    results.row({"drained at", readable_rate(static_cast<double>(load.bytes) / seconds_since(start)), ""});
    const auto peak = relay.peak_resident_bytes();
    results.row({"memory, at most", logrelay::readable_size(peak), goal(peak <= queue + overhead)});
    relay.close_input();
    relay.status();
  });
}

// A write to a pipe that a relay reads, while its spool can take nothing.
void isolation(const std::string& program, std::uint64_t lines) {
  const table results({"a writer's write, spool's disk full", "p50", "p99", "goal"}, 36);
  const auto disk = small_disk::mount(1 << 20);
  if (!disk) return results.row({"no small disk can be mounted here"});
  std::filesystem::create_directory(*disk / "spool");
  disk->fill();
  attempt(results, "100 bytes, 10,000 a second", [&](const std::string& name) {
    const temp_folder folder;
    process relay({program, "null:,overflow=drop-oldest,spool=" + (*disk / "spool")}, {.input = stream::pipe()});
    const auto line = equal_lines(1, 100);
    std::vector<double> took;
    auto next = std::chrono::steady_clock::now();
    for (std::uint64_t i = 0; i < lines; ++i, next += 100us) {
      std::this_thread::sleep_until(next);
      const auto start = std::chrono::steady_clock::now();
      relay.write(line);
      took.push_back(seconds_since(start));
    }
    std::sort(took.begin(), took.end());
    const auto at = [&](std::size_t percent) {
      return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(took[took.size() * percent / 100]));
    };
    results.row({name, readable(at(50)), readable(at(99)), goal(at(99) < 100us)});
    relay.send(SIGKILL);
  });
}

}  // namespace

int main(int argc, char** argv) {
  const bench_options options(argc, argv, "What a spool costs.", LOGRELAY_PROGRAM,
                              {{"size", "1G", "64M", "bytes a run"},
                               {"runs", "3", "1", "runs of each"},
                               {"backlog", "10G", "128M", "bytes of the backlog"},
                               {"lines", "100000", "5000", "writes of the paced writer"}});
  const auto load = make_load(options.size("size"));
  fmt::print("{} of real lines ({})\n\n", options.text("size"), real_lines_origin());
  speed(options.program(), load, options.size("runs"));
  fmt::print("\n");
  backlog(options.program(), options.size("backlog"));
  fmt::print("\n");
  isolation(options.program(), options.size("lines"));
  return verdict();
}
