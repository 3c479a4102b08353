// What a spool costs: stdin through it to a TCP peer, next to the same bytes written and synced by nobody's help, and
// next to rsyslog's disk queue and syslog-ng's reliable disk buffer; how soon a backlog is opened, how fast it is drained,
// and in how much memory; and how long a writer waits while the spool's disk is full, or hangs.
#include <support/bench.hpp>
#include <support/feeder.hpp>
#include <support/hung_disk.hpp>
#include <support/lines.hpp>
#include <support/peer_program.hpp>
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
#include <functional>
#include <optional>

using namespace logrelay::support;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t overhead = 24 << 20;
constexpr std::uint64_t queue = 64 << 20;
// The best crash-safe peer that was measured elsewhere: fluent-bit with storage.type=filesystem.
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

/// Feeds a peer's TCP port, and waits until all has come out of it; or nothing more for a while, for what did.
double peer_seconds(process& peer, const stream_sink& sink, const load& load) {
  std::vector<logrelay::fd> into;
  into.push_back(connected_tcp(peer.tcp_port()));
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
  peer.send(SIGTERM);
  peer.status();
  if (seen.first == 0) throw std::runtime_error("nothing came");
  return seconds * static_cast<double>(load.bytes) / static_cast<double>(seen.first);
}

double rsyslog_seconds(const load& load) {
  const temp_folder folder;
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
  return peer_seconds(rsyslog, sink, load);
}

double syslog_ng_seconds(const load& load) {
  std::string why;
  const auto program = find_syslog_ng("syslog-ng", why);
  if (!program) throw std::runtime_error(why);
  const temp_folder folder;
  const auto sink = stream_sink::tcp({.keeps = false});
  write_file(folder / "syslog-ng.conf",
             fmt::format("@version: 3.35\n"
                         "options {{ keep-hostname(yes); use-dns(no); stats-freq(0); flush-lines(100); log-msg-size(65536); }};\n"
                         "source s_in {{ network(ip(127.0.0.1) port({}) transport(tcp) flags(no-parse) log-iw-size(10000)); }};\n"
                         "destination d_out {{ network(\"127.0.0.1\" port({}) template(\"$MSG\\n\")\n"
                         "  disk-buffer(reliable(yes) mem-buf-size(67108864) disk-buf-size(1073741824) dir(\"{}\"))); }};\n"
                         "log {{ source(s_in); destination(d_out); flags(flow-control); }};\n",
                         port_of(bound_tcp()), sink.port(), folder.path().string()));
  std::vector<std::string> command{program->path,      "-F", "--no-caps",    "-f", folder / "syslog-ng.conf", "-R",
                                   folder / "persist", "-p", folder / "pid", "-c", folder / "control"};
  if (!program->modules.empty()) command.push_back("--module-path=" + program->modules);
  process syslog_ng(command, {.environment = program->environment});
  return peer_seconds(syslog_ng, sink, load);
}

double best_of_peers(const load& load) {
  auto part = load;
  part.bytes = feeder::share(load.text, load.bytes / 16, 1);
  part.lines = load.lines / 16;
  const table results({"crash-safe peers", "lines/s", "speed"}, 34);
  double best = best_peer_lines;
  const auto measure = [&](const std::string& name, double (*seconds)(const ::load&)) {
    try {
      const double took = seconds(part);
      best = std::max(best, part.lines / took);
      results.row({name, readable_lines(part.lines / took), readable_rate(static_cast<double>(part.bytes) / took)});
    } catch (const std::exception& failure) {  // of no goal of ours
      results.row({name, failure.what()});
    }
  };
  if (has("rsyslogd"))
    measure("rsyslogd, queue.type=Disk", rsyslog_seconds);
  else
    results.row({"rsyslogd, queue.type=Disk", "not installed"});
  measure("syslog-ng, disk-buffer, reliable", syslog_ng_seconds);
  return best;
}

