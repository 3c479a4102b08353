// Byte streams of every kind that a shell can give us, in and out.
#include <e2e/inherited.hpp>
#include <e2e/running_relay.hpp>
#include <support/lines.hpp>
#include <support/pipe_sink.hpp>
#include <support/sockets.hpp>

#include <filesystem>

using namespace logrelay;
using namespace logrelay::support;

namespace {

const std::string& some_text() {
  static const std::string text = real_lines(1 << 20);
  return text;
}

}  // namespace

// ---- standard input

TEST_CASE("stdin is a pipe") {
  const temp_folder folder;
  running_relay relay(folder, {folder / "out"});
  const auto report = relay.feed(some_text());
  REQUIRE(difference(read_file(folder / "out"), some_text()) == "");
  REQUIRE(report.input("stdin").count("lines") == count_newlines(some_text()));
  REQUIRE(report.input("stdin").count("bytes") == some_text().size());
  REQUIRE(relay->errors() == "");
}

TEST_CASE("stdin is a file and is read from where its offset stands") {
  const temp_folder folder;
  write_file(folder / "in", some_text());
  const auto input = open_file(folder / "in", O_RDONLY);
  const auto first_line = some_text().find('\n') + 1;
  ::lseek(input.get(), static_cast<off_t>(first_line), SEEK_SET);
  running_relay relay(folder, {folder / "out"}, reads(input));
  relay.end();
  REQUIRE(difference(read_file(folder / "out"), std::string_view(some_text()).substr(first_line)) == "");
  // What comes behind us in the shell goes on where we stopped.
  REQUIRE(::lseek(input.get(), 0, SEEK_CUR) == static_cast<off_t>(some_text().size()));
}

TEST_CASE("stdin is an empty file") {
  const temp_folder folder;
  write_file(folder / "in", "");
  running_relay relay(folder, {folder / "out"}, {.input = stream::file(folder / "in")});
  REQUIRE(relay.end().lines_read() == 0);
  REQUIRE(read_file(folder / "out").empty());
}

TEST_CASE("stdin is a terminal and ends with control-D") {
  const temp_folder folder;
  const auto ends = make_terminal();
  running_relay relay(folder, {folder / "out"}, reads(ends.terminal));
  write_all(ends.keyboard, "first\n");
  REQUIRE(eventually([&] { return read_if_there(folder / "out") == "first\n"; }));
  write_all(ends.keyboard, "second\n\x04");
  REQUIRE(relay.end().lines_read() == 2);
  REQUIRE(read_file(folder / "out") == "first\nsecond\n");
}

TEST_CASE("stdin is a socket") {
  const temp_folder folder;
  auto ends = make_socket_pair();
  running_relay relay(folder, {folder / "out"}, reads(ends.theirs));
  ends.theirs.reset();
  write_all(ends.ours, some_text());
  ends.ours.reset();
  relay.end();
  REQUIRE(difference(read_file(folder / "out"), some_text()) == "");
}

TEST_CASE("stdin that has nothing is no error") {
  const temp_folder folder;
  SECTION("the null device") {
    running_relay relay(folder, {folder / "out"}, {.input = stream::null()});
    REQUIRE(relay.end().lines_read() == 0);
  }
  SECTION("closed") {
    running_relay relay(folder, {folder / "out"}, {.input = stream::closed()});
    REQUIRE(relay.end().lines_read() == 0);
  }
  REQUIRE(read_file(folder / "out").empty());
}

TEST_CASE("stdin that cannot be read stops the start") {
  const temp_folder folder;
  const auto refused = [&](const fd& input, const std::string& why) {
    const auto ended = run({LOGRELAY_PROGRAM, folder / "out"}, reads(input));
    REQUIRE(ended.status == 2);
    REQUIRE_THAT(ended.errors, Catch::Contains(why));
    REQUIRE(names_in(folder.path()).size() == 1);  // what it was given, and no output
  };
  std::filesystem::create_directory(folder / "folder");
  refused(open_file(folder / "folder", O_RDONLY | O_DIRECTORY), "Is a directory");
  std::filesystem::remove(folder / "folder");
  refused(open_file(folder / "written", O_WRONLY | O_CREAT), "open for writing only");
}

