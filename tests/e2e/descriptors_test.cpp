// Descriptors that we inherit are shared with the shell: their flags stay, also when we are killed. And what is ours
// stays ours: commands that we run get none of it.
#include <e2e/inherited.hpp>
#include <e2e/running_relay.hpp>
#include <support/lines.hpp>
#include <support/pipe_sink.hpp>
#include <support/sink.hpp>
#include <support/sockets.hpp>

#include <sys/resource.h>
#include <termios.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <map>

using namespace logrelay;
using namespace logrelay::support;

namespace {

enum class kind { pipe, terminal, socket, file };
enum class direction { in, out };

/// A descriptor that a relay is given, of which we hold the same open file description, and its other end.
class shared_descriptor {
 public:
  shared_descriptor(kind what, direction way, int flags, const std::string& path) : what_(what) {
    switch (what) {
      case kind::pipe: {
        auto ends = make_pipe();
        given_ = std::move(way == direction::in ? ends.reading : ends.writing);
        other_ = std::move(way == direction::in ? ends.writing : ends.reading);
        break;
      }
      case kind::terminal: {
        auto ends = make_terminal();
        given_ = std::move(ends.terminal);
        other_ = std::move(ends.keyboard);
        break;
      }
      case kind::socket: {
        auto ends = make_socket_pair();
        given_ = std::move(ends.theirs);
        other_ = std::move(ends.ours);
        break;
      }
      case kind::file:
        if (way == direction::in) write_file(path, "line\n");
        given_ = open_file(path, way == direction::in ? O_RDONLY : O_WRONLY | O_CREAT | O_APPEND);
        break;
    }
    ::fcntl(given_.get(), F_SETFL, flags_of(given_) | flags);
    flags_ = flags_of(given_);
    if (what == kind::terminal) ::tcgetattr(given_.get(), &modes_);
  }

  [[nodiscard]] int number() const { return given_.get(); }
  void write_line() const {
    if (other_) write_all(other_, "line\n");
  }
  void require_untouched() const {
    REQUIRE(flags_of(given_) == flags_);
    if (what_ != kind::terminal) return;
    termios now{};
    REQUIRE(::tcgetattr(given_.get(), &now) == 0);
    REQUIRE(now.c_iflag == modes_.c_iflag);
    REQUIRE(now.c_oflag == modes_.c_oflag);
    REQUIRE(now.c_cflag == modes_.c_cflag);
    REQUIRE(now.c_lflag == modes_.c_lflag);
    REQUIRE(std::memcmp(now.c_cc, modes_.c_cc, sizeof now.c_cc) == 0);
  }

 private:
  kind what_;
  fd given_;
  fd other_;
  int flags_ = 0;
  termios modes_{};
};

}  // namespace

TEST_CASE("inherited descriptors keep their flags while we run and afterwards however we end") {
  const auto what = GENERATE(kind::pipe, kind::terminal, kind::socket, kind::file);
  const auto last_signal = GENERATE(SIGTERM, SIGKILL);
  const auto flags = GENERATE(0, O_NONBLOCK);
  INFO("kind " << static_cast<int>(what) << ", signal " << last_signal << ", flags " << flags);

  const temp_folder folder;
  const shared_descriptor in(what, direction::in, flags, folder / "in"), out(what, direction::out, flags, folder / "out"),
      err(what, direction::out, flags, folder / "err"), three(what, direction::in, flags, folder / "three"),
      four(what, direction::out, flags, folder / "four");
  const auto require_untouched = [&] {
    for (const auto* each : {&in, &out, &err, &three, &four}) each->require_untouched();
  };
  // The FIFO keeps it running when the files have been read.
  running_relay relay(folder, {"-i", "-", "-i", "fd:3", "-i", "fifo:" + folder / "fifo", "-", "stderr:", "fd:4"},
                      {.input = stream::descriptor(in.number()),
                       .output = stream::descriptor(out.number()),
                       .error = stream::descriptor(err.number()),
                       .descriptors = {{3, three.number()}, {4, four.number()}}});
  REQUIRE(eventually([&] { return std::filesystem::is_fifo(folder / "fifo"); }));
  in.write_line();
  three.write_line();
  REQUIRE(eventually([&] {
    const auto now = relay.report_now();
    return std::all_of(now.outputs().begin(), now.outputs().end(),
                       [](const report_row& output) { return output.delivered() == 2; });
  }));
  require_untouched();
  relay->send(last_signal);
  REQUIRE(relay->wait(patience).has_value());
  require_untouched();
  if (last_signal == SIGTERM) relay.end();
}

TEST_CASE("a terminal that is stdin and stdout and stderr at once keeps its flags") {
  const temp_folder folder;
  const auto ends = make_terminal();
  const auto flags = flags_of(ends.terminal);
  const auto terminal = stream::descriptor(ends.terminal.get());
  running_relay relay(folder, {"-", folder / "out"}, {.input = terminal, .output = terminal, .error = terminal});
  write_all(ends.keyboard, "typed\n");
  REQUIRE(eventually([&] { return read_if_there(folder / "out") == "typed\n"; }));
  REQUIRE(flags_of(ends.terminal) == flags);
  write_all(ends.keyboard, "\x04");
  relay.end();
  REQUIRE(flags_of(ends.terminal) == flags);
}

