// An idle relay: how soon one line is in the file, how soon the first one after exec, and what it does meanwhile,
// which is nothing.
#include <support/bench.hpp>
#include <support/lines.hpp>
#include <support/pacer.hpp>
#include <support/process.hpp>
#include <support/sink.hpp>
#include <support/temp_folder.hpp>

#include <fmt/format.h>

#include <functional>
#include <sstream>
#include <thread>

using namespace logrelay::support;

namespace {

using clock = std::chrono::steady_clock;

struct program {
  std::string name;
  std::function<process(const std::string& file, int input)> start;
};

/// Spins until the file has `size` bytes: the other core is the program's.
void await_size(const std::string& file, std::uint64_t size) {
  const auto limit = clock::now() + patience;
  while (file_size(file) < size) {
    if (clock::now() > limit) throw std::runtime_error("a line never came");
  }
}

latencies one_line(const program& program, std::uint64_t count) {
  const temp_folder folder;
  const auto file = folder / "out.log";
  auto pipe = make_pipe();
  const auto running = program.start(file, pipe.reading.get());
  const auto line = equal_lines(1, 100);
  std::vector<std::chrono::nanoseconds> took;
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto start = clock::now();
    write_all(pipe.writing, line);
    await_size(file, (i + 1) * line.size());
    if (i > 0) took.push_back(clock::now() - start);  // the first one waits for the program to start
    std::this_thread::sleep_for(1ms);                 // so that it is idle again
  }
  return latencies_of(std::move(took));
}

latencies first_line(const program& program, std::uint64_t count) {
  std::vector<std::chrono::nanoseconds> took;
  for (std::uint64_t i = 0; i < count; ++i) {
    const temp_folder folder;
    const auto file = folder / "out.log";
    auto pipe = make_pipe();
    write_all(pipe.writing, equal_lines(1, 100));
    const auto start = clock::now();
    const auto running = program.start(file, pipe.reading.get());
    await_size(file, 100);
    took.push_back(clock::now() - start);
  }
  return latencies_of(std::move(took));
}

/// System calls of all its threads in `span`, as strace sees them once it has been attached and the calls that this
/// itself interrupts have gone by.
std::uint64_t calls_while_idle(const process& idle, const temp_folder& folder, std::chrono::milliseconds span) {
  const auto log = folder / "strace.log";
  process strace({"strace", "-f", "-ttt", "-o", log, "-p", std::to_string(idle.id())});
  if (!eventually([&] { return strace.errors().find("attached") != std::string::npos; }))
    throw std::runtime_error("strace: " + strace.errors());
  std::this_thread::sleep_for(500ms);
  const auto from = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  std::this_thread::sleep_for(span);
  const auto to = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  strace.send(SIGINT);
  strace.wait();
  std::istringstream lines(read_file(log));
  std::uint64_t calls = 0;
  std::string line;
  while (std::getline(lines, line)) {
    std::istringstream fields(line);
    long id = 0;
    double when = 0;
    fields >> id >> when;
    calls += when > from && when < to;
  }
  return calls;
}

void idle_calls(const table& results, const std::string& name, std::vector<std::string> argv, const stream_sink& sink,
                std::uint64_t connections, std::chrono::milliseconds span) {
  const temp_folder folder;
  auto pipe = make_pipe();
  const auto file = folder / "out.log";
  argv.push_back(file);
  const process relay(argv, {.input = stream::descriptor(pipe.reading.get())});
  const auto line = equal_lines(1, 100);
  write_all(pipe.writing, line);
  await_size(file, line.size());
  if (!eventually([&] { return sink.bytes() >= connections * line.size(); }))
    throw std::runtime_error("the sink got no line");
  const auto calls = calls_while_idle(relay, folder, span);
  results.row({name, std::to_string(calls), goal(calls == 0)});
}

}  // namespace

int main(int argc, char** argv) {
  const bench_options options(argc, argv, "Latency of an idle relay.", LOGRELAY_PROGRAM,
                              {{"lines", "2000", "200", "lines that are timed"},
                               {"starts", "50", "10", "starts that are timed"},
                               {"idle", "10s", "1s", "for how long its system calls are counted"}});
  const program cat{"cat > file", [](const std::string& file, int input) {
                      return process({"cat"}, {.input = stream::descriptor(input), .output = stream::file(file)});
                    }};
  const program relay{"logrelay file", [&](const std::string& file, int input) {
                        return process({options.program(), file}, {.input = stream::descriptor(input)});
                      }};
  {
    const table results({"one line, from write to file", "least", "median", "p99", "greatest", "goal: median < 200 µs"},
                        40);
    for (const auto* program : {&cat, &relay}) {
      attempt(results, program->name, [&](const std::string& name) {
        const auto took = one_line(*program, options.size("lines"));
        results.row({name, readable(took.least), readable(took.median), readable(took.p99), readable(took.greatest),
                     program == &relay ? goal(took.median < 200us) : ""});
      });
    }
  }
  fmt::print("\n");
  {
    const table results(
        {"from exec to the first line in the file", "least", "median", "p99", "greatest", "goal: median < 5 ms"}, 40);
    for (const auto* program : {&cat, &relay}) {
      attempt(results, program->name, [&](const std::string& name) {
        const auto took = first_line(*program, options.size("starts"));
        results.row({name, readable(took.least), readable(took.median), readable(took.p99), readable(took.greatest),
                     program == &relay ? goal(took.median < 5ms) : ""});
      });
    }
  }
  fmt::print("\n");
  if (!has("strace")) {
    fmt::print("strace is not installed: idle system calls are not counted\n");
    return verdict();
  }
  const table results({fmt::format("idle for {} ms", options.duration("idle").count()), "system calls", "goal: none"},
                      40);
  const auto sink = stream_sink::tcp();
  const auto idle = options.duration("idle");
  attempt(results, "stdin > file",
          [&](const std::string& name) { idle_calls(results, name, {options.program()}, sink, 0, idle); });
  attempt(results, "stdin, tcp, udp > tcp, file", [&](const std::string& name) {
    idle_calls(results, name,
               {options.program(), "-i", "-", "-i", "tcp://127.0.0.1:0", "-i", "udp://127.0.0.1:0", sink.endpoint()},
               sink, 1, idle);
  });
  return verdict();
}
