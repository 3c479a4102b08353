// Shutdown is truthful (promise 6): what was read is delivered, what is left is told, and nothing hangs.
#include <e2e/running_relay.hpp>
#include <support/lines.hpp>
#include <support/pacer.hpp>
#include <support/pipe_sink.hpp>
#include <support/sink.hpp>
#include <support/sockets.hpp>

#include <fcntl.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

using namespace logrelay;
using namespace logrelay::support;

namespace {

using steady = std::chrono::steady_clock;

/// Ends a test that would else wait for a default deadline: far above what is asserted, far below patience.
constexpr auto soon = 6s;

/// Of a file that rotates, all parts in order.
std::string rotated_text(const temp_folder& folder, const std::string& name) {
  std::string text;
  for (const auto& each : names_in(folder.path()))
    if (each.starts_with(name + ".")) text += read_file(folder / each);
  return text + read_if_there(folder / name);
}

/// Whether the process has seen a signal that was sent to it: a second one of its kind would else melt into it.
bool took(const process& program, int signal) {
  std::ifstream lines("/proc/" + std::to_string(program.id()) + "/status");
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("ShdPnd:")) return (std::stoull(line.substr(7), nullptr, 16) >> (signal - 1) & 1) == 0;
  return true;
}

void send_and_see_taken(const process& program, int signal) {
  program.send(signal);
  REQUIRE(eventually([&] { return took(program, signal); }));
}

// ---- random moments

enum class ending { eof, terminate, interrupt };

