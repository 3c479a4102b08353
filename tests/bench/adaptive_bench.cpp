// overflow=adaptive: an output that moves paces the writer and loses nothing; a dead one holds it for `stall-after` at
// most, keeps the newest lines, and says what it dropped.
#include <support/bench.hpp>
#include <support/lines.hpp>
#include <support/pacer.hpp>
#include <support/pipe_sink.hpp>
#include <support/process.hpp>
#include <support/report.hpp>
#include <support/sink.hpp>
#include <support/temp_folder.hpp>

#include <fmt/format.h>

#include <memory>

using namespace logrelay::support;

namespace {

constexpr std::size_t length = 120;

struct relay {
  temp_folder folder;
  std::unique_ptr<process> program;
  std::unique_ptr<pacer> writer;
  std::uint64_t lines = 0;

  /// Feeds `bytes` of numbered lines, as fast as they are taken, into a relay with that one output.
  relay(const std::string& path, const std::string& output, std::uint64_t bytes, int given = -1)
      : lines(bytes / length) {
    auto pipe = make_pipe();
    process_options streams{.input = stream::descriptor(pipe.reading.get())};
    if (given >= 0) streams.descriptors = {{3, given}};
    program =
        std::make_unique<process>(std::vector<std::string>{path, output, "--report", folder / "report.json"}, streams);
    pipe.reading.reset();
    writer = std::make_unique<pacer>(std::move(pipe.writing),
                                     pacer::pace{.lines = lines, .lines_a_second = 0, .length = length});
  }
  [[nodiscard]] report ended() const {
    writer->close();
    program->status(10min);
    auto final = read_report(folder / "report.json");
    check_balance(final);
    return final;
  }
};

template <typename Sink>
void moving(const table& results, const std::string& name, const relay& relay, const Sink& sink, double rate) {
  (void)relay.writer->wait(10min);
  const auto slowest = relay.writer->writes().greatest;
  const auto report = relay.ended();
  (void)eventually([&] { return sink.bytes() >= relay.lines * length; });
  const auto got = read_sequence(sink.text(), length);
  results.row({name, readable_rate(rate), std::to_string(relay.lines), std::to_string(got.lines),
               std::to_string(got.announced), readable(slowest),
               goal(got.is_whole(relay.lines)) + (got.is_whole(relay.lines) ? "" : ": " + to_string(got))});
}

template <typename Revive, typename Arrived>
void dead(const table& results, const std::string& name, const relay& relay, std::chrono::milliseconds stall_after,
          Revive revive, Arrived arrived) {
  const bool written = relay.writer->wait(10 * stall_after + 60s);
  const auto slowest = relay.writer->writes().greatest;
  revive();
  const auto report = relay.ended();
  const auto last = numbered_lines(relay.lines - 1, 1, length);
  (void)eventually([&] { return arrived().ends_with(last); });
  const auto got = read_sequence(arrived(), length);
  const bool accounted = got.accounts_for(relay.lines) && got.last == relay.lines - 1;
  results.row({name, "none", std::to_string(relay.lines), std::to_string(got.lines), std::to_string(got.announced),
               readable(slowest) + " " + goal(written && slowest <= stall_after + 50ms),
               goal(accounted) + (accounted ? "" : ": " + to_string(got))});
}

}  // namespace

int main(int argc, char** argv) {
  const bench_options options(argc, argv, "What overflow=adaptive makes of slow outputs and of dead ones.",
                              LOGRELAY_PROGRAM,
                              {{"pipe-size", "40M", "8M", "bytes through a pipe that moves 5 MB/s"},
                               {"tcp-size", "12M", "2M", "bytes to a TCP peer that moves 0.5 MB/s"},
                               {"dead-size", "64M", "32M", "bytes to outputs that do not move"},
                               {"stall-after", "2s", "500ms", "as in the option"}});
  const auto stall_after = options.duration("stall-after");
  const auto suffix = fmt::format(",overflow=adaptive,stall-after={}ms", stall_after.count());
  const auto program = options.program();
  fmt::print(
      "goals: what moves loses nothing; what is dead holds no write longer than {} ms (and 50), keeps the newest, and "
      "markers + delivered = "
      "read\n\n",
      stall_after.count());
  const table results({"output", "moves", "read", "delivered", "announced", "slowest write", "accounted for"}, 28, 15);
  attempt(results, "slow pipe, queue=4M", [&](const std::string& name) {
    auto pipe = make_pipe();
    relay run(program, "fd:3,queue=4M" + suffix, options.size("pipe-size"), pipe.writing.get());
    pipe.writing.reset();
    const pipe_sink sink(std::move(pipe.reading), 5'000'000);
    moving(results, name, run, sink, 5e6);
  });
  attempt(results, "slow TCP peer, queue=1M", [&](const std::string& name) {
    const auto sink = stream_sink::tcp({.bytes_a_second = 500'000, .receive_buffer = 65536});
    const relay run(program, sink.endpoint() + ",queue=1M" + suffix, options.size("tcp-size"));
    moving(results, name, run, sink, 5e5);
  });
  attempt(results, "FIFO that nobody reads", [&](const std::string& name) {
    const temp_folder folder;
    const auto path = folder / "dead.fifo";
    make_fifo(path);
    const relay run(program, "fifo:" + path + ",queue=4M" + suffix, options.size("dead-size"));
    std::unique_ptr<pipe_sink> reader;
    dead(
        results, name, run, stall_after, [&] { reader = std::make_unique<pipe_sink>(path); },
        [&] { return reader->text(); });
  });
  attempt(results, "TCP peer that never reads", [&](const std::string& name) {
    auto sink = stream_sink::tcp({.reads = false, .receive_buffer = 65536});
    const relay run(program, sink.endpoint() + ",queue=4M" + suffix, options.size("dead-size"));
    dead(
        results, name, run, stall_after, [&] { sink.start_reading(); }, [&] { return sink.text(); });
  });
  attempt(results, "refused address", [&](const std::string& name) {
    auto sink = stream_sink::tcp({.listens = false});
    const relay run(program, sink.endpoint() + ",queue=4M" + suffix, options.size("dead-size"));
    dead(
        results, name, run, stall_after, [&] { sink.listen(); }, [&] { return sink.text(); });
  });
  attempt(results, "hanging exec:", [&](const std::string& name) {
    const temp_folder folder;
    const auto go = folder / "go", out = folder / "out";
    const relay run(
        program, fmt::format("exec:until [ -e {} ]; do sleep 0.05; done; exec cat >{}", go, out) + ",queue=4M" + suffix,
        options.size("dead-size"));
    dead(
        results, name, run, stall_after, [&] { write_file(go, ""); },
        [&] { return file_size(out) ? read_file(out) : ""; });
  });
  return verdict();
}
