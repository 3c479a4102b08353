// Speed, as a ratio to what cat and socat do with the same lines in the same run: pairs of runs, one after the other,
// and the median of their ratios.
#include <support/bench.hpp>
#include <support/feeder.hpp>
#include <support/lines.hpp>
#include <support/process.hpp>
#include <support/sink.hpp>
#include <support/temp_folder.hpp>

#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include <filesystem>
#include <functional>
#include <optional>
#include <stdexcept>
#include <unordered_set>

using namespace logrelay::support;

namespace {

struct load {
  std::string program;
  std::string text;
  std::uint64_t bytes = 0;
  std::size_t write_bytes = 0;
  std::uint64_t pairs = 0;

  [[nodiscard]] std::uint64_t total(std::size_t descriptors = 1) const {
    return descriptors * feeder::share(text, bytes, descriptors);
  }
};

using contender = std::function<cost(const temp_folder&)>;

void expect(bool holds, const std::string& otherwise) {
  if (!holds) throw std::runtime_error(otherwise);
}

/// All files in it together hold `bytes`, and each begins and ends with a line of the text (which the reference's need
/// not: it is not asked).
void expect_whole(const temp_folder& folder, const load& load, std::uint64_t bytes, bool every_line) {
  std::uint64_t found = 0;
  std::unordered_set<std::string_view> known;
  const auto add = [&known](std::string_view rest) {
    for (std::size_t end = 0; (end = rest.find('\n')) != std::string_view::npos; rest.remove_prefix(end + 1))
      known.insert(rest.substr(0, end));
  };
  if (every_line) add(load.text);
  for (const auto& name : names_in(folder.path())) {
    found += file_size(folder / name);
    if (!every_line) continue;
    const auto written = read_file(folder / name);
    std::string_view rest = written;
    expect(rest.ends_with('\n'), name + " ends within a line");
    for (std::size_t end = 0; (end = rest.find('\n')) != std::string_view::npos; rest.remove_prefix(end + 1)) {
      expect(known.contains(rest.substr(0, end)), name + " has a torn line");
    }
  }
  expect(found == bytes, fmt::format("{} bytes arrived in place of {}", found, bytes));
}

struct ratios {
  double reference_rate, our_rate, speed, cpu;
};

/// Each run in a folder of its own, which is gone before the next begins.
ratios compare(const load& load, const std::filesystem::path& where, const contender& reference, const contender& ours,
               std::uint64_t bytes, bool every_line = false) {
  std::vector<double> reference_rates, our_rates, speeds, cpus;
  const auto run = [&](const contender& side, bool check) {
    const temp_folder folder(where);
    const auto result = side(folder);
    expect(result.status == 0, "it ended with status " + std::to_string(result.status));
    if (check) expect_whole(folder, load, bytes, every_line);
    return result;
  };
  for (std::uint64_t pair = 0; pair < load.pairs; ++pair) {
    const auto theirs = run(reference, false);
    const auto our = run(ours, pair == 0);
    reference_rates.push_back(static_cast<double>(bytes) / theirs.seconds);
    our_rates.push_back(static_cast<double>(bytes) / our.seconds);
    speeds.push_back(theirs.seconds / our.seconds);
    cpus.push_back(theirs.cpu_seconds > 0 ? our.cpu_seconds / theirs.cpu_seconds : 0);
  }
  return {median(reference_rates), median(our_rates), median(speeds), median(cpus)};
}

/// A ratio with no goal has `wanted` zero.
void row(const table& results, const std::string& name, const ratios& r, double wanted, double cpu_allowed = 0) {
  const auto cpu = r.cpu <= 0 ? "-" : readable_ratio(r.cpu) + (cpu_allowed > 0 ? " " + goal(r.cpu <= cpu_allowed) : "");
  const auto judged = wanted > 0 ? fmt::format(" of {:.1f} {}", wanted, goal(r.speed >= wanted)) : "";
  results.row(
      {name, readable_rate(r.reference_rate), readable_rate(r.our_rate), readable_ratio(r.speed) + judged, cpu});
}

void pipe_to_file(const table& results, const std::string& name, const load& load, const std::filesystem::path& where,
                  double wanted) {
  const contender cat = [&](const temp_folder& folder) {
    return feed_through({"cat"}, stream::file(folder / "out"), load.text, load.bytes, load.write_bytes);
  };
  const contender relay = [&](const temp_folder& folder) {
    return feed_through({load.program, folder / "out.log,rotate=256M,keep=100"}, stream::inherited(), load.text,
                        load.bytes, load.write_bytes);
  };
  attempt(results, name,
          [&](const std::string&) { row(results, name, compare(load, where, cat, relay, load.total()), wanted, 1.3); });
}

void file_to_file(const table& results, const std::string& name, const load& load, const std::filesystem::path& where,
                  double wanted) {
  const temp_folder source(where);
  {
    std::string whole;
    while (whole.size() < load.total()) whole.append(load.text, 0, load.total() - whole.size());
    write_file(source / "in", whole);
  }
  const auto timed = [&](const std::vector<std::string>& argv, stream output) {
    const auto start = std::chrono::steady_clock::now();
    process program(argv, {.input = stream::file(source / "in"), .output = std::move(output)});
    const auto status = program.wait(10min);
    const auto seconds = seconds_since(start);
    expect(status && status->code == 0, argv[0] + " failed: " + program.errors());
    return cost{seconds, std::chrono::duration<double>(status->cpu).count(), 0};
  };
  const contender cat = [&](const temp_folder& folder) { return timed({"cat"}, stream::file(folder / "out")); };
  const contender relay = [&](const temp_folder& folder) {
    return timed({load.program, folder / "out.log"}, stream::null());
  };
  attempt(results, name,
          [&](const std::string&) { row(results, name, compare(load, where, cat, relay, load.total()), wanted); });
}

/// Feeds a listening program over `connections`, until its file has all.
cost feed_tcp(const load& load, const std::vector<std::string>& argv, const std::string& file,
              std::size_t connections) {
  process program(argv);
  const auto port = program.tcp_port();
  std::vector<logrelay::fd> into;
  for (std::size_t i = 0; i < connections; ++i) into.push_back(connected_tcp(port));
  const auto start = std::chrono::steady_clock::now();
  feeder writer(std::move(into), load.text, load.bytes, load.write_bytes);
  expect(eventually([&] { return file_size(file) >= load.total(connections); }, 10min), argv[0] + " did not write all");
  const auto seconds = seconds_since(start);
  writer.finish();
  program.send(SIGTERM);
  program.status();
  return {seconds, 0, 0};
}

void tcp_to_file(const table& results, const load& load, const std::filesystem::path& where, std::size_t connections,
                 const std::string& block) {
  const contender socat = [&](const temp_folder& folder) {
    std::vector<std::string> argv{"socat", "-u"};
    if (!block.empty()) argv.insert(argv.end(), {"-b", block});
    argv.insert(argv.end(),
                {"TCP-LISTEN:0,bind=127.0.0.1,fork,backlog=128", "OPEN:" + folder / "out" + ",creat,append"});
    return feed_tcp(load, argv, folder / "out", connections);
  };
  const contender relay = [&](const temp_folder& folder) {
    return feed_tcp(load, {load.program, "-i", "tcp://127.0.0.1:0", folder / "out.log"}, folder / "out.log",
                    connections);
  };
  attempt(results,
          fmt::format("TCP, {} connection{} > file; socat{}", connections, connections == 1 ? "" : "s",
                      block.empty() ? "" : " -b " + block),
          [&](const std::string& name) {
            row(results, name, compare(load, where, socat, relay, load.total(connections), true),
                block.empty() ? 0.9 : 0);
          });
}

/// Feeds a program's stdin until a TCP sink has all.
cost feed_to_sink(const load& load, const std::function<std::vector<std::string>(std::uint16_t)>& command) {
  const auto sink = stream_sink::tcp({.keeps = false});
  auto pipe = make_pipe();
  process program(command(sink.port()), {.input = stream::descriptor(pipe.reading.get())});
  pipe.reading.reset();
  expect(eventually([&] { return sink.connections() > 0; }), "nobody connected: " + program.errors());
  const auto start = std::chrono::steady_clock::now();
  std::vector<logrelay::fd> into;
  into.push_back(std::move(pipe.writing));
  feeder writer(std::move(into), load.text, load.bytes, load.write_bytes);
  expect(eventually([&] { return sink.bytes() >= load.total(); }, 10min),
         "the sink did not get all: " + program.errors());
  const auto seconds = seconds_since(start);
  expect(program.status() == 0, program.errors());
  const std::chrono::duration<double> cpu = program.wait()->cpu + writer.finish();
  return {seconds, cpu.count(), 0};
}

void stdin_to_tcp(const table& results, const load& load, const std::filesystem::path& where,
                  const std::string& block) {
  const contender socat = [&](const temp_folder&) {
    return feed_to_sink(load, [&](std::uint16_t port) {
      std::vector<std::string> argv{"socat", "-u"};
      if (!block.empty()) argv.insert(argv.end(), {"-b", block});
      argv.insert(argv.end(), {"-", fmt::format("TCP:127.0.0.1:{}", port)});
      return argv;
    });
  };
  const contender relay = [&](const temp_folder& folder) {
    const auto result = feed_to_sink(load, [&](std::uint16_t port) {
      return std::vector<std::string>{load.program, fmt::format("tcp://127.0.0.1:{}", port)};
    });
    // What the sink had is known already; here for the check of the files, of which there are none.
    std::filesystem::resize_file((write_file(folder / "sent", ""), folder / "sent"), load.total());
    return result;
  };
  attempt(results, "stdin > TCP sink; socat" + (block.empty() ? "" : " -b " + block), [&](const std::string& name) {
    row(results, name, compare(load, where, socat, relay, load.total()), block.empty() ? 0.9 : 0);
  });
}

/// A tmpfs that everyone may write to, and has room there.
std::optional<std::filesystem::path> memory_folder(std::uint64_t bytes) {
  struct statfs facts {};
  const std::filesystem::path shared = "/dev/shm";
  std::error_code ec;
  if (::statfs(shared.c_str(), &facts) != 0 || facts.f_type != TMPFS_MAGIC ||
      std::filesystem::space(shared, ec).available < 3 * bytes)
    return std::nullopt;
  return shared;
}

}  // namespace

