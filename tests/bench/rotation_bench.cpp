// What rotation costs who writes: pipe to file with a rotation every megabyte and zstd on, beside the same without.
// Pairs of runs, one after the other, and the median of their ratios; and the longest that one write of the producer
// took.
#include <support/bench.hpp>
#include <support/lines.hpp>
#include <support/process.hpp>
#include <support/temp_folder.hpp>

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <stdexcept>

using namespace logrelay::support;

namespace {

struct run_cost {
  double seconds = 0;
  std::chrono::nanoseconds longest{};
  std::size_t files = 0;
};

/// From the first write to the last one taken; what rotation still has to do then is nobody's wait.
run_cost feed(const std::string& program, const temp_folder& folder, const std::string& options,
              const std::string& text, std::uint64_t bytes) {
  process relay({program, "--drain-timeout", "60s", folder / "app.log" + options}, {.input = stream::pipe()});
  relay.write("first\n");
  if (!eventually([&] { return file_size(folder / "app.log") > 0; })) throw std::runtime_error("nothing arrives");
  run_cost cost;
  const auto began = std::chrono::steady_clock::now();
  for (std::uint64_t done = 0, at = 0; done < bytes;) {
    const auto piece = std::min<std::uint64_t>({64 * 1024, text.size() - at, bytes - done});
    const auto before = std::chrono::steady_clock::now();
    auto n = ::write(relay.input(), text.data() + at, piece);
    while (n < 0 && errno == EAGAIN) {
      pollfd ready{relay.input(), POLLOUT, 0};
      ::poll(&ready, 1, -1);
      n = ::write(relay.input(), text.data() + at, piece);
    }
    cost.longest = std::max<std::chrono::nanoseconds>(cost.longest, std::chrono::steady_clock::now() - before);
    if (n <= 0) throw std::runtime_error("the relay is gone");
    done += static_cast<std::uint64_t>(n);
    at = (at + static_cast<std::uint64_t>(n)) % text.size();
  }
  cost.seconds = seconds_since(began);
  relay.close_input();
  const int status = relay.status(std::chrono::minutes(3));
  if (status != 0) throw std::runtime_error(fmt::format("it ended with status {}: {}", status, relay.errors()));
  cost.files = names_in(folder.path()).size();
  return cost;
}

}  // namespace

int main(int argc, char** argv) {
  const bench_options options(
      argc, argv, "What rotating every megabyte with zstd costs who writes", LOGRELAY_PROGRAM,
      {{"size", "1G", "128M", "bytes to write in each run"}, {"pairs", "5", "3", "pairs of runs"}});
  std::signal(SIGPIPE, SIG_IGN);
  const auto text = real_lines(64 << 20);
  const auto bytes = options.size("size");
  fmt::print("{} of {} in each run, {} pairs\n\n", fmt::format("{} MiB", bytes >> 20), real_lines_origin(),
             options.size("pairs"));
  const table results({"pipe to file", "without", "with", "ratio", "longest write", "without", "files"}, 24, 20);
  // By number every rotation renames all files there are: that has its price, and no goal.
  for (const bool numbered : {false, true}) {
    const std::string rotating =
        numbered ? ",rotate=1M,compress=zstd,keep=20,naming=number" : ",rotate=1M,compress=zstd,keep=20";
    attempt(results, numbered ? "1 MiB, zstd, by number" : "1 MiB, zstd", [&](const std::string& name) {
      std::vector<double> plain_rates, rates, ratios, longest, plain_longest;
      std::size_t files = 0;
      for (std::uint64_t pair = 0; pair < options.size("pairs"); ++pair) {
        const auto one = [&](const std::string& how) {
          const temp_folder folder(options.text("dir"));
          return feed(options.program(), folder, how, text, bytes);
        };
        const auto plain = one(""), with = one(rotating);
        plain_rates.push_back(static_cast<double>(bytes) / plain.seconds);
        rates.push_back(static_cast<double>(bytes) / with.seconds);
        ratios.push_back(plain.seconds / with.seconds);
        plain_longest.push_back(std::chrono::duration<double>(plain.longest).count());
        longest.push_back(std::chrono::duration<double>(with.longest).count());
        files = with.files;
      }
      const auto in_milliseconds = [](double seconds) {
        return readable(std::chrono::microseconds(static_cast<long>(seconds * 1e6)));
      };
      results.row({name, readable_rate(median(plain_rates)), readable_rate(median(rates)),
                   readable_ratio(median(ratios)) + (numbered ? "" : " of 0.9 " + goal(median(ratios) >= 0.9)),
                   in_milliseconds(median(longest)) + (numbered ? "" : " of 20 ms " + goal(median(longest) <= 0.020)),
                   in_milliseconds(median(plain_longest)), std::to_string(files)});
    });
  }
  return verdict();
}
