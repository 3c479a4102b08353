// What other programs do to the writer, and to its lines, when one of their outputs stalls or their disk is full, and
// then recovers. Each has the stalled output that it can have: a FIFO, a peer, or a processor of rotated files.
#include <support/bench.hpp>
#include <support/lines.hpp>
#include <support/pacer.hpp>
#include <support/pipe_sink.hpp>
#include <support/process.hpp>
#include <support/sink.hpp>
#include <support/small_disk.hpp>
#include <support/temp_folder.hpp>

#include <logrelay/util/quantity.hpp>

#include <fcntl.h>
#include <fmt/format.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <thread>

using namespace logrelay::support;

namespace {

/// What a program is run with, and in what.
struct scene {
  temp_folder folder;
  stream_sink sink = stream_sink::tcp({.reads = false});
  logrelay::fd fifo_holder;  // so that the FIFO has a reader, which does not read
  std::unique_ptr<pipe_sink> fifo_reader;

  scene() {
    make_fifo(folder / "dead.fifo");
    fifo_holder.reset(::open((folder / "dead.fifo").c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
    write_file(folder / "processor",
               fmt::format("#!/bin/sh\nuntil [ -e {} ]; do sleep 0.05; done\nexec cat\n", folder / "go"));
    std::filesystem::permissions(folder / "processor", std::filesystem::perms::owner_all);
  }
  void revive() {
    write_file(folder / "go", "");
    sink.start_reading();
    fifo_reader = std::make_unique<pipe_sink>(folder / "dead.fifo");
  }
};

struct peer {
  std::string program;
  std::string stalled;
  std::function<std::vector<std::string>(const scene&)> command;
  std::function<std::string(const scene&)> arrived;  // what came through the stalled output
  bool over_tcp = false;
};

std::string all_in(const std::string& folder) {
  std::string text;
  for (const auto& name : names_in(folder)) {
    if (name.starts_with("@") || name.starts_with("_") || name == "previous" || name == "current")
      text += read_if_there(folder + "/" + name);
  }
  return text;
}

std::string from_fifo(const scene& scene) { return scene.fifo_reader->text(); }
std::string from_sink(const scene& scene) { return scene.sink.text(); }
std::string from_folder(const scene& scene) { return all_in(scene.folder / "second"); }

std::vector<std::string> svlogd_with_processor(const scene& scene) {
  std::filesystem::create_directory(scene.folder / "good");
  std::filesystem::create_directory(scene.folder / "second");
  write_file(scene.folder / "second/config", fmt::format("s65536\nn100000\n!{}\n", scene.folder / "processor"));
  return {"svlogd", scene.folder / "good", scene.folder / "second"};
}

std::vector<std::string> rsyslog_with_peer(const scene& scene) {
  write_file(scene.folder / "rsyslog.conf",
             fmt::format("global(workDirectory=\"{}\")\nmodule(load=\"imtcp\")\n"
                         "input(type=\"imtcp\" port=\"0\" address=\"127.0.0.1\" supportOctetCountedFraming=\"off\")\n"
                         "template(name=\"raw\" type=\"string\" string=\"%rawmsg%\\n\")\n"
                         "action(type=\"omfile\" file=\"{}\" template=\"raw\")\n"
                         "action(type=\"omfwd\" target=\"127.0.0.1\" port=\"{}\" protocol=\"tcp\" template=\"raw\" "
                         "queue.type=\"LinkedList\")\n",
                         scene.folder.path().string(), scene.folder / "good.log", scene.sink.port()));
  return {"rsyslogd", "-n", "-iNONE", "-f", scene.folder / "rsyslog.conf"};
}

std::vector<peer> stalled_peers(const std::string& logrelay) {
  return {
      {logrelay, "FIFO",
       [=](const scene& s) {
         return std::vector{logrelay, s.folder / "good.log", "fifo:" + s.folder / "dead.fifo"};
       },
       from_fifo},
      {logrelay, "TCP peer",
       [=](const scene& s) {
         return std::vector{logrelay, s.folder / "good.log", s.sink.endpoint()};
       },
       from_sink},
      {"tee", "FIFO",
       [](const scene& s) {
         return std::vector<std::string>{"tee", s.folder / "good.log", s.folder / "dead.fifo"};
       },
       from_fifo},
      {"socat", "TCP peer",
       [](const scene& s) {
         return std::vector<std::string>{"socat", "-u", "-", fmt::format("TCP:127.0.0.1:{}", s.sink.port())};
       },
       from_sink},
      {"multilog", "processor",
       [](const scene& s) {
         return std::vector<std::string>{"multilog",
                                         "n100",
                                         "s16777215",
                                         s.folder / "good",
                                         "n100000",
                                         "s65536",
                                         "!" + s.folder / "processor",
                                         s.folder / "second"};
       },
       from_folder},
      {"svlogd", "processor", svlogd_with_processor, from_folder},
      {"s6-log", "processor",
       [](const scene& s) {
         return std::vector<std::string>{"s6-log",
                                         "n100",
                                         "s16777215",
                                         s.folder / "good",
                                         "n100000",
                                         "s65536",
                                         "!" + s.folder / "processor",
                                         s.folder / "second"};
       },
       from_folder},
      {"rsyslogd", "TCP peer", rsyslog_with_peer, from_sink, true},
  };
}

/// The writer's end of what the program reads.
struct fed_program {
  std::unique_ptr<process> program;
  std::unique_ptr<pacer> writer;

  fed_program(const std::vector<std::string>& command, const pacer::pace& pace, bool over_tcp,
              const stream& output = stream::null()) {
    auto pipe = make_pipe();
    program = std::make_unique<process>(
        command, process_options{.input = stream::descriptor(pipe.reading.get()), .output = output});
    pipe.reading.reset();
    writer = std::make_unique<pacer>(over_tcp ? connected_tcp(program->tcp_port()) : std::move(pipe.writing), pace);
  }
};

std::string lost(std::uint64_t sent, std::uint64_t arrived) {
  if (arrived > sent) return fmt::format("{} too many", arrived - sent);
  return fmt::format("{:.0f} %", 100.0 * static_cast<double>(sent - arrived) / static_cast<double>(sent));
}

void stall(const table& results, const std::string& name, const peer& peer, const pacer::pace& pace,
           std::chrono::milliseconds stalled_for) {
  scene scene;
  const fed_program fed(peer.command(scene), pace, peer.over_tcp);
  (void)fed.writer->wait(stalled_for);
  const auto peak = fed.program->peak_resident_bytes();
  scene.revive();
  (void)fed.writer->wait(60s);
  const auto slowest = fed.writer->writes().greatest;
  const auto last = numbered_lines(pace.lines - 1, 1, pace.length);
  (void)eventually([&] { return peer.arrived(scene).ends_with(last); }, 15s);
  fed.writer->close();
  if (peer.over_tcp) fed.program->send(SIGTERM);
  (void)fed.program->wait(40s);
  const auto got = read_sequence(peer.arrived(scene), pace.length);
  results.row({name, peer.stalled, readable(slowest), lost(pace.lines, got.lines), logrelay::readable_size(peak)});
}

struct disk_user {
  std::string program;
  std::function<std::vector<std::string>(const small_disk&)> command;
  bool writes_stdout = false;
};

std::vector<disk_user> disk_users(const std::string& logrelay) {
  return {
      {logrelay,
       [=](const small_disk& disk) {
         return std::vector{logrelay, disk / "out.log"};
       }},
      {"cat", [](const small_disk&) { return std::vector<std::string>{"cat"}; }, true},
      {"tee",
       [](const small_disk& disk) {
         return std::vector<std::string>{"tee", disk / "out.log"};
       }},
      {"multilog",
       [](const small_disk& disk) {
         return std::vector<std::string>{"multilog", "n1000", "s16777215", disk / "dir"};
       }},
      {"svlogd",
       [](const small_disk& disk) {
         std::filesystem::create_directory(disk / "dir");
         return std::vector<std::string>{"svlogd", disk / "dir"};
       }},
      {"s6-log",
       [](const small_disk& disk) {
         return std::vector<std::string>{"s6-log", "n1000", "s16777215", disk / "dir"};
       }},
      {"rotatelogs",
       [](const small_disk& disk) {
         return std::vector<std::string>{"rotatelogs", disk / "out.log", "64M"};
       }},
      {"cronolog",
       [](const small_disk& disk) {
         return std::vector<std::string>{"cronolog", disk / "out-%Y.log"};
       }},
  };
}

std::string everything_on(const small_disk& disk) {
  std::string text;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(disk / "")) {
    const auto name = entry.path().filename();
    if (entry.is_regular_file() && name != "filler" && name != "lock" && name != "state")
      text += read_file(entry.path());
  }
  return text;
}

/// Full from the first line on; room is made after three quarters of the time.
void full_disk(const table& results, const std::string& name, const disk_user& user, const pacer::pace& pace) {
  auto disk = small_disk::mount(pace.lines * pace.length + (8 << 20));
  if (!disk) return;
  disk->fill();
  const fed_program fed(user.command(*disk), pace, false,
                        user.writes_stdout ? stream::file(*disk / "out.log") : stream::null());
  (void)fed.writer->wait(std::chrono::milliseconds(750 * pace.lines / pace.lines_a_second));
  disk->make_room();
  (void)fed.writer->wait(std::chrono::milliseconds(1000 * pace.lines / pace.lines_a_second + 15000));
  const auto slowest = std::max(fed.writer->writes().greatest, fed.writer->waiting());
  const bool finished = fed.writer->finished();
  fed.writer->close();
  (void)fed.program->wait(40s);
  const auto got = read_sequence(everything_on(*disk), pace.length);
  results.row({name, finished ? readable(slowest) : "died", lost(pace.lines, got.lines), std::to_string(got.foreign)});
}

}  // namespace

int main(int argc, char** argv) {
  const bench_options options(argc, argv, "Other programs with a stalled output, and on a full disk.", LOGRELAY_PROGRAM,
                              {{"seconds", "10", "2", "how long the writer writes, and the output stalls"},
                               {"rate", "20000", "", "lines a second"}});
  const auto seconds = options.size("seconds");
  const pacer::pace pace{options.size("rate") * seconds, options.size("rate"), 120};
  fmt::print("{} lines/s of 120 bytes for {} s; the second output stalls for as long\n\n", pace.lines_a_second,
             seconds);
  const auto installed = [](const std::string& program) {
    return program.find('/') != std::string::npos || has(program);
  };
  // s6-log runs its processors by execline, which lives outside PATH in some distributions.
  const bool has_execline = has("execlineb") || std::filesystem::exists("/usr/lib/execline/bin/execlineb");
  {
    const table results({"program", "stalled", "slowest write", "lost there", "peak memory"}, 16);
    for (const auto& peer : stalled_peers(options.program())) {
      if (peer.program == "s6-log" && !has_execline) {
        results.row({peer.program, "its processors need execline, which is not installed"});
      } else if (installed(peer.program)) {
        attempt(results, std::filesystem::path(peer.program).filename(),
                [&](const std::string& name) { stall(results, name, peer, pace, std::chrono::seconds(seconds)); });
      } else {
        results.row({peer.program, "not installed"});
      }
    }
  }
  if (!small_disk::mount(1 << 20)) {
    fmt::print("\na full disk: left out, since mounting a small tmpfs is not allowed here\n");
    return verdict();
  }
  fmt::print("\nOn a disk that is full for three quarters of that time:\n\n");
  const table results({"program", "slowest write", "lines lost", "torn or merged"}, 16);
  for (const auto& user : disk_users(options.program())) {
    if (installed(user.program)) {
      attempt(results, std::filesystem::path(user.program).filename(),
              [&](const std::string& name) { full_disk(results, name, user, pace); });
    } else {
      results.row({user.program, "not installed"});
    }
  }
  return verdict();
}