// ---- fd:N and fifo: as inputs

TEST_CASE("inherited descriptors of every kind are read at once") {
  const temp_folder folder;
  auto pipe = make_pipe();
  auto socket = make_socket_pair();
  const auto terminal = make_terminal();
  write_file(folder / "in", some_text());
  const auto file = open_file(folder / "in", O_RDONLY);
  running_relay relay(folder,
                      {"-i", "fd:3,name=pipe", "-i", "fd:4,name=socket", "-i", "fd:5,name=file", "-i",
                       "fd:9,name=terminal", folder / "pipe,from=pipe", folder / "socket,from=socket",
                       folder / "file,from=file", folder / "terminal,from=terminal"},
                      {.descriptors = {{3, pipe.reading.get()},
                                       {4, socket.theirs.get()},
                                       {5, file.get()},
                                       {9, terminal.terminal.get()}}});
  pipe.reading.reset();
  socket.theirs.reset();
  write_all(pipe.writing, some_text());
  write_all(socket.ours, some_text());
  write_all(terminal.keyboard, "typed\n\x04");
  pipe.writing.reset();
  socket.ours.reset();
  relay.end();
  for (const std::string each : {"pipe", "socket", "file"}) {
    INFO(each);
    REQUIRE(difference(read_file(folder / each), some_text()) == "");
  }
  REQUIRE(read_file(folder / "terminal") == "typed\n");
}

TEST_CASE("an inherited descriptor that is not there stops the start and is none of our own") {
  const temp_folder folder;
  for (int number = 3; number < 20; ++number) {
    const auto descriptor = "fd:" + std::to_string(number);
    const auto refused = [&](const std::vector<std::string>& words) {
      const auto ended = run(words);
      INFO(descriptor);
      REQUIRE(ended.status == 2);
      REQUIRE_THAT(ended.errors, Catch::Contains("descriptor " + std::to_string(number) + ": Bad file descriptor"));
      REQUIRE(names_in(folder.path()).empty());
    };
    refused({LOGRELAY_PROGRAM, folder / "out", descriptor});
    refused({LOGRELAY_PROGRAM, "-i", descriptor, folder / "out"});
  }
}

TEST_CASE("writers of a FIFO come and go") {
  const temp_folder folder;
  running_relay relay(folder, {"-i", "fifo:" + folder / "in", folder / "out"});
  std::string written;
  for (int writer = 0; writer < 5; ++writer) {
    const auto text = numbered_lines(static_cast<std::uint64_t>(writer) * 100, 100);
    write_all(open_fifo(folder / "in"), text);
    written += text;
    REQUIRE(eventually([&] { return read_file(folder / "out") == written; }));
  }
  REQUIRE(relay->running());
  relay->send(SIGTERM);
  REQUIRE(relay.end().lines_read() == 500);
}

TEST_CASE("a FIFO with until-eof ends with its last writer") {
  const temp_folder folder;
  make_fifo(folder / "in");
  running_relay relay(folder, {"-i", "fifo:" + folder / "in,until-eof=yes", folder / "out"});
  auto one = open_fifo(folder / "in");
  auto two = open_fifo(folder / "in");
  write_all(one, "one\n");
  one.reset();
  write_all(two, "two\n");
  REQUIRE(eventually([&] { return read_if_there(folder / "out") == "one\ntwo\n"; }));
  REQUIRE(relay->running());
  two.reset();
  relay.end();
  REQUIRE(read_file(folder / "out") == "one\ntwo\n");
}

// ---- standard output

TEST_CASE("without an output lines go to standard output") {
  const temp_folder folder;
  running_relay relay(folder, {});
  const auto report = relay.feed(some_text());
  REQUIRE(difference(relay->output(), some_text()) == "");
  REQUIRE(report.output("stdout").delivered() == report.lines_read());
}

