// What goes out: connections that break, datagrams, commands, FIFOs and files.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <filesystem>
#include <memory>
#include <support/lines.hpp>
#include <support/pipe_sink.hpp>
#include <support/sink.hpp>

#include "relay_under_test.hpp"

using namespace logrelay;
using namespace logrelay::support;

namespace {

constexpr std::size_t line_bytes = 20;

bool eventually_holds(const std::string& path, const std::string& text) {
  return eventually([&] { return read_if_there(path) == text; });
}

/// The run of lines without a hole that a connection brought, the last of them perhaps torn.
sequence whole_lines(std::string_view text) {
  const auto end = text.rfind('\n');
  return read_sequence(text.substr(0, end == std::string_view::npos ? 0 : end + 1), line_bytes);
}
bool in_one_run(const sequence& lines) { return lines.missing - lines.first + lines.misplaced + lines.foreign == 0; }

unsigned mode_of(const std::string& path) {
  struct stat there {};
  REQUIRE(::stat(path.c_str(), &there) == 0);
  return there.st_mode & 07777;
}

/// Starts a relay that should not start, and hands out what it says behind "logrelay: error: ".
std::string refusal(const temp_folder& folder, const std::vector<std::string>& arguments) {
  std::vector<std::string> command{LOGRELAY_PROGRAM};
  command.insert(command.end(), arguments.begin(), arguments.end());
  const auto refused = run(command, {.folder = folder.path().string()});
  INFO(refused.errors);
  REQUIRE(refused.status == 2);
  const std::string start = "logrelay: error: ";
  REQUIRE_THAT(refused.errors, Catch::StartsWith(start));
  REQUIRE(count_newlines(refused.errors) == 1);
  return refused.errors.substr(start.size(), refused.errors.size() - start.size() - 1);
}

}  // namespace

TEST_CASE("a peer that is not there at the start gets all lines once it is") {
  for (const bool tcp : {true, false}) {
    const temp_folder folder;
    auto sink = tcp ? stream_sink::tcp({.listens = false}) : stream_sink::unix(folder / "s.sock", {.listens = false});
    relay_under_test relay(folder, {sink.endpoint() + ",name=out"});
    const auto text = numbered_lines(0, 1000);
    relay.write(text);
    REQUIRE(eventually([&] { return relay.now().output("out").count("retries") >= 3; }));
    REQUIRE(relay.now().output("out").pending() == 1000);
    sink.listen();
    const auto balance = relay.finish();
    REQUIRE(balance.output("out").delivered() == 1000);
    REQUIRE(eventually([&] { return sink.text() == text; }));
    // Once when it began and once when it was over, however many tries there were.
    REQUIRE(count_newlines(relay.errors()) == 2);
    REQUIRE_THAT(relay.errors(), Catch::Contains("unable to connect") && Catch::Contains("goes on after"));
  }
}

TEST_CASE("a name that cannot be resolved is tried again and does not hold up the end") {
  const temp_folder folder;
  relay_under_test relay(folder, {"tcp://nowhere.invalid:514,name=out", "--drain-timeout=1s"});
  relay.write("line\n");
  REQUIRE(relay.finish(1).output("out").pending() == 1);
  REQUIRE_THAT(relay.errors(), Catch::Contains("unable to connect to tcp://nowhere.invalid:514: "));
}

TEST_CASE("a peer that closes between messages gets the next ones by a new connection") {
  for (const bool tcp : {true, false}) {
    const temp_folder folder;
    auto sink = tcp ? stream_sink::tcp() : stream_sink::unix(folder / "s.sock");
    relay_under_test relay(folder, {sink.endpoint() + ",name=out"});
    for (std::uint64_t round = 0; round < 4; ++round) {
      relay.write(numbered_lines(round * 100, 100));
      REQUIRE(eventually([&] { return sink.bytes() == (round + 1) * 100 * line_bytes; }));
      REQUIRE(eventually([&] { return relay.now().output("out").delivered() == (round + 1) * 100; }));
      sink.hang_up();
      // It notices without writing anything.
      REQUIRE(eventually([&] { return sink.connections() == static_cast<int>(round) + 2; }));
    }
    REQUIRE(relay.finish().output("out").count("retries") == 4);
    REQUIRE(difference(sink.text(), numbered_lines(0, 400)) == "");
  }
}