/// One relay under load that is ended at a random moment. Two files, one of them rotating, and a reader of its stdout
/// that is sometimes slow.
void end_at_a_random_moment(ending how, std::mt19937& random) {
  const temp_folder folder;
  auto in = make_pipe();
  auto out = make_pipe();
  running_relay relay(folder, {folder / "plain,name=plain", folder / "rotating,rotate=16K,name=rotating", "-"},
                      {.input = stream::descriptor(in.reading.get()), .output = stream::descriptor(out.writing.get())});
  in.reading.reset();
  out.writing.reset();
  const pipe_sink reader(std::move(out.reading), random() % 3 == 0 ? 2'000'000 : pipe_sink::unpaced);
  const std::uint64_t paces[] = {2'000, 20'000, 100'000};
  pacer writer(std::move(in.writing), {.lines = 200'000, .lines_a_second = paces[random() % 3], .length = 20});

  REQUIRE(eventually([&] { return file_size(folder / "plain") > 0; }));  // it runs, and signals do not kill it
  std::this_thread::sleep_for(std::chrono::microseconds(random() % 10'000));  // the random moment
  std::uint64_t before = writer.written_bytes();
  if (how == ending::eof) {
    writer.close();
    before = writer.written_bytes();
  } else {
    relay->send(how == ending::terminate ? SIGTERM : SIGINT);
    if (how == ending::interrupt) {
      std::this_thread::sleep_for(std::chrono::microseconds(random() % 5'000));  // the pipeline goes on for a while
      writer.close();
      before = writer.written_bytes();
    }
  }
  const auto report = relay.end();
  writer.stop();

  // The last line that was read at TERM may be part of one.
  const auto text = read_file(folder / "plain");
  REQUIRE(text.size() >= before);
  const auto sent = numbered_lines(0, text.size() / 20 + 1);
  REQUIRE(difference(std::string_view(text).substr(0, text.size() - 1), sent.substr(0, text.size() - 1)) == "");
  if (how != ending::terminate) REQUIRE(text.size() == before);
  REQUIRE(report.lines_read() == count_newlines(text));
  REQUIRE(difference(rotated_text(folder, "rotating"), text) == "");
  REQUIRE(eventually([&] { return reader.ended(); }));
  REQUIRE(difference(reader.text(), text) == "");
  for (const auto& output : report.outputs()) REQUIRE(output.delivered() == report.lines_read());
  REQUIRE(relay->errors() == "");
}

void end_at_random_moments(ending how, int rounds) {
  const auto seed = std::random_device()();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  for (int round = 0; round < rounds; ++round) {
    INFO("round " << round);
    end_at_a_random_moment(how, random);
  }
}

}  // namespace

TEST_CASE("the end of the input at random moments under load loses nothing") { end_at_random_moments(ending::eof, 70); }
TEST_CASE("TERM at random moments under load loses nothing that was read") {
  end_at_random_moments(ending::terminate, 65);
}
TEST_CASE("INT at random moments under load loses nothing") { end_at_random_moments(ending::interrupt, 65); }

TEST_CASE("TERM under a flood that never pauses stops reading and delivers what was read") {
  const temp_folder folder;
  auto in = make_pipe();
  running_relay relay(folder, {folder / "out"}, {.input = stream::descriptor(in.reading.get())});
  in.reading.reset();
  const auto text = numbered_lines(0, 100'000);
  std::atomic<bool> broken = false;
  std::thread flood([&] {
    try {
      for (;;) write_all(in.writing, text);
    } catch (const std::exception&) {
      broken = true;  // nobody reads any more
    }
  });
  const bool flowing = eventually([&] { return file_size(folder / "out") > text.size(); });
  relay->send(SIGTERM);
  const bool ended = relay->wait(patience).has_value();
  if (!ended) relay->send(SIGKILL);
  flood.join();
  REQUIRE(flowing);
  REQUIRE(ended);
  REQUIRE(broken);
  const auto report = relay.end();
  REQUIRE(report.outputs()[0].delivered() == report.lines_read());
  REQUIRE(count_newlines(read_file(folder / "out")) == report.lines_read());
}

// ---- TERM and INT

TEST_CASE("TERM stops reading a pipe that always has more and delivers what was read") {
  const temp_folder folder;
  auto in = make_pipe();
  auto out = make_pipe();
  running_relay relay(folder, {"-,queue=256K"},
                      {.input = stream::descriptor(in.reading.get()), .output = stream::descriptor(out.writing.get())});
  in.reading.reset();
  out.writing.reset();
  const pipe_sink reader(std::move(out.reading), 2'000'000);
  pacer writer(std::move(in.writing), {.lines = 1'000'000, .lines_a_second = 0, .length = 20});
  REQUIRE(eventually([&] { return writer.waiting() > 10ms; }));
  relay->send(SIGTERM);
  REQUIRE(relay->wait(soon).has_value());
  const auto report = relay.end();
  writer.stop();
  REQUIRE_FALSE(writer.finished());
  REQUIRE(eventually([&] { return reader.ended(); }));
  REQUIRE(count_newlines(reader.text()) == report.lines_read());
  REQUIRE(difference(reader.text(), numbered_lines(0, 1'000'000).substr(0, reader.text().size() - 1) + "\n") == "");
  REQUIRE_THAT(relay->errors(), Catch::StartsWith("logrelay: warning: input 'stdin': about ") &&
                                    Catch::EndsWith(" were ready when there was no more time, and are not read\n"));
}

TEST_CASE("TERM reads what is ready in a pipe whose writer stays") {
  const temp_folder folder;
  running_relay relay(folder, {folder / "out"});
  REQUIRE(eventually([&] { return std::filesystem::exists(folder / "out"); }));
  relay->send(SIGSTOP);
  const auto text = numbered_lines(0, 2000);  // less than any pipe holds
  relay->write(text);
  relay->send(SIGTERM);
  relay->send(SIGCONT);
  relay.end();
  REQUIRE(difference(read_file(folder / "out"), text) == "");
}

TEST_CASE("TERM ends a relay that has nothing but idle sockets at once") {
  const temp_folder folder;
  running_relay relay(folder, {"-i", "tcp://127.0.0.1:0", "-i", "udp://127.0.0.1:0", "-i", "unix:" + folder / "stream",
                               "-i", "unixgram:" + folder / "datagram", "-i", "fifo:" + folder / "fifo",
                               folder / "out"});
  const auto idle = connected_tcp(relay->tcp_port());
  const auto talked = connected_unix(folder / "stream");
  write_all(talked, "line\nunfinished");
  REQUIRE(eventually([&] { return read_if_there(folder / "out") == "line\n"; }));
  relay->send(SIGTERM);
  REQUIRE(relay->wait(soon).has_value());
  REQUIRE(relay.end().lines_read() == 2);
  REQUIRE(read_file(folder / "out") == "line\nunfinished\n");
}

TEST_CASE("INT reads a stdin pipe to its end") {
  const temp_folder folder;
  running_relay relay(folder, {folder / "out"});
  relay->write("before\n");
  REQUIRE(eventually([&] { return read_if_there(folder / "out") == "before\n"; }));
  send_and_see_taken(relay.program(), SIGINT);
  relay->write("after\n");
  REQUIRE(eventually([&] { return read_file(folder / "out") == "before\nafter\n"; }));
  REQUIRE(relay->running());
  relay.feed("last");
  REQUIRE(read_file(folder / "out") == "before\nafter\nlast\n");
}

TEST_CASE("INT waits for a stdin pipe until the deadline and no longer") {
  const temp_folder folder;
  running_relay relay(folder, {"--drain-timeout=500ms", folder / "out"});
  relay->write("line\n");
  REQUIRE(eventually([&] { return file_size(folder / "out") > 0; }));
  relay->send(SIGINT);
  REQUIRE(relay->wait(soon).has_value());
  relay.end();
}

TEST_CASE("INT does not wait for a terminal nor for sockets") {
  const temp_folder folder;
  const auto ends = make_terminal();
  running_relay relay(folder, {"-i", "-", "-i", "unix:" + folder / "socket", folder / "out"},
                      {.input = stream::descriptor(ends.terminal.get())});
  write_all(ends.keyboard, "typed\n");
  const auto socket = connected_unix(folder / "socket");
  write_all(socket, "sent\n");
  REQUIRE(eventually([&] { return file_size(folder / "out") == 11; }));
  relay->send(SIGINT);
  REQUIRE(relay->wait(soon).has_value());
  REQUIRE(relay.end().lines_read() == 2);
}

TEST_CASE("TERM ends the reading of a file") {
  const temp_folder folder;
  write_file(folder / "in", numbered_lines(0, 500'000));
  auto out = make_pipe();
  running_relay relay(folder, {"-,queue=64K"},
                      {.input = stream::file(folder / "in"), .output = stream::descriptor(out.writing.get())});
  out.writing.reset();
  pipe_sink reader(std::move(out.reading), 1'000'000);
  REQUIRE(eventually([&] { return reader.bytes() > 0; }));
  relay->send(SIGTERM);
  REQUIRE(relay->wait(soon).has_value());
  const auto report = relay.end();
  REQUIRE(report.lines_read() < 500'000);
  REQUIRE(eventually([&] { return reader.ended(); }));
  REQUIRE(count_newlines(reader.text()) == report.lines_read());
}

// ---- outputs that hang

namespace {

/// Lines go to a file and to an output that never takes any; `give_up` ends the relay.
template <typename GiveUp>
void hung_output_costs_the_deadline(const std::string& hung, GiveUp give_up) {
  const temp_folder folder;
  running_relay relay(folder, {"--drain-timeout=1s", folder / "out", hung + ",name=hung"});
  const auto text = numbered_lines(0, 50'000, 120);  // more than pipes and sockets hold
  relay->write(text);
  REQUIRE(eventually([&] { return file_size(folder / "out") == text.size(); }));
  const auto began = steady::now();
  give_up(relay);
  REQUIRE(relay->wait(patience).has_value());
  const auto took = steady::now() - began;
  REQUIRE(took >= 900ms);
  REQUIRE(took < soon);
  const auto report = relay.end(1);
  REQUIRE(difference(read_file(folder / "out"), text) == "");
  REQUIRE(report.output("hung").pending() > 0);
  REQUIRE_THAT(relay->errors(), Catch::Contains("output 'hung': ") && Catch::Contains("lines (") &&
                                    Catch::Contains(") not delivered"));
}

void close_its_input(running_relay& relay) { relay->close_input(); }
void terminate(running_relay& relay) { relay->send(SIGTERM); }

}  // namespace

TEST_CASE("a FIFO that nobody reads costs the deadline at the end of the input") {
  const temp_folder folder;
  hung_output_costs_the_deadline("fifo:" + folder / "fifo", close_its_input);
}

TEST_CASE("a FIFO whose reader hangs costs the deadline after TERM") {
  const temp_folder folder;
  make_fifo(folder / "fifo");
  const fd hung(::open((folder / "fifo").c_str(), O_RDWR | O_CLOEXEC));
  hung_output_costs_the_deadline("fifo:" + folder / "fifo", terminate);
}

TEST_CASE("a TCP peer that never reads costs the deadline at the end of the input") {
  const auto hung = stream_sink::tcp({.reads = false, .receive_buffer = 4096});
  hung_output_costs_the_deadline(hung.endpoint(), close_its_input);
}

TEST_CASE("a TCP peer that never reads costs the deadline after TERM") {
  const auto hung = stream_sink::tcp({.reads = false, .receive_buffer = 4096});
  hung_output_costs_the_deadline(hung.endpoint(), terminate);
}

TEST_CASE("a TCP peer that refuses costs the deadline at the end of the input") {
  const auto refusing = stream_sink::tcp({.listens = false});
  hung_output_costs_the_deadline(refusing.endpoint(), close_its_input);
}

TEST_CASE("a command that hangs costs the deadline after TERM") {
  hung_output_costs_the_deadline("exec:exec sleep 600", terminate);
}

TEST_CASE("a write that never returns costs the deadline") {
  // A terminal whose screen nobody reads, opened as a file: the write blocks, and no signal of ours ends it.
  const auto ends = make_terminal();
  std::string path(100, '\0');
  REQUIRE(::ttyname_r(ends.terminal.get(), path.data(), path.size()) == 0);
  path.resize(path.find('\0'));
  SECTION("at the end of the input") { hung_output_costs_the_deadline(path, close_its_input); }
  SECTION("after TERM") { hung_output_costs_the_deadline(path, terminate); }
}

TEST_CASE("an output that is slow and moves is waited for however long it takes") {
  const temp_folder folder;
  auto out = make_pipe();
  running_relay relay(folder, {"--drain-timeout=2s", "-"},
                      {.input = stream::pipe(), .output = stream::descriptor(out.writing.get())});
  out.writing.reset();
  const pipe_sink reader(std::move(out.reading), 400'000);
  const auto text = numbered_lines(0, 60'000);  // three seconds' worth
  relay.feed(text);
  REQUIRE(eventually([&] { return reader.ended(); }));
  REQUIRE(difference(reader.text(), text) == "");
}

TEST_CASE("a second TERM exits at once and says what is left") {
  const temp_folder folder;
  const int second = GENERATE(SIGTERM, SIGINT);
  running_relay relay(folder, {"--drain-timeout=10m", folder / "out", "fifo:" + folder / "fifo,name=hung"});
  const auto text = numbered_lines(0, 1000);
  relay->write(text);
  REQUIRE(eventually([&] { return file_size(folder / "out") == text.size(); }));
  send_and_see_taken(relay.program(), SIGTERM);
  REQUIRE(relay->running());
  relay->send(second);
  REQUIRE(relay->wait(soon).has_value());
  const auto report = relay.end(1);
  REQUIRE(report.output("hung").pending() == 1000);
  REQUIRE_THAT(relay->errors(), Catch::Contains("output 'hung': 1000 lines (19.5 KiB) not delivered"));
  REQUIRE(difference(read_file(folder / "out"), text) == "");
}

TEST_CASE("a second INT ends the wait for a stdin pipe") {
  const temp_folder folder;
  running_relay relay(folder, {"--drain-timeout=10m", folder / "out"});
  relay->write("line\n");
  REQUIRE(eventually([&] { return file_size(folder / "out") > 0; }));
  send_and_see_taken(relay.program(), SIGINT);
  REQUIRE(relay->running());
  relay->send(SIGINT);
  REQUIRE(relay->wait(soon).has_value());
  relay.end();  // nothing is left: all that was read is in the file
}

TEST_CASE("TERM ends a drain that has begun with the end of the input") {
  const temp_folder folder;
  running_relay relay(folder, {folder / "out", "fifo:" + folder / "fifo,name=hung", "--drain-timeout=1s"});
  relay->write("line\n");
  REQUIRE(eventually([&] { return file_size(folder / "out") > 0; }));
  relay->close_input();
  relay->send(SIGTERM);
  REQUIRE(relay->wait(soon).has_value());
  REQUIRE(relay.end(1).output("hung").pending() == 1);
}

// ---- USR1, HUP, ALRM, PIPE

TEST_CASE("USR1 reports to stderr where no file is given") {
  const temp_folder folder;
  process relay({LOGRELAY_PROGRAM, folder / "out", "fifo:" + folder / "fifo,name=waiting"}, {.input = stream::pipe()});
  relay.write("one\ntwo\n");
  REQUIRE(eventually([&] { return file_size(folder / "out") == 8; }));
  relay.send(SIGUSR1);
  const auto json = [&] {
    const auto said = relay.errors();
    const auto begin = said.find('{');
    return begin == std::string::npos ? std::string() : said.substr(begin);
  };
  REQUIRE(eventually([&] { return json().ends_with("}\n"); }));
  const report now(json());
  check_balance(now);
  REQUIRE(now.lines_read() == 2);
  REQUIRE(now.output(folder / "out").delivered() == 2);
  REQUIRE(now.output("waiting").pending() == 2);
  const pipe_sink reader(folder / "fifo");
  relay.close_input();
  REQUIRE(relay.status() == 0);
}

TEST_CASE("USR1 reports to a file whenever it is asked and the balance holds each time") {
  const temp_folder folder;
  auto in = make_pipe();
  auto out = make_pipe();
  running_relay relay(folder, {folder / "out", "-", "null:"},
                      {.input = stream::descriptor(in.reading.get()), .output = stream::descriptor(out.writing.get())});
  in.reading.reset();
  out.writing.reset();
  const pipe_sink reader(std::move(out.reading));
  pacer writer(std::move(in.writing), {.lines = 1'000'000, .lines_a_second = 100'000, .length = 20});
  REQUIRE(eventually([&] { return file_size(folder / "out") > 0; }));
  std::uint64_t read = 0;
  for (int i = 0; i < 50; ++i) {
    const auto now = relay.report_now();
    REQUIRE(now.exit_status() == 0);
    REQUIRE(now.lines_read() >= read);
    read = now.lines_read();
  }
  writer.close();
  const auto report = relay.end();
  REQUIRE(report.lines_read() == writer.written_lines());
  REQUIRE(read_sequence(read_file(folder / "out")).is_whole(writer.written_lines()));
}

TEST_CASE("a report to stderr comes at the end") {
  const temp_folder folder;
  const auto ended = run({"sh", "-c", "echo line | \"$0\" --report - out", LOGRELAY_PROGRAM},
                         {.folder = folder.path().string()});
  REQUIRE(ended.status == 0);
  const report balance(ended.errors);
  check_balance(balance);
  REQUIRE(balance.output("out").delivered() == 1);
}

TEST_CASE("HUP after a rename goes on in a new file") {
  const temp_folder folder;
  running_relay relay(folder, {folder / "out"});
  relay->write("one\n");
  REQUIRE(eventually([&] { return read_if_there(folder / "out") == "one\n"; }));
  std::filesystem::rename(folder / "out", folder / "moved");
  relay->write("two\n");
  REQUIRE(eventually([&] { return read_file(folder / "moved") == "one\ntwo\n"; }));
  relay->send(SIGHUP);
  REQUIRE(eventually([&] { return std::filesystem::exists(folder / "out"); }));
  relay.feed("three\n");
  REQUIRE(read_file(folder / "moved") == "one\ntwo\n");
  REQUIRE(read_file(folder / "out") == "three\n");
  REQUIRE(relay->errors() == "");
}

TEST_CASE("HUP without a rename goes on in the same file") {
  const temp_folder folder;
  running_relay relay(folder, {folder / "out,append=no", "null:"});
  relay->write("one\n");
  REQUIRE(eventually([&] { return read_if_there(folder / "out") == "one\n"; }));
  send_and_see_taken(relay.program(), SIGHUP);
  relay.feed("two\n");
  REQUIRE(read_file(folder / "out") == "one\ntwo\n");
}

TEST_CASE("HUP under nohup opens files anew and ends nothing") {
  const temp_folder folder;
  process relay({"nohup", LOGRELAY_PROGRAM, folder / "out"}, {.input = stream::pipe()});
  relay.write("one\n");
  REQUIRE(eventually([&] { return read_if_there(folder / "out") == "one\n"; }));
  std::filesystem::rename(folder / "out", folder / "moved");
  relay.send(SIGHUP);
  REQUIRE(eventually([&] { return std::filesystem::exists(folder / "out"); }));
  relay.write("two\n");
  relay.close_input();
  REQUIRE(relay.status() == 0);
  REQUIRE(read_file(folder / "moved") == "one\n");
  REQUIRE(read_file(folder / "out") == "two\n");
}

TEST_CASE("renames and HUP under load lose and tear no line") {
  const temp_folder folder;
  auto in = make_pipe();
  running_relay relay(folder, {folder / "out"}, {.input = stream::descriptor(in.reading.get())});
  in.reading.reset();
  pacer writer(std::move(in.writing), {.lines = 1'000'000, .lines_a_second = 200'000, .length = 20});
  std::string moved;
  for (int i = 0; i < 20; ++i) {
    REQUIRE(eventually([&] { return file_size(folder / "out") > 0; }));
    const auto name = folder / std::to_string(i);
    std::filesystem::rename(folder / "out", name);
    relay->send(SIGHUP);
    REQUIRE(eventually([&] { return std::filesystem::exists(folder / "out"); }));
  }
  writer.close();
  relay.end();
  std::string all;
  for (int i = 0; i < 20; ++i) {
    const auto part = read_file(folder / std::to_string(i));
    REQUIRE(part.back() == '\n');
    all += part;
  }
  const auto sequence = read_sequence(all + read_file(folder / "out"));
  INFO(to_string(sequence));
  REQUIRE(sequence.is_whole(writer.written_lines()));
}

TEST_CASE("ALRM rotates a file that is not empty") {
  const temp_folder folder;
  running_relay relay(folder, {folder / "out,keep=2,rotate=1G"});
  for (const std::string line : {"one\n", "two\n", "three\n", "four\n"}) {
    relay->write(line);
    REQUIRE(eventually([&] { return read_if_there(folder / "out") == line; }));
    relay->send(SIGALRM);
    REQUIRE(eventually([&] { return std::filesystem::exists(folder / "out") && file_size(folder / "out") == 0; }));
  }
  send_and_see_taken(relay.program(), SIGALRM);  // an empty one stays
  relay->close_input();
  REQUIRE(relay.end().outputs()[0].count("rotations") == 4);
  REQUIRE(rotated_text(folder, "out") == "three\nfour\n");
  REQUIRE(names_in(folder.path()).size() == 4);  // two rotated ones, the live one, the report
}

TEST_CASE("ALRM under load loses and tears no line") {
  const temp_folder folder;
  auto in = make_pipe();
  running_relay relay(folder, {folder / "out,rotate=100K"}, {.input = stream::descriptor(in.reading.get())});
  in.reading.reset();
  pacer writer(std::move(in.writing), {.lines = 1'000'000, .lines_a_second = 200'000, .length = 20});
  REQUIRE(eventually([&] { return file_size(folder / "out") > 0; }));
  for (int i = 0; i < 20; ++i) send_and_see_taken(relay.program(), SIGALRM);
  writer.close();
  relay.end();
  for (const auto& name : names_in(folder.path())) {
    if (!name.starts_with("out.")) continue;
    REQUIRE(file_size(folder / name) <= 100 << 10);
    REQUIRE(file_size(folder / name) % 20 == 0);
  }
  REQUIRE(read_sequence(rotated_text(folder, "out")).is_whole(writer.written_lines()));
}

TEST_CASE("PIPE is ignored") {
  const temp_folder folder;
  running_relay relay(folder, {folder / "out"});
  relay->write("one\n");
  REQUIRE(eventually([&] { return file_size(folder / "out") > 0; }));
  relay->send(SIGPIPE);
  relay.feed("two\n");
  REQUIRE(read_file(folder / "out") == "one\ntwo\n");
}
