// A program that adds an output of its own to logrelay's, here one that keeps the last lines in memory, and uses it beside
// a file that rotates. Run with a folder; prints what its output has kept.
#include <logrelay/config.hpp>
#include <logrelay/embed/sink.hpp>
#include <logrelay/output/output.hpp>

#include <spdlog/spdlog.h>

#include <cstdio>
#include <deque>
#include <mutex>

namespace {

// What the output, which belongs to its listener's thread, shares with the program.
struct {
  std::mutex mutex;
  std::deque<std::string> lines;
} kept;

// [own output]
// `last:3` keeps the last three lines.
class last_lines final : public logrelay::output {
 public:
  explicit last_lines(std::size_t most) : most_(most) {}

  logrelay::result open(logrelay::waiter&) override { return {}; }

  logrelay::write_result write(const logrelay::outgoing& lines) override {
    const std::lock_guard lock(kept.mutex);
    for (const auto& piece : lines.pieces()) {  // one a line
      kept.lines.emplace_back(static_cast<const char*>(piece.iov_base), piece.iov_len);
      if (kept.lines.size() > most_) kept.lines.pop_front();
    }
    return {lines.pieces().size()};
  }

  bool datagrams() const override { return true; }
  void close(std::size_t) noexcept override {}

 private:
  std::size_t most_;
};

const logrelay::output_kind last_lines_kind{
    .scheme = "last",
    .syntax = "last:COUNT",
    .summary = "keeps the last lines in memory",
    .options = {},
    .check = nullptr,
    .make = [](const logrelay::output_config& config) -> std::unique_ptr<logrelay::output> {
      return std::make_unique<last_lines>(std::stoul(config.where.rest));
    },
};

const logrelay::registries& all_kinds() {
  static const auto kinds = [] {
    auto all = logrelay::standard_registries();
    all.outputs.push_back(last_lines_kind);
    return all;
  }();
  return kinds;
}
// []

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const std::string folder = argv[1];
  // [sinks]
  const auto file = logrelay::sink(folder + "/app.log,rotate=64M,keep=10");
  const auto last = logrelay::sink("last:3,level=warning,format={level}: {message}", all_kinds());
  spdlog::logger log("app", {file, last});
  // []
  for (int i = 0; i < 10; ++i) log.warn("disk {} is {} % full", i, 90 + i);
  log.info("all is well");

  const auto report = logrelay::publisher_of(*last)->stop(std::chrono::seconds(60));
  for (const auto& line : kept.lines) std::puts(line.c_str());
  std::printf("delivered %lu, filtered %lu\n", static_cast<unsigned long>(report.delivered()),
              static_cast<unsigned long>(report.account.filtered.lines));
}