// All of them in turns, so that what else the machine does meets each, and each is compared with its neighbour.
void speed(const std::string& program, const load& load, std::uint64_t runs, double best_peer) {
  const temp_folder folder;
  struct way {
    std::string name;
    std::function<double()> seconds;
    std::optional<std::size_t> of;  // what it is compared with
    bool has_goal = false;
    std::vector<double> took{}, ratios{};
  };
  std::vector<way> ways{
      {"a bare write", [&] { return bare_seconds(folder, load, false); }, {}},
      {"logrelay, no spool", [&] { return relay_seconds(folder, program, load, ""); }, 0},
      {"logrelay, spool, sync=none", [&] { return relay_seconds(folder, program, load, "none"); }, 0, true},
      {"logrelay, spool, sync=1s", [&] { return relay_seconds(folder, program, load, "1s"); }, 0},
      {"a bare write, synced each MiB", [&] { return bare_seconds(folder, load, true); }, {}},
      {"logrelay, spool, sync=batch", [&] { return relay_seconds(folder, program, load, "batch"); }, 4, true}};
  const table results({"stdin → TCP", "lines/s", "speed", "of bare write", "of best peer", "goal"}, 34);
  attempt(results, "stdin → TCP", [&](const std::string&) {
    for (std::uint64_t run = 0; run < runs; ++run)
      for (auto& each : ways) {
        each.took.push_back(each.seconds());
        if (each.of) each.ratios.push_back(ways[*each.of].took.back() / each.took.back());
      }
    for (const auto& each : ways) {
      const double took = median(each.took), lines = load.lines / took;
      const double ratio = median(each.ratios);
      results.row({each.name, readable_lines(lines), readable_rate(static_cast<double>(load.bytes) / took),
                   each.of ? readable_ratio(ratio) : "", each.of ? fmt::format("{:.1f} ×", lines / best_peer) : "",
                   each.has_goal ? goal(ratio >= 0.5 && lines >= 10 * best_peer) : ""});
    }
  });
}

/// Takes the folder's files out of the page cache, so that who reads them next reads the disk.
void evict(const std::string& folder) {
  for (const auto& name : names_in(folder)) {
    const logrelay::fd file(::open((folder + "/" + name).c_str(), O_RDONLY | O_CLOEXEC));
    ::fdatasync(file.get());
    ::posix_fadvise(file.get(), 0, 0, POSIX_FADV_DONTNEED);
  }
}

double bare_read_seconds(const std::string& folder) {
  std::vector<char> into(1 << 20);
  const auto start = std::chrono::steady_clock::now();
  for (const auto& name : names_in(folder)) {
    const logrelay::fd file(::open((folder + "/" + name).c_str(), O_RDONLY | O_CLOEXEC));
    while (::read(file.get(), into.data(), into.size()) > 0) {}
  }
  return seconds_since(start);
}

void backlog(const std::string& program, std::uint64_t bytes) {
  const table results({"backlog of " + logrelay::readable_size(bytes), "measured", "goal"}, 34);
  const temp_folder folder;
  const auto load = make_load(bytes);
  const auto spool = fmt::format(",spool={},spool-size=100G,sync=none,queue={},overflow=block", folder / "spool", queue);
  auto sink = stream_sink::tcp({.listens = false, .keeps = false});
  attempt(results, "filled at", [&](const std::string& name) {
    const auto start = std::chrono::steady_clock::now();
    if (feed_through({program, sink.endpoint() + spool}, stream::null(), load.text, load.bytes, 128 << 10).status != 0)
      throw std::runtime_error("lines were lost");
    results.row({name, readable_rate(static_cast<double>(load.bytes) / seconds_since(start)), ""});
  });
  evict(folder / "spool");
  const double bare = bare_read_seconds(folder / "spool");
  results.row({"a bare read of it", readable_rate(static_cast<double>(load.bytes) / bare), ""});
  evict(folder / "spool");
  sink.listen();
  attempt(results, "from the start to the first bytes", [&](const std::string& name) {
    const auto start = std::chrono::steady_clock::now();
    process relay({program, sink.endpoint() + spool}, {.input = stream::pipe()});
    while (sink.bytes() == 0 && seconds_since(start) < 30) std::this_thread::sleep_for(100us);
    const auto opened = std::chrono::duration<double>(seconds_since(start));
    results.row({name, readable(std::chrono::duration_cast<std::chrono::nanoseconds>(opened)), goal(opened < 100ms)});
    if (!eventually([&] { return sink.bytes() >= load.bytes; }, 10min)) throw std::runtime_error("lines are missing");
    const double drained = seconds_since(start);
    results.row({"drained at", readable_rate(static_cast<double>(load.bytes) / drained), goal(drained <= 2 * bare)});
    const auto peak = relay.peak_resident_bytes();
    results.row({"memory, at most", logrelay::readable_size(peak), goal(peak <= queue + overhead)});
    relay.close_input();
    relay.status();
  });
}