TEST_CASE("stdout is a file that others write to as well") {
  const temp_folder folder;
  SECTION("appended to") {
    write_file(folder / "out", "before\n");
    const auto output = open_file(folder / "out", O_WRONLY | O_APPEND);
    running_relay(folder, {"-"}, writes(output)).feed("ours\n");
    write_all(output, "behind\n");
  }
  SECTION("sharing its offset") {
    const auto output = open_file(folder / "out", O_WRONLY | O_CREAT);
    write_all(output, "before\n");
    running_relay(folder, {"-"}, writes(output)).feed("ours\n");
    write_all(output, "behind\n");
  }
  REQUIRE(read_file(folder / "out") == "before\nours\nbehind\n");
}

TEST_CASE("stdout is a terminal") {
  const temp_folder folder;
  auto ends = make_terminal();
  running_relay relay(folder, {"-", folder / "out"}, writes(ends.terminal));
  ends.terminal.reset();
  const pipe_sink screen(std::move(ends.keyboard));
  const auto text = numbered_lines(0, 5000);  // more than a terminal holds at once
  relay.feed(text);
  REQUIRE(eventually([&] { return screen.bytes() >= text.size(); }));
  REQUIRE(difference(screen.text(), text) == "");
}

TEST_CASE("stdout is a socket") {
  const temp_folder folder;
  auto ends = make_socket_pair();
  running_relay relay(folder, {"-"}, writes(ends.theirs));
  ends.theirs.reset();
  const pipe_sink reader(std::move(ends.ours));
  relay.feed(some_text());
  REQUIRE(eventually([&] { return reader.ended(); }));
  REQUIRE(difference(reader.text(), some_text()) == "");
}

TEST_CASE("stdout that is closed stops the start and leaves nothing behind") {
  const temp_folder folder;
  const auto ended = run({LOGRELAY_PROGRAM, folder / "new/out", "-"}, {.output = stream::closed()});
  REQUIRE(ended.status == 2);
  REQUIRE_THAT(ended.errors, Catch::Contains("output 'stdout': unable to write to descriptor 1"));
  REQUIRE(names_in(folder.path()).empty());
}

TEST_CASE("stdout that is closed is no one's business when no output is stdout") {
  const temp_folder folder;
  running_relay relay(folder, {folder / "out"}, {.input = stream::pipe(), .output = stream::closed()});
  relay.feed("line\n");
  REQUIRE(read_file(folder / "out") == "line\n");
}

TEST_CASE("stderr that is closed is no one's business") {
  const temp_folder folder;
  running_relay relay(folder, {folder / "out", "-"}, {.input = stream::pipe(), .error = stream::closed()});
  relay.feed("line\n");
  REQUIRE(read_file(folder / "out") == "line\n");
  REQUIRE(relay->output() == "line\n");
}

