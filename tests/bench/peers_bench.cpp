// What other programs at the end of a pipe do with the same lines: how fast they write them, and how many arrive.
#include <support/bench.hpp>
#include <support/feeder.hpp>
#include <support/lines.hpp>
#include <support/process.hpp>
#include <support/sockets.hpp>
#include <support/temp_folder.hpp>

#include <fmt/format.h>

#include <filesystem>
#include <functional>

using namespace logrelay::support;

namespace {

struct load {
  std::string text;
  std::uint64_t bytes = 0;
  std::size_t write_bytes = 0;
};

struct peer {
  std::string program;
  std::function<cost(const temp_folder&, const load&)> run;
};

peer reading_stdin(const std::string& program,
                   const std::function<std::vector<std::string>(const temp_folder&)>& command,
                   const std::string& output = "") {
  return {program, [=](const temp_folder& folder, const load& load) {
            const auto to = output.empty() ? stream::null() : stream::file(folder / output);
            return feed_through(command(folder), to, load.text, load.bytes, load.write_bytes);
          }};
}

/// Fed over TCP, since it does not read stdin.
cost through_rsyslog(const temp_folder& folder, const load& load) {
  const auto out = folder / "out.log";
  const temp_folder own;
  write_file(own / "rsyslog.conf",
             fmt::format(
                 "global(workDirectory=\"{}\" maxMessageSize=\"64k\" parser.escapeControlCharactersOnReceive=\"off\")\n"
                 "module(load=\"imtcp\")\n"
                 "input(type=\"imtcp\" port=\"0\" address=\"127.0.0.1\" supportOctetCountedFraming=\"off\")\n"
                 "template(name=\"raw\" type=\"string\" string=\"%rawmsg%\\n\")\n"
                 "action(type=\"omfile\" file=\"{}\" template=\"raw\")\n",
                 own.path().string(), out));
  process rsyslog({"rsyslogd", "-n", "-iNONE", "-f", own / "rsyslog.conf"});
  std::vector<logrelay::fd> into;
  into.push_back(connected_tcp(rsyslog.tcp_port()));
  const auto start = std::chrono::steady_clock::now();
  feeder writer(std::move(into), load.text, load.bytes, load.write_bytes);
  const auto all = feeder::share(load.text, load.bytes, 1);
  // Until it has all, or has written nothing for five seconds: it may lose some.
  auto seen = std::pair(file_size(out), std::chrono::steady_clock::now());
  double seconds = 0;
  (void)eventually(
      [&] {
        const auto now = std::chrono::steady_clock::now();
        if (const auto size = file_size(out); size != seen.first) {
          seen = {size, now};
          seconds = seconds_since(start);
        }
        return seen.first >= all || now - seen.second > 5s;
      },
      10min);
  const auto feeding = writer.finish();
  rsyslog.send(SIGTERM);
  rsyslog.status();
  return {seconds, std::chrono::duration<double>(feeding + rsyslog.wait()->cpu).count(), 0};
}

std::uint64_t lines_in(const std::filesystem::path& folder) {
  std::uint64_t lines = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file() && entry.path().filename() != "config")
      lines += count_newlines(read_file(entry.path()));
  }
  return lines;
}

std::uint64_t lines_sent(const load& load) {
  const auto all = feeder::share(load.text, load.bytes, 1);
  const auto rest = std::string_view(load.text).substr(0, all % load.text.size());
  return all / load.text.size() * count_newlines(load.text) + count_newlines(rest);
}

std::vector<peer> peers(const std::string& logrelay) {
  return {
      reading_stdin(
          "cat", [](const auto&) { return std::vector<std::string>{"cat"}; }, "out.log"),
      reading_stdin(logrelay,
                    [=](const auto& folder) {
                      return std::vector{logrelay, folder / "out.log,rotate=64M,keep=1000"};
                    }),
      reading_stdin("tee",
                    [](const auto& folder) {
                      return std::vector<std::string>{"tee", folder / "out.log"};
                    }),
      reading_stdin("multilog",
                    [](const auto& folder) {
                      return std::vector<std::string>{"multilog", "s16777215", "n1000", folder / "dir"};
                    }),
      reading_stdin("svlogd",
                    [](const auto& folder) {
                      std::filesystem::create_directory(folder / "dir");
                      write_file(folder / "dir/config", "s67108864\nn1000\n");
                      return std::vector<std::string>{"svlogd", "-l", "65000", "-b", "65536", folder / "dir"};
                    }),
      reading_stdin("s6-log",
                    [](const auto& folder) {
                      return std::vector<std::string>{"s6-log", "-b", "n1000", "s67108864", folder / "dir"};
                    }),
      reading_stdin("rotatelogs",
                    [](const auto& folder) {
                      return std::vector<std::string>{"rotatelogs", folder / "out.log", "64M"};
                    }),
      reading_stdin("cronolog",
                    [](const auto& folder) {
                      return std::vector<std::string>{"cronolog", folder / "out-%Y.log"};
                    }),
      {"rsyslogd", through_rsyslog},
  };
}

}  // namespace

int main(int argc, char** argv) {
  const bench_options options(argc, argv, "Other programs' throughput into files, with the same lines.",
                              LOGRELAY_PROGRAM,
                              {{"size", "512M", "16M", "bytes a run"},
                               {"runs", "3", "1", "runs of each"},
                               {"write", "128K", "", "bytes a write of the feeder"}});
  const load load{real_lines(16 << 20), options.size("size"), options.size("write")};
  const auto sent = lines_sent(load);
  fmt::print("{} of real lines ({}), {} lines; medians of {} runs\n\n", options.text("size"), real_lines_origin(), sent,
             options.size("runs"));
  const table results({"program", "speed", "of cat's", "CPU s/GB", "lines lost or cut"}, 16);
  double cat = 0;
  for (const auto& peer : peers(options.program())) {
    const auto name = std::filesystem::path(peer.program).filename().string();
    if (name == peer.program && !has(peer.program)) {
      results.row({name, "not installed"});
      continue;
    }
    attempt(results, name, [&](const std::string&) {
      std::vector<double> rates, cpus;
      std::uint64_t arrived = 0;
      for (std::uint64_t i = 0; i < options.size("runs"); ++i) {
        const temp_folder folder;
        const auto cost = peer.run(folder, load);
        rates.push_back(static_cast<double>(load.bytes) / cost.seconds);
        cpus.push_back(cost.cpu_seconds / static_cast<double>(load.bytes) * 1e9);
        arrived = lines_in(folder.path());
      }
      if (cat == 0) cat = median(rates);
      results.row({name, readable_rate(median(rates)), readable_ratio(median(rates) / cat),
                   fmt::format("{:.2f}", median(cpus)),
                   std::to_string(static_cast<std::int64_t>(sent) - static_cast<std::int64_t>(arrived))});
    });
  }
  return verdict();
}