int main(int argc, char** argv) {
  const bench_options options(argc, argv, "Throughput against cat and socat.", LOGRELAY_PROGRAM,
                              {{"size", "1G", "64M", "bytes a run"},
                               {"pairs", "7", "1", "runs of each side"},
                               {"write", "128K", "", "bytes a write of the feeder"},
                               {"only", "", "", "a word in the names of the rows to measure: pipe, file, tcp"}});
  load real{options.program(), real_lines(16 << 20), options.size("size"), options.size("write"),
            options.size("pairs")};
  load shorts = real;
  shorts.text = equal_lines((16 << 20) / 20, 20);
  const auto wanted = [&](const std::string& subject) {
    return options.text("only").empty() || options.text("only") == subject;
  };

  fmt::print("{} of real lines ({}), {} bytes a line on average; medians of {} pairs\n\n", options.text("size"),
             real_lines_origin(), real.text.size() / count_newlines(real.text), real.pairs);
  const table results({"what", "reference", "logrelay", "ratio and goal", "CPU, with feeder"}, 46, 22);
  const auto disk = std::filesystem::temp_directory_path();
  const auto memory = memory_folder(real.bytes);
  if (!memory) fmt::print("no tmpfs with room for it: those rows are left out\n");

  if (wanted("pipe")) {
    if (memory) pipe_to_file(results, "pipe > file on tmpfs; cat", real, *memory, 1.2);
    if (memory) pipe_to_file(results, "20-byte lines, pipe > file on tmpfs; cat", shorts, *memory, 1.2);
    pipe_to_file(results, "pipe > file on disk; cat", real, disk, 1.0);
    pipe_to_file(results, "20-byte lines, pipe > file on disk; cat", shorts, disk, 1.0);
  }
  if (wanted("file")) {
    if (memory) file_to_file(results, "file > file on tmpfs; cat", real, *memory, 1.0);
    file_to_file(results, "file > file on disk; cat", real, disk, 1.0);
  }
  if (wanted("tcp") && !has("socat")) fmt::print("socat is not installed: the TCP rows are left out\n");
  if (wanted("tcp") && has("socat")) {
    const auto where = memory.value_or(disk);
    for (const std::string block : {"", "262144"}) {
      tcp_to_file(results, real, where, 1, block);
      tcp_to_file(results, real, where, 50, block);
      stdin_to_tcp(results, real, where, block);
    }
  }
  return verdict();
}