TEST_CASE("a stdout whose reader leaves ends quietly and other outputs get everything") {
  const temp_folder folder;
  auto pipe = make_pipe();
  running_relay relay(folder, {"-", folder / "out"}, writes(pipe.writing));
  pipe.writing.reset();
  relay->write(numbered_lines(0, 10));
  {
    const pipe_sink head(std::move(pipe.reading));
    REQUIRE(eventually([&] { return head.bytes() == 200; }));
  }
  const auto report = relay.feed(numbered_lines(10, 100'000));
  REQUIRE(read_sequence(read_file(folder / "out")).is_whole(100'010));
  REQUIRE(report.output("stdout").delivered() == 10);
  REQUIRE(report.output("stdout").filtered() == 100'000);
  REQUIRE(relay->errors() == "");
}

TEST_CASE("a relay whose only output was closed stops with status 0 though its input goes on") {
  const temp_folder folder;
  auto ends = make_socket_pair();
  const bool socket = GENERATE(false, true);
  auto pipe = make_pipe();
  running_relay relay(folder, {"-"}, writes(socket ? ends.theirs : pipe.writing));
  ends.theirs.reset();
  pipe.writing.reset();
  relay->write("first\n");
  {
    const pipe_sink head(std::move(socket ? ends.ours : pipe.reading));
    REQUIRE(eventually([&] { return head.text() == "first\n"; }));
  }
  if (socket) relay->write("second\n");  // a socket's end is noticed when something is written to it
  relay.end();
  REQUIRE(relay->errors() == "");
}

TEST_CASE("head takes one line of a pipeline and the file gets all of them") {
  const temp_folder folder;
  write_file(folder / "in", numbered_lines(0, 200'000));
  const auto ended = run({"sh", "-c", R"("$0" --report report out - < in | head -1)", LOGRELAY_PROGRAM},
                         {.folder = folder.path().string()});
  REQUIRE(ended.errors == "");
  REQUIRE(ended.status == 0);
  REQUIRE(ended.output == numbered_lines(0, 1));
  // Some shells wait for the last command of a pipeline only.
  REQUIRE(eventually([&] { return file_size(folder / "report") > 0; }));
  REQUIRE(read_sequence(read_file(folder / "out")).is_whole(200'000));
  const auto balance = read_report(folder / "report");
  check_balance(balance);
  REQUIRE(balance.exit_status() == 0);
}

// ---- stderr: and fd:N as outputs

TEST_CASE("lines go to standard error and to inherited descriptors of every kind") {
  const temp_folder folder;
  auto pipe = make_pipe();
  auto socket = make_socket_pair();
  const auto file = open_file(folder / "file", O_WRONLY | O_CREAT);
  running_relay relay(folder, {"stderr:", "fd:3", "fd:4", "fd:5"},
                      {.input = stream::pipe(),
                       .descriptors = {{3, pipe.writing.get()}, {4, socket.theirs.get()}, {5, file.get()}}});
  pipe.writing.reset();
  socket.theirs.reset();
  const pipe_sink from_pipe(std::move(pipe.reading));
  const pipe_sink from_socket(std::move(socket.ours));
  relay.feed(some_text());
  REQUIRE(eventually([&] { return from_pipe.ended() && from_socket.ended(); }));
  REQUIRE(difference(relay->errors(), some_text()) == "");
  REQUIRE(difference(from_pipe.text(), some_text()) == "");
  REQUIRE(difference(from_socket.text(), some_text()) == "");
  REQUIRE(difference(read_file(folder / "file"), some_text()) == "");
}

TEST_CASE("an output descriptor that is only read from stops the start") {
  const temp_folder folder;
  auto pipe = make_pipe();
  const auto ended = run({LOGRELAY_PROGRAM, folder / "out", "fd:3"}, {.descriptors = {{3, pipe.reading.get()}}});
  REQUIRE(ended.status == 2);
  REQUIRE(names_in(folder.path()).empty());
}

// ---- another user's pipes

namespace {

/// What a user that owns none of the pipes and terminals needs: a folder to write to and a program to reach.
class other_user {
 public:
  other_user() {
    std::filesystem::permissions(folder_.path(), std::filesystem::perms::all);
    std::filesystem::copy_file(LOGRELAY_PROGRAM, folder_ / "logrelay");
  }
  [[nodiscard]] const temp_folder& folder() const { return folder_; }
  [[nodiscard]] std::vector<std::string> command(const std::vector<std::string>& words) const {
    std::vector<std::string> all{"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                                 folder_ / "logrelay", "--report", folder_ / "report"};
    all.insert(all.end(), words.begin(), words.end());
    return all;
  }
  [[nodiscard]] report end(process& program) const {
    const int status = program.status();
    INFO("it said: " << program.errors());
    REQUIRE(status == 0);
    auto balance = read_report(folder_ / "report");
    check_balance(balance);
    return balance;
  }

 private:
  temp_folder folder_;
};

/// Opening a pipe anew by /proc is refused to another user: only then is there something to test.
bool can_be_another_user() {
  if (::geteuid() != 0) {
    WARN("skipped: only root can start a program as another user");
    return false;
  }
  if (!has("setpriv")) {
    WARN("skipped: setpriv is not installed");
    return false;
  }
  auto pipe = make_pipe();
  const auto opened = run({"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "sh", "-c",
                           ": < /proc/self/fd/3"},
                          {.descriptors = {{3, pipe.reading.get()}}});
  REQUIRE(opened.status != 0);
  return true;
}

}  // namespace

TEST_CASE("another user's pipes are read and written without touching their flags") {
  if (!can_be_another_user()) return;
  const other_user nobody;
  auto in = make_pipe();
  auto out = make_pipe();
  const auto shared_in = fd(::fcntl(in.reading.get(), F_DUPFD_CLOEXEC, 3));
  process relay(nobody.command({"-", nobody.folder() / "out"}),
                {.input = stream::descriptor(in.reading.get()), .output = stream::descriptor(out.writing.get())});
  out.writing.reset();
  const pipe_sink reader(std::move(out.reading), 4'000'000);  // slower than we write
  write_all(in.writing, some_text());
  REQUIRE(eventually([&] { return reader.bytes() > some_text().size() / 2; }));
  REQUIRE((flags_of(shared_in) & O_NONBLOCK) == 0);
  in.writing.reset();
  REQUIRE(nobody.end(relay).lines_read() == count_newlines(some_text()));
  REQUIRE(eventually([&] { return reader.ended(); }));
  REQUIRE(difference(reader.text(), some_text()) == "");
  REQUIRE(difference(read_file(nobody.folder() / "out"), some_text()) == "");
  REQUIRE((flags_of(shared_in) & O_NONBLOCK) == 0);
}

TEST_CASE("another user's stdout pipe that nobody reads holds neither other outputs nor the end") {
  if (!can_be_another_user()) return;
  const other_user nobody;
  auto out = make_pipe();
  process relay(nobody.command({"--drain-timeout=500ms", "-", nobody.folder() / "out"}),
                {.input = stream::pipe(), .output = stream::descriptor(out.writing.get())});
  relay.write(some_text());
  relay.close_input();
  REQUIRE(relay.status() == 1);
  REQUIRE(difference(read_file(nobody.folder() / "out"), some_text()) == "");
  const auto balance = read_report(nobody.folder() / "report");
  check_balance(balance);
  REQUIRE(balance.output("stdout").pending() > 0);
  REQUIRE((flags_of(out.writing) & O_NONBLOCK) == 0);
}

TEST_CASE("another user's pipes that are closed are noticed") {
  if (!can_be_another_user()) return;
  const other_user nobody;
  auto in = make_pipe();
  auto out = make_pipe();
  process relay(nobody.command({"-"}),
                {.input = stream::descriptor(in.reading.get()), .output = stream::descriptor(out.writing.get())});
  out.writing.reset();
  write_all(in.writing, "first\n");
  {
    const pipe_sink head(std::move(out.reading));
    REQUIRE(eventually([&] { return head.text() == "first\n"; }));
  }
  REQUIRE(nobody.end(relay).output("stdout").delivered() == 1);
}

TEST_CASE("another user's terminal is read and written") {
  if (!can_be_another_user()) return;
  const other_user nobody;
  auto ends = make_terminal();
  process relay(nobody.command({"-", nobody.folder() / "out"}),
                {.input = stream::descriptor(ends.terminal.get()), .output = stream::descriptor(ends.terminal.get())});
  const auto flags = flags_of(ends.terminal);
  write_all(ends.keyboard, "typed\n");
  REQUIRE(eventually([&] { return read_if_there(nobody.folder() / "out") == "typed\n"; }));
  REQUIRE(flags_of(ends.terminal) == flags);
  write_all(ends.keyboard, "\x04");
  REQUIRE(nobody.end(relay).output("stdout").delivered() == 1);
}