// A write to a pipe that a relay reads, while its spool can take nothing.
void isolation(const std::string& program, std::uint64_t lines) {
  const table results({"a writer's write, 10,000 a second", "p50", "p99", "goal"}, 36);
  const auto measure = [&](const std::string& name, const std::string& folder, const std::function<void()>& stop, const std::function<void()>& go_on) {
    attempt(results, name, [&](const std::string&) {
      process relay({program, "null:,overflow=drop-oldest,spool=" + folder}, {.input = stream::pipe()});
      const auto line = equal_lines(1, 100);
      relay.write(line);
      if (!eventually([&] { return std::filesystem::exists(folder); })) throw std::runtime_error("there is no spool");
      stop();
      std::vector<double> took;
      auto next = std::chrono::steady_clock::now();
      for (std::uint64_t i = 0; i < lines; ++i, next += 100us) {
        std::this_thread::sleep_until(next);
        const auto start = std::chrono::steady_clock::now();
        relay.write(line);
        took.push_back(seconds_since(start));
      }
      go_on();
      std::sort(took.begin(), took.end());
      const auto at = [&](std::size_t percent) {
        return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(took[took.size() * percent / 100]));
      };
      results.row({name, readable(at(50)), readable(at(99)), goal(at(99) < 100us)});
      relay.send(SIGKILL);
      relay.wait();
    });
  };
  {
    const temp_folder folder;
    measure("(the spool's disk is well)", folder / "spool", [] {}, [] {});
  }
  if (const auto disk = small_disk::mount(1 << 20))
    measure("the spool's disk is full", *disk / "spool", [&] { disk->fill(); }, [] {});
  else
    results.row({"the spool's disk is full", "left out: mounting a small tmpfs is not allowed here"});
  if (const auto disk = hung_disk::mount())
    measure("the spool's disk hangs", *disk / "spool", [&] { disk->hang(); }, [&] { disk->go_on(); });
  else
    results.row({"the spool's disk hangs", "left out: no ext4 can be made and mounted here"});
}

}  // namespace

int main(int argc, char** argv) {
  const bench_options options(argc, argv, "What a spool costs.", LOGRELAY_PROGRAM,
                              {{"size", "1G", "64M", "bytes a run; 0: only the other parts"},
                               {"runs", "3", "1", "runs of each"},
                               {"backlog", "10G", "128M", "bytes of the backlog, 0 for none"},
                               {"lines", "100000", "5000", "writes of the paced writer, 0 for none"}});
  fmt::print("Real lines ({})\n", real_lines_origin());
  if (options.size("size") > 0) {
    const auto load = make_load(options.size("size"));
    fmt::print("\n");
    const double best_peer = best_of_peers(load);
    fmt::print("\n");
    speed(options.program(), load, options.size("runs"), best_peer);
  }
  if (options.size("backlog") > 0) {
    fmt::print("\n");
    backlog(options.program(), options.size("backlog"));
  }
  if (options.size("lines") > 0) {
    fmt::print("\n");
    isolation(options.program(), options.size("lines"));
  }
  return verdict();
}