TEST_CASE("a peer that says something is not listened to and not cut off") {
  const temp_folder folder;
  const auto listener = bound_tcp();
  listen_on(listener);
  relay_under_test relay(folder, {"tcp://127.0.0.1:" + std::to_string(port_of(listener)) + ",name=out"});
  const fd peer(::accept(listener.get(), nullptr, nullptr));
  write_all(peer, real_lines(100'000));
  relay.write("line\n");
  std::string got(5, '\0');
  REQUIRE(::recv(peer.get(), got.data(), got.size(), MSG_WAITALL) == 5);
  REQUIRE(got == "line\n");
  // Nothing unread lies at our end: it closes without a reset.
  const auto balance = relay.finish();
  REQUIRE(balance.output("out").count("retries") == 0);
  REQUIRE(::recv(peer.get(), got.data(), got.size(), 0) == 0);
}

TEST_CASE("a TCP peer that stalls and breaks off gets what its kernel had not acknowledged from a line's start") {
  const temp_folder folder;
  auto sink = stream_sink::tcp({.reads = false, .receive_buffer = 16 * 1024});
  relay_under_test relay(folder, {sink.endpoint() + ",name=out"});
  constexpr std::uint64_t count = 200'000;
  relay.write(numbered_lines(0, count));
  // Until the window is full, in mid-line or not, and has been for longer than the relay goes without looking.
  std::uint64_t acked = 0;
  REQUIRE(eventually([&] {
    const auto out = relay.now().output("out");
    const auto before = std::exchange(acked, out.delivered());
    std::this_thread::sleep_for(600ms);
    return acked > 0 && acked == before && out.accepted() == count;
  }));
  sink.hang_up();  // unread: a reset
  sink.start_reading();
  const auto balance = relay.finish();
  REQUIRE(balance.output("out").delivered() == count);
  REQUIRE(eventually([&] { return sink.connections() == 2 && sink.texts()[1].ends_with("x\n"); }));
  const auto again = read_sequence(sink.texts()[1], line_bytes);
  INFO(to_string(again));
  REQUIRE(again.first == acked);
  REQUIRE(again.last == count - 1);
  REQUIRE(in_one_run(again));
}

TEST_CASE("a unix peer that breaks off in mid-line gets that line again and nothing is lost") {
  const temp_folder folder;
  constexpr std::uint64_t count = 5000;
  auto sink = stream_sink::unix(folder / "s.sock", {.close_after = 1234 * line_bytes + 7, .connections = 2});
  relay_under_test relay(folder, {sink.endpoint() + ",name=out"});
  relay.write(numbered_lines(0, count));
  REQUIRE(relay.finish().output("out").delivered() == count);
  const auto texts = sink.texts();
  REQUIRE(texts.size() == 3);
  std::uint64_t expected = 0;
  for (const auto& text : texts) {
    const auto lines = whole_lines(text);
    INFO(to_string(lines));
    REQUIRE(in_one_run(lines));
    REQUIRE(lines.first <= expected);  // doubled, perhaps, but never jumped over
    expected = lines.last + 1;
  }
  REQUIRE(expected == count);
}

TEST_CASE("a peer that is restarted again and again gets every line") {
  const temp_folder folder;
  constexpr std::uint64_t count = 30'000;
  std::unique_ptr<stream_sink> sink;
  std::vector<std::string> came;
  relay_under_test relay(folder, {"unix:s.sock,name=out"});
  for (std::uint64_t round = 0; round < 6; ++round) {
    std::filesystem::remove(folder / "s.sock");
    sink.reset(new stream_sink(stream_sink::unix(folder / "s.sock")));
    relay.write(numbered_lines(round * 5000, 5000));
    // At whatever place it is by then.
    REQUIRE(eventually([&] { return sink->bytes() > 1000; }));
    if (round == 5) break;
    const auto texts = sink->texts();
    sink.reset();
    came.insert(came.end(), texts.begin(), texts.end());
  }
  REQUIRE(relay.finish().output("out").delivered() == count);
  for (const auto& text : sink->texts()) came.push_back(text);
  std::uint64_t expected = 0;
  for (const auto& text : came) {
    const auto lines = whole_lines(text);
    if (lines.lines == 0) continue;
    INFO(to_string(lines));
    REQUIRE(in_one_run(lines));
    REQUIRE(lines.first <= expected);
    expected = std::max(expected, lines.last + 1);
  }
  REQUIRE(expected == count);
}

TEST_CASE("a connection takes the framing that it is given") {
  const temp_folder folder;
  auto newline = stream_sink::tcp(), nul = stream_sink::unix(folder / "nul.sock"),
       octet = stream_sink::tcp({}, family::ipv6);
  relay_under_test relay(folder, {"-i", "-,framing=nul", newline.endpoint(), nul.endpoint() + ",framing=nul",
                                  octet.endpoint() + ",framing=octet"});
  relay.write(std::string("one\0two\nlines\0\0", 15));
  relay.finish();
  REQUIRE(eventually([&] { return newline.text() == "one\ntwo\\nlines\n\n"; }));
  REQUIRE(eventually([&] { return nul.text() == std::string("one\0two\nlines\0\0", 15); }));
  REQUIRE(eventually([&] { return octet.text() == "3 one9 two\nlines0 "; }));
}

TEST_CASE("UDP and unix datagrams carry a line each without its newline") {
  const temp_folder folder;
  auto udp = datagram_sink::udp(), udp6 = datagram_sink::udp(family::ipv6),
       gram = datagram_sink::unixgram(folder / "g.sock");
  relay_under_test relay(folder, {udp.endpoint() + ",name=udp", udp6.endpoint(), gram.endpoint() + ",name=gram"});
  const std::string large(60'000, 'z');
  relay.write("one\n\nthree\r\n" + large + "\nlast");
  const auto balance = relay.finish();
  REQUIRE(balance.output("udp").delivered() == 5);
  const std::vector<std::string> wanted{"one", "", "three\r", large, "last"};
  for (const auto* each : {&udp, &udp6, &gram}) REQUIRE(eventually([&] { return each->messages() == wanted; }));
}

TEST_CASE("a line that is too long for a datagram is rejected and the next ones go on") {
  const temp_folder folder;
  auto udp = datagram_sink::udp();
  relay_under_test relay(folder, {udp.endpoint() + ",name=out", "all.log"});
  const std::string large(65'508, 'z');  // one byte more than IPv4 takes
  relay.write("before\n" + large + "\n" + large.substr(1) + "\nafter\n");
  const auto balance = relay.finish(1);
  REQUIRE(balance.output("out").rejected() == 1);
  REQUIRE(balance.output("out").count("rejected_bytes") == large.size() + 1);
  REQUIRE(balance.output("out").delivered() == 3);
  REQUIRE(balance.output("all.log").delivered() == 4);
  REQUIRE_THAT(relay.errors(),
               Catch::Contains("output 'out': 1 line (64.0 KiB) rejected") && Catch::Contains("Message too long"));
  const std::vector<std::string> wanted{"before", large.substr(1), "after"};
  REQUIRE(eventually([&] { return udp.messages() == wanted; }));
}

TEST_CASE("a UDP peer that comes late gets every line") {
  const temp_folder folder;
  auto sink = datagram_sink::late_udp();
  relay_under_test relay(folder, {sink.endpoint() + ",name=out"});
  // Few enough for the receiver's buffer, however late it is to read.
  const auto text = numbered_lines(0, 100);
  relay.write(text);
  REQUIRE(eventually([&] { return relay.now().output("out").count("retries") >= 2; }));
  REQUIRE(relay.now().output("out").pending() == 100);
  sink.listen();
  REQUIRE(relay.finish().output("out").delivered() == 100);
  REQUIRE(eventually([&] { return sink.count() == 100; }));
  REQUIRE(sink.messages() == split_lines(text));
}

TEST_CASE("a unix datagram socket may come late and go for a while") {
  const temp_folder folder;
  relay_under_test relay(folder, {"unixgram:g.sock,name=out"});
  relay.write(numbered_lines(0, 300));
  REQUIRE(eventually([&] { return relay.now().output("out").count("retries") >= 2; }));
  std::unique_ptr<datagram_sink> sink(new datagram_sink(datagram_sink::unixgram(folder / "g.sock")));
  REQUIRE(eventually([&] { return sink->count() == 300; }));
  auto came = sink->messages();
  sink.reset();
  relay.write(numbered_lines(300, 300));
  REQUIRE(eventually([&] { return relay.now().output("out").count("retries") >= 4; }));
  std::filesystem::remove(folder / "g.sock");
  sink.reset(new datagram_sink(datagram_sink::unixgram(folder / "g.sock")));
  REQUIRE(relay.finish().output("out").delivered() == 600);
  REQUIRE(eventually([&] { return sink->count() == 300; }));
  for (auto& each : sink->messages()) came.push_back(each);
  REQUIRE(came == split_lines(numbered_lines(0, 600)));
}

TEST_CASE("a unix datagram reader that is slow loses nothing") {
  const temp_folder folder;
  auto receiver = bound_unixgram(folder / "g.sock");
  relay_under_test relay(folder, {"unixgram:g.sock,name=out"});
  relay.write(numbered_lines(0, 3000));
  // Its backlog is full long before.
  REQUIRE(eventually([&] { return relay.now().output("out").delivered() > 0; }));
  REQUIRE(relay.now().output("out").pending() > 1000);
  std::string came;
  for (int i = 0; i < 3000; ++i) {
    std::string message(100, '\0');
    const auto n = ::recv(receiver.get(), message.data(), message.size(), 0);
    came += message.substr(0, static_cast<std::size_t>(n)) + "\n";
  }
  REQUIRE(relay.finish().output("out").delivered() == 3000);
  REQUIRE(difference(came, numbered_lines(0, 3000)) == "");
}

TEST_CASE("a command gets the lines on its stdin and has our stdout") {
  const temp_folder folder;
  relay_under_test relay(folder, {"exec:tee copy.log,name=out", "all.log"});
  const auto text = numbered_lines(0, 50'000);
  relay.write(text);
  REQUIRE(relay.finish().output("out").delivered() == 50'000);
  REQUIRE(difference(relay.output(), text) == "");
  REQUIRE(difference(read_file(folder / "copy.log"), text) == "");
  REQUIRE(relay.errors().empty());
}

TEST_CASE("a command that ends is run again and nothing is lost") {
  const temp_folder folder;
  // Each takes three lines, byte by byte as the shell's read does, and ends.
  relay_under_test relay(folder,
                         {"exec:for i in 1 2 3; do read -r line || break; echo \"$line\" >>out.log; done,name=out"});
  relay.write(numbered_lines(0, 12));
  REQUIRE(eventually_holds(folder / "out.log", numbered_lines(0, 12)));
  relay.write(numbered_lines(12, 1));
  REQUIRE(relay.finish().output("out").count("retries") >= 3);
  REQUIRE(read_file(folder / "out.log") == numbered_lines(0, 13));
  REQUIRE_THAT(relay.errors(), Catch::Contains("output 'out': ") && Catch::Contains("retrying in"));
}

TEST_CASE("a command that dies within a line gets that line again") {
  const temp_folder folder;
  // The first one takes a line and a half, and is killed.
  relay_under_test relay(folder, {"exec:if [ -e began ]; then cat >rest.log; else touch began; head -c 30 >first.log; "
                                  "kill -KILL $$; fi,name=out"});
  relay.write("0123456789 123456789\n0123456789 123456789\nlast\n");
  const auto balance = relay.finish();
  REQUIRE(balance.output("out").delivered() == 3);
  // Its input may be closed a moment before it has ended.
  REQUIRE_THAT(relay.errors(), Catch::Contains("was ended by signal 9; ") || Catch::Contains("has closed its input; "));
  // head(1) may read more than it was asked for: what it took of whole lines counts as delivered.
  const auto rest = read_file(folder / "rest.log");
  REQUIRE((rest == "0123456789 123456789\nlast\n" || rest == "last\n" || rest.empty()));
}

TEST_CASE("a command that fails at the end is told of") {
  const temp_folder folder;
  relay_under_test relay(folder, {"exec:cat >/dev/null; exit 3,name=out"});
  relay.write("line\n");
  REQUIRE(relay.finish().output("out").delivered() == 1);
  REQUIRE(relay.errors() == "logrelay: warning: output 'out': 'cat >/dev/null; exit 3' ended with status 3\n");
}

TEST_CASE("a command that does not end costs the drain timeout and is not killed") {
  const temp_folder folder;
  relay_under_test relay(
      folder, {"exec:echo $$ >pid; cat >out.log; read -r forever <never.fifo,name=out", "--drain-timeout=500ms"});
  make_fifo(folder / "never.fifo");
  relay.write("line\n");
  REQUIRE(eventually_holds(folder / "out.log", "line\n"));
  relay.finish();  // its line is delivered
  const auto command = static_cast<pid_t>(std::stol(read_file(folder / "pid")));
  REQUIRE(::kill(command, 0) == 0);
  REQUIRE_THAT(relay.errors(), Catch::Contains("still runs"));
  ::kill(command, SIGKILL);
}

TEST_CASE("a FIFO's reader may come late and leave and come back") {
  const temp_folder folder;
  relay_under_test relay(folder, {"fifo:out.fifo,name=out,mode=0640"});
  relay.write(numbered_lines(0, 1000));
  REQUIRE(eventually([&] { return relay.now().output("out").pending() == 1000; }));
  REQUIRE(mode_of(folder / "out.fifo") == 0640);
  std::string came;
  {
    const pipe_sink reader(folder / "out.fifo");
    REQUIRE(eventually([&] { return reader.bytes() == 1000 * line_bytes; }));
    REQUIRE(eventually([&] { return relay.now().output("out").delivered() == 1000; }));
    came = reader.text();
  }
  relay.write(numbered_lines(1000, 1000));
  REQUIRE(eventually([&] { return relay.now().output("out").accepted() == 2000; }));
  const pipe_sink reader(folder / "out.fifo");
  REQUIRE(relay.finish().output("out").delivered() == 2000);  // which waits until all is read
  REQUIRE(eventually([&] { return reader.bytes() == 1000 * line_bytes; }));
  REQUIRE(difference(came + reader.text(), numbered_lines(0, 2000)) == "");
}

TEST_CASE("a FIFO that nobody reads at the end costs the drain timeout and its lines are told of") {
  const temp_folder folder;
  relay_under_test relay(folder, {"fifo:out.fifo,name=out", "--drain-timeout=300ms"});
  relay.write("line\n");
  REQUIRE(relay.finish(1).output("out").pending() == 1);
  REQUIRE_THAT(relay.errors(), Catch::Contains("logrelay: error: output 'out': 1 line (5 B) not delivered"));
}

TEST_CASE("a path that is no FIFO is refused as one") {
  const temp_folder folder;
  write_file(folder / "file", "kept\n");
  REQUIRE(refusal(folder, {"fifo:file"}) ==
          "output 'fifo:file': unable to open file as a FIFO: it is none; write a file as file");
  REQUIRE(read_file(folder / "file") == "kept\n");
}

TEST_CASE("a file is appended to or emptied and a torn last line of it is ended") {
  const temp_folder folder;
  for (const std::string name : {"added", "emptied", "torn"})
    write_file(folder / name, name == "torn" ? "half a line" : "before\n");
  relay_under_test relay(folder, {"added,append=yes", "emptied,append=no", "torn", "new"});
  relay.write("line\n");
  relay.finish();
  REQUIRE(read_file(folder / "added") == "before\nline\n");
  REQUIRE(read_file(folder / "emptied") == "line\n");
  REQUIRE(read_file(folder / "torn") == "half a line\nline\n");
  REQUIRE(read_file(folder / "new") == "line\n");
}

TEST_CASE("a file and the folders above it are made with the mode that was asked for") {
  const temp_folder folder;
  relay_under_test relay(folder, {"a/b/c.log,mode=0604", "file:d/e.log", folder / "f/g.log"});
  relay.write("line\n");
  relay.finish();
  for (const std::string name : {"a/b/c.log", "d/e.log", "f/g.log"}) REQUIRE(read_file(folder / name) == "line\n");
  REQUIRE(mode_of(folder / "a/b/c.log") == 0604);
}

TEST_CASE("a file without lines is made all the same") {
  const temp_folder folder;
  relay_under_test relay(folder, {"empty.log"});
  REQUIRE(relay.finish().output("empty.log").accepted() == 0);
  REQUIRE(names_in(folder.path()) == std::vector<std::string>{"empty.log", "report.json"});
}

TEST_CASE("a file rotates between lines and keeps as many as it should") {
  const temp_folder folder;
  constexpr std::uint64_t size = 10'000;
  relay_under_test relay(folder, {"kept/app.log,rotate=10000,keep=3", "all/app.log,rotate=10000"});
  write_file(folder / "kept/app.log.20000101T000000.000000Z.old", "not ours\n");
  write_file(folder / "kept/app.log.1", "not ours\n");
  std::string text;
  for (std::size_t i = 0; i < 900; ++i) text += numbered_lines(i, 1, 20 + i % 180);
  relay.write(text);
  const auto balance = relay.finish();
  REQUIRE(balance.output("kept/app.log").count("rotations") == balance.output("all/app.log").count("rotations"));

  const auto parts = [&](const std::string& in) {
    std::vector<std::string> found;
    for (const auto& name : names_in(folder / in)) {
      if (name.ends_with("Z") && name.size() == std::string("app.log.20261122T140501.123456Z").size())
        found.push_back(folder / (in + "/" + name));
    }
    found.push_back(folder / (in + "/app.log"));
    return found;
  };
  std::string all;
  for (const auto& path : parts("all")) {
    INFO(path);
    const auto part = read_file(path);
    REQUIRE(part.size() <= size);
    if (!path.ends_with("app.log")) REQUIRE(part.size() > size - 200);
    REQUIRE(part.ends_with("\n"));
    all += part;
  }
  REQUIRE(difference(all, text) == "");
  REQUIRE(parts("kept").size() == 4);
  REQUIRE(names_in(folder / "kept").size() == 6);
  std::string kept;
  for (const auto& path : parts("kept")) kept += read_file(path);
  REQUIRE(difference(kept, text.substr(text.size() - kept.size())) == "");
}

TEST_CASE("a line that is longer than a rotated file has one of its own") {
  const temp_folder folder;
  relay_under_test relay(folder, {"app.log,rotate=100", "-i", "-"});
  const std::string large(5000, 'l');
  relay.write("one\n" + large + "\nthree\n");
  REQUIRE(relay.finish().output("app.log").count("rotations") == 2);
  const auto names = names_in(folder.path());
  REQUIRE(names.size() == 4);
  REQUIRE(names[0] == "app.log");
  REQUIRE(read_file(folder / names[0]) == "three\n");
  REQUIRE(read_file(folder / names[1]) == "one\n");
  REQUIRE(read_file(folder / names[2]) == large + "\n");
}

TEST_CASE("devices are written to as files") {
  const temp_folder folder;
  relay_under_test relay(folder, {"/dev/null,append=no,rotate=10,name=two", "file:/dev/zero"});
  relay.write(numbered_lines(0, 1000));
  const auto balance = relay.finish();
  REQUIRE(balance.output("two").delivered() == 1000);
  REQUIRE(balance.output("two").count("rotations") == 0);
  REQUIRE(std::filesystem::is_character_file("/dev/null"));
}

TEST_CASE("what is no file is refused as one with the way to write it") {
  const temp_folder folder;
  make_fifo(folder / "pipe");
  std::filesystem::create_directory(folder / "sub");
  const auto socket = bound_unix(folder / "s.sock");
  write_file(folder / "file", "");
  REQUIRE(refusal(folder, {"pipe"}) == "output 'pipe': unable to open pipe: it is a FIFO; write it as fifo:pipe");
  REQUIRE(refusal(folder, {"sub"}) == "output 'sub': unable to open sub: Is a directory");
  REQUIRE_THAT(refusal(folder, {"s.sock"}), Catch::StartsWith("output 's.sock': unable to open s.sock: "));
  REQUIRE(refusal(folder, {"file/in.log"}) == "output 'file/in.log': unable to open file/in.log: Not a directory");
  REQUIRE(names_in(folder.path()) == std::vector<std::string>{"file", "pipe", "s.sock", "sub"});
}

TEST_CASE("a second relay on the same file is refused and told who holds it") {
  const temp_folder folder;
  relay_under_test first(folder, {"app.log"});
  first.write("first\n");
  REQUIRE(eventually_holds(folder / "app.log", "first\n"));
  std::filesystem::create_hard_link(folder / "app.log", folder / "other.log");
  for (const std::string path : {"app.log", "./app.log", "other.log"}) {
    const auto why = refusal(folder, {path + ",append=no", "new.log"});
    REQUIRE_THAT(why, Catch::StartsWith("output '" + path + "': unable to open " + path + ": ") &&
                          Catch::Contains(std::to_string(first.id())) && Catch::Contains("holds it"));
  }
  REQUIRE_FALSE(std::filesystem::exists(folder / "new.log"));
  first.write("second\n");
  first.finish();
  REQUIRE(read_file(folder / "app.log") == "first\nsecond\n");
  // And free again.
  relay_under_test next(folder, {"app.log"});
  next.write("third\n");
  next.finish();
  REQUIRE(read_file(folder / "app.log") == "first\nsecond\nthird\n");
}

TEST_CASE("the same file by two names is refused within one relay") {
  const temp_folder folder;
  write_file(folder / "app.log", "kept\n");
  std::filesystem::create_symlink("app.log", folder / "link.log");
  refusal(folder, {"app.log,append=no", "link.log"});
  REQUIRE(read_file(folder / "app.log") == "kept\n");
}

TEST_CASE("nowhere takes everything") {
  const temp_folder folder;
  relay_under_test relay(folder, {"null:"});
  const auto text = real_lines(4 << 20);
  relay.write(text);
  const auto nowhere = relay.finish().output("null:");
  REQUIRE(nowhere.delivered() == count_newlines(text));
  REQUIRE(nowhere.count("delivered_bytes") == text.size());
}

TEST_CASE("files by the dozen and every other kind get the same lines at once") {
  const temp_folder folder;
  auto tcp = stream_sink::tcp(), unix = stream_sink::unix(folder / "s.sock");
  std::vector<std::string> arguments{tcp.endpoint(), unix.endpoint(), "exec:cat >exec.log", "-", "stderr:"};
  for (int i = 0; i < 12; ++i) arguments.push_back(std::to_string(i) + ".log");
  relay_under_test relay(folder, arguments);
  const auto text = real_lines(1 << 20);
  relay.write(text);
  relay.finish();
  for (int i = 0; i < 12; ++i) REQUIRE(difference(read_file(folder / (std::to_string(i) + ".log")), text) == "");
  REQUIRE(difference(read_file(folder / "exec.log"), text) == "");
  REQUIRE(difference(relay.output(), text) == "");
  REQUIRE(difference(relay.errors(), text) == "");
  REQUIRE(eventually([&] { return tcp.bytes() == text.size() && unix.bytes() == text.size(); }));
  REQUIRE(difference(tcp.text(), text) == "");
  REQUIRE(difference(unix.text(), text) == "");
}