// ---- commands

namespace {

/// What a command that `exec:` runs writes to the file `said` before it takes its lines.
std::string said_by_command(const std::string& command, const std::vector<std::string>& before = {}) {
  const temp_folder folder;
  std::vector<std::string> words = before;
  words.insert(words.end(), {LOGRELAY_PROGRAM, "exec:{ " + command + "; } > said; cat > lines"});
  process relay(words, {.input = stream::pipe(), .folder = folder.path().string()});
  relay.write("line\n");
  relay.close_input();
  REQUIRE(relay.status() == 0);
  REQUIRE(read_file(folder / "lines") == "line\n");
  return read_file(folder / "said");
}

}  // namespace

TEST_CASE("a command gets no descriptor but its own three however often it is run") {
  const temp_folder folder;
  auto sink = stream_sink::tcp();
  auto kept = make_pipe();
  // Each run takes one line, tells what it has, and leaves. The last descriptor is the folder that ls reads.
  running_relay relay(folder,
                      {"-i", "-", "-i", "tcp://127.0.0.1:0", "-i", "udp://127.0.0.1:0", "-i", "unix:stream", "-i",
                       "unixgram:datagram", "-i", "fifo:fifo", "file", "-", sink.endpoint(), "fd:8", "fifo:unread",
                       "exec:cat > copy", "exec:read line; ls /proc/self/fd | tr '\\n' ' ' >> said; echo >> said"},
                      {.input = stream::pipe(),
                       .descriptors = {{7, kept.reading.get()}, {8, kept.writing.get()}},
                       .folder = folder.path().string()});
  const auto connected = connected_tcp(relay->tcp_port());
  write_all(connected, "line\n");
  REQUIRE(eventually([&] { return sink.text() == "line\n" && file_size(folder / "file") == 5; }));
  for (std::uint64_t runs = 1; runs <= 3; ++runs) {
    REQUIRE(eventually([&] { return std::filesystem::exists(folder / "said"); }));
    relay->write("line\n");
    REQUIRE(eventually([&] {
      const auto said = read_file(folder / "said");
      return static_cast<std::uint64_t>(std::count(said.begin(), said.end(), '\n')) >= runs;
    }));
  }
  const auto said = read_file(folder / "said");
  INFO(said);
  for (std::size_t at = 0; at < said.size(); at += 9) REQUIRE(said.substr(at, 9) == "0 1 2 3 \n");
  const pipe_sink reader(folder / "unread");
  relay->send(SIGTERM);
  relay.end();
}

TEST_CASE("a command has no signal blocked and ignores those of the keyboard and HUP under nohup") {
  const auto sets_of = [](const std::vector<std::string>& before) {
    std::map<std::string, std::uint64_t> sets;
    for (const auto& line : split_lines(said_by_command("cat /proc/self/status", before)))
      if (line.starts_with("Sig") && !line.starts_with("SigQ"))
        // Signals 32 and 33 are the C library's own: its posix_spawn leaves them ignored.
        sets[line.substr(0, 6)] = std::stoull(line.substr(8), nullptr, 16) & 0x7fffffff;
    return sets;
  };
  const auto interrupt_and_quit = 1u << (SIGINT - 1) | 1u << (SIGQUIT - 1);
  const auto hang_up = 1u << (SIGHUP - 1);
  const bool some_ignored = GENERATE(false, true);
  auto sets = sets_of(some_ignored ? std::vector<std::string>{"sh", "-c", "trap '' HUP USR2 TERM; exec \"$0\" \"$@\""}
                                   : std::vector<std::string>{});
  REQUIRE(sets.at("SigBlk") == 0);
  REQUIRE(sets.at("SigIgn") == (some_ignored ? interrupt_and_quit | hang_up : interrupt_and_quit));
  REQUIRE(sets.at("SigCgt") == 0);
}

TEST_CASE("a command has the limits of descriptors that we were started with while we take all we can") {
  rlimit ours{};
  ::getrlimit(RLIMIT_NOFILE, &ours);
  const auto hard = ours.rlim_max == RLIM_INFINITY ? std::string("unlimited") : std::to_string(ours.rlim_max);
  const std::vector<std::string> limited{"sh", "-c", "ulimit -Sn 123; exec \"$0\" \"$@\""};
  REQUIRE(said_by_command("ulimit -Sn; ulimit -Hn", limited) == "123\n" + hard + "\n");

  const temp_folder folder;
  auto words = limited;
  words.insert(words.end(), {LOGRELAY_PROGRAM, folder / "out"});
  process relay(words, {.input = stream::pipe()});
  relay.write("line\n");
  REQUIRE(eventually([&] { return file_size(folder / "out") > 0; }));
  rlimit its{};
  REQUIRE(::prlimit(relay.id(), RLIMIT_NOFILE, nullptr, &its) == 0);
  REQUIRE(its.rlim_cur == its.rlim_max);
  relay.close_input();
  REQUIRE(relay.status() == 0);
}
