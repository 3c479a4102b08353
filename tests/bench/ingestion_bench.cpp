// Ingestion never waits for an output: a program writes at a steady pace while one of two outputs is dead. How long
// was it held, how far behind was the good file, and did the dead one get every line once it came back?
#include <support/bench.hpp>
#include <support/lines.hpp>
#include <support/pacer.hpp>
#include <support/pipe_sink.hpp>
#include <support/process.hpp>
#include <support/report.hpp>
#include <support/sink.hpp>
#include <support/small_disk.hpp>
#include <support/temp_folder.hpp>

#include <fmt/format.h>

#include <functional>
#include <memory>
#include <optional>

using namespace logrelay::support;

namespace {

struct load {
  std::string program;
  pacer::pace pace;
};

/// An output that takes nothing until it is revived.
struct dead_output {
  std::string endpoint;
  std::function<void()> revive;
  std::function<std::uint64_t()> arrived_bytes;
  std::function<std::string()> arrived;
};

dead_output unread_fifo(const temp_folder& folder) {
  const auto path = folder / "dead.fifo";
  make_fifo(path);
  const auto reader = std::make_shared<std::unique_ptr<pipe_sink>>();
  return {"fifo:" + path, [=] { *reader = std::make_unique<pipe_sink>(path); }, [=] { return (*reader)->bytes(); },
          [=] { return (*reader)->text(); }};
}

dead_output dead_tcp(const sink_behaviour& behaviour) {
  const std::shared_ptr<stream_sink> sink(new stream_sink(stream_sink::tcp(behaviour)));
  return {sink->endpoint(),
          [=] {
            if (behaviour.listens) return sink->start_reading();
            sink->listen();
          },
          [=] { return sink->bytes(); }, [=] { return sink->text(); }};
}

dead_output hanging_command(const temp_folder& folder) {
  const auto go = folder / "go", out = folder / "command.log";
  return {fmt::format("exec:until [ -e {} ]; do sleep 0.05; done; exec cat >{}", go, out), [=] { write_file(go, ""); },
          [=] { return file_size(out); }, [=] { return read_file(out); }};
}

std::optional<dead_output> full_disk(std::uint64_t bytes) {
  auto mounted = small_disk::mount(bytes + (8 << 20));
  if (!mounted) return std::nullopt;
  const auto disk = std::make_shared<small_disk>(std::move(*mounted));
  disk->fill();
  const auto path = *disk / "dead.log";
  return dead_output{"file:" + path, [=] { disk->make_room(); }, [=] { return file_size(path); },
                     [=] { return read_file(path); }};
}

/// How far `file` fell behind at worst, until the writer is done or its time twice over.
std::chrono::nanoseconds greatest_lag(const pacer& writer, const std::string& file, std::chrono::milliseconds limit) {
  std::chrono::nanoseconds greatest{};
  (void)eventually(
      [&] {
        greatest = std::max(greatest, writer.lag(file_size(file)));
        return writer.finished();
      },
      limit);
  return greatest;
}

std::string after_revival(const dead_output& dead, const pacer& writer, const load& load) {
  dead.revive();
  (void)eventually([&] { return dead.arrived_bytes() >= writer.written_bytes(); }, 60s);
  const auto got = read_sequence(dead.arrived(), load.pace.length);
  return goal(got.is_whole(load.pace.lines)) + (got.is_whole(load.pace.lines) ? "" : ": " + to_string(got));
}

/// One row: `argv` reads stdin and writes the good file.
void measure(const table& results, const std::string& name, std::vector<std::string> argv, const std::string& good,
             stream output, const dead_output* dead, const load& load, bool ours) {
  auto pipe = make_pipe();
  process reader(argv, {.input = stream::descriptor(pipe.reading.get()), .output = std::move(output)});
  pipe.reading.reset();
  pacer writer(std::move(pipe.writing), load.pace);
  const auto limit = std::chrono::seconds(2 * load.pace.lines / load.pace.lines_a_second + 5);
  const auto lag = greatest_lag(writer, good, limit);
  const auto writes = writer.writes();
  const auto revived = dead ? after_revival(*dead, writer, load) : std::string("-");
  writer.close();
  const int status = reader.status(60s);
  const bool whole = read_sequence(read_file(good), load.pace.length).is_whole(load.pace.lines);
  const auto judged = [&](bool met, std::string figure) { return ours ? figure + " " + goal(met) : figure; };
  results.row({name, judged(writes.greatest < 20ms, readable(writes.greatest)),
               judged(writes.p99 < 100us, readable(writes.p99)), judged(lag <= 100ms, readable(lag)),
               judged(whole && status == 0, whole ? "all lines" : "lines lost"), revived});
}

void measure_relay(const table& results, const std::string& name, const temp_folder& folder, const dead_output& dead,
                   const load& load) {
  const auto good = folder / "good.log", report_file = folder / "report.json";
  measure(results, name, {load.program, good, dead.endpoint, "--report", report_file}, good, stream::collected(), &dead,
          load, true);
  check_balance(read_report(report_file));
}

}  // namespace

int main(int argc, char** argv) {
  const bench_options options(argc, argv, "How long a writer is held, with outputs {good file, dead one}.",
                              LOGRELAY_PROGRAM,
                              {{"seconds", "10", "2", "how long the writer writes"},
                               {"rate", "20000", "", "lines a second"},
                               {"length", "120", "", "bytes a line"}});
  const load load{options.program(),
                  {options.size("rate") * options.size("seconds"), options.size("rate"), options.size("length")}};
  fmt::print(
      "{} lines/s of {} bytes for {} s; goals: slowest write under 20 ms, p99 under 100 µs, lag at most 100 ms\n\n",
      load.pace.lines_a_second, load.pace.length, options.size("seconds"));
  const table results({"second output", "slowest write", "p99 write", "good file's lag", "good file",
                       "after revival, once and in order"},
                      26, 18);
  attempt(results, "(reference: cat > file)", [&](const std::string& name) {
    const temp_folder folder;
    const auto good = folder / "good.log";
    measure(results, name, {"cat"}, good, stream::file(good), nullptr, load, false);
  });
  attempt(results, "none", [&](const std::string& name) {
    const temp_folder folder;
    const auto good = folder / "good.log";
    measure(results, name, {load.program, good}, good, stream::collected(), nullptr, load, true);
  });
  const std::vector<std::pair<std::string, std::function<std::optional<dead_output>(const temp_folder&)>>> kinds{
      {"FIFO that nobody reads", [](const auto& folder) { return unread_fifo(folder); }},
      {"TCP peer that never reads", [](const auto&) { return dead_tcp({.reads = false}); }},
      {"refused address", [](const auto&) { return dead_tcp({.listens = false}); }},
      {"hanging exec:", [](const auto& folder) { return hanging_command(folder); }},
      {"file on a full disk", [&](const auto&) { return full_disk(load.pace.lines * load.pace.length); }},
  };
  for (const auto& [kind, make] : kinds) {
    attempt(results, kind, [&, &make = make](const std::string& name) {
      const temp_folder folder;
      if (const auto dead = make(folder)) return measure_relay(results, name, folder, *dead, load);
      results.row({name, "left out: mounting a small tmpfs is not allowed here"});
    });
  }
  return verdict();
}
