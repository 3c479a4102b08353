#include "relay_program.hpp"

#include <logrelay/error.hpp>

#include <support/eventually.hpp>
#include <support/lines.hpp>
#include <support/no_more_descriptors.hpp>
#include <support/no_more_threads.hpp>
#include <support/sockets.hpp>
#include <support/temp_folder.hpp>

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/socket.h>

namespace logrelay {
namespace {

using namespace support;
using namespace std::string_literals;
using names = std::vector<std::string>;

std::string endpoint(const fd& descriptor) { return "fd:" + std::to_string(descriptor.get()); }

TEST_CASE("lines go from every input to every output and the relay ends with its inputs") {
  const temp_folder folder;
  pipe_ends one = make_pipe(), two = make_pipe();
  program relay({endpoint(one.reading), endpoint(two.reading)}, {folder / "a", folder / "b", "null:"});
  relay.start();
  write_all(one.writing, numbered_lines(0, 1000));
  REQUIRE(relay.until([&] { return relay.out(0).account.delivered.lines == 1000; }));
  write_all(two.writing, numbered_lines(1000, 1000));
  one.writing.reset();
  two.writing.reset();
  CHECK(relay.ends());
  CHECK(relay.status() == 0);
  CHECK(relay.it().losses().empty());
  CHECK(difference(read_file(folder / "a"), numbered_lines(0, 2000)) == "");
  CHECK(difference(read_file(folder / "b"), numbered_lines(0, 2000)) == "");
  for (std::size_t i = 0; i < 3; ++i) CHECK(relay.out(i).account.balances());
  CHECK(relay.in(0).lines + relay.in(1).lines == 2000);
}

TEST_CASE("an output takes the lines of the inputs that it names") {
  const temp_folder folder;
  pipe_ends one = make_pipe(), two = make_pipe();
  program relay({endpoint(one.reading) + ",name=one", endpoint(two.reading) + ",name=two"},
                {folder / "a,from=one", folder / "b"});
  relay.start();
  write_all(one.writing, "1\n");
  write_all(two.writing, "2\n");
  one.writing.reset();
  two.writing.reset();
  REQUIRE(relay.ends());
  CHECK(read_file(folder / "a") == "1\n");
  CHECK(file_size(folder / "b") == 4);
  CHECK(relay.out(0).account.accepted.lines == 1);
}

TEST_CASE("a start that fails names what failed and leaves nothing behind") {
  const temp_folder folder;
  const fd taken = bound_tcp();
  listen_on(taken);
  const auto busy = "tcp://127.0.0.1:" + std::to_string(port_of(taken));
  program relay({"unix:" + folder / "socket", "unixgram:" + folder / "datagrams", "fifo:" + folder / "in", busy},
                {folder / "new/folder/file", "fifo:" + folder / "out"});
  CHECK_THROWS_WITH(relay.start(), "input '" + busy + "': unable to listen on " + busy + ": Address already in use");
  CHECK(names_in(folder.path()).empty());
}

TEST_CASE("an output that cannot be opened ends the start before any input is opened") {
  const temp_folder folder;
  write_file(folder / "file", "");
  program relay({"unix:" + folder / "socket"}, {folder / "a", folder / "file/below"});
  CHECK_THROWS_WITH(relay.start(), Catch::StartsWith("output '" + folder / "file/below" + "': unable to open"));
  CHECK(names_in(folder.path()) == names{"file"});
}

// One of everything that has descriptors or threads of its own.
std::vector<std::string> inputs_in(const temp_folder& folder, const fd& file) {
  return {"tcp://127.0.0.1:0", "udp://127.0.0.1:0", "unix:" + folder / "socket", "tail:" + folder / "*.none,checkpoint=" + folder / "checkpoint", endpoint(file)};
}
std::vector<std::string> outputs_in(const temp_folder& folder) {
  return {folder / "one,rotate=1K,compress=gzip", folder / "two", folder / "three,spool=" + folder / "spool"};
}

TEST_CASE("a start that runs out of descriptors says so and leaves nothing behind, whoever it is that lacks one") {
  const temp_folder outside;
  write_file(outside / "file", "");
  for (int more = 0;; ++more) {
    REQUIRE(more < 200);
    INFO(more << " descriptors are left");
    const temp_folder folder;
    const fd file(::open((outside / "file").c_str(), O_RDONLY | O_CLOEXEC));
    program relay(inputs_in(folder, file), outputs_in(folder));
    try {
      const no_more_descriptors meanwhile(more);
      relay.start();
      break;
    } catch (const error& e) {
      CHECK_THAT(e.what(), Catch::Contains("Too many open files, raise `ulimit -n`"));
      CHECK_THAT(e.what(), Catch::StartsWith("input '") || Catch::StartsWith("output '") || Catch::StartsWith("unable to "));
    }
    CHECK(names_in(folder.path()) == names{});
  }
}

TEST_CASE("a start that fails leaves a checkpoint that another relay has where it is") {
  const temp_folder folder;
  const std::vector<std::string> inputs{"tail:" + folder / "*.log,checkpoint=" + folder / "checkpoint"};
  program first(inputs, {"null:"}), second(inputs, {"null:"});
  first.start();
  CHECK_THROWS_WITH(second.start(), Catch::Contains("unable to use the checkpoint"));
  CHECK(names_in(folder.path()) == names{"checkpoint"});
}

TEST_CASE("a start that gets no thread says for whom and leaves nothing behind") {
  const temp_folder folder;
  write_file(folder / "file", "");
  const fd file(::open((folder / "file").c_str(), O_RDONLY | O_CLOEXEC));
  program relay(inputs_in(folder, file), {folder / "one", folder / "two"});
  {
    const no_more_threads meanwhile;
    CHECK_THROWS_WITH(relay.start(), Catch::StartsWith("output '" + folder / "one" + "': unable to start a thread: "));
  }
  CHECK(names_in(folder.path()) == names{"file"});
}

TEST_CASE("when no output is left the relay stops and that is no loss") {
  const pipe_ends in = make_pipe();
  pipe_ends one = make_pipe(), two = make_pipe();
  program relay({endpoint(in.reading)}, {endpoint(one.writing), endpoint(two.writing)});
  relay.start();
  write_all(in.writing, "line\n");
  REQUIRE(
      relay.until([&] { return relay.out(0).account.delivered.lines + relay.out(1).account.delivered.lines == 2; }));
  one.reading.reset();
  CHECK(relay.goes_on());  // the other one still takes lines
  write_all(in.writing, "more\n");
  REQUIRE(relay.until([&] { return relay.out(1).account.delivered.lines == 2; }));
  two.reading.reset();
  CHECK(relay.ends());
  CHECK(relay.status() == 0);
  CHECK(relay.it().losses().empty());
  CHECK(relay.out(0).account.filtered.lines == 1);
}

TEST_CASE("lines that were dropped or rejected are told and make the status 1") {
  const temp_folder folder;
  pipe_ends in = make_pipe();
  program relay({endpoint(in.reading)},
                {"fifo:" + folder / "fifo,overflow=drop-oldest,queue=4K", "unixgram:" + folder / "socket"},
                {{"drain-timeout", "1s"}});
  const fd receiver = bound_unixgram(folder / "socket");
  relay.start();
  write_all(in.writing, numbered_lines(0, 1000) + equal_lines(1, 900'000));
  in.writing.reset();
  REQUIRE(relay.until([&] {
    char message[64];
    while (::recv(receiver.get(), message, sizeof message, MSG_DONTWAIT) >= 0) {}
    return relay.out(1).account.rejected.lines == 1;
  }));
  relay.clock.pass(2s);
  CHECK(relay.ends());
  CHECK(relay.status() == 1);
  REQUIRE(relay.it().losses().size() == 2);
  CHECK_THAT(relay.it().losses()[0],
             Catch::Contains("dropped, its queue was full") && Catch::Contains("not delivered"));
  CHECK_THAT(relay.it().losses()[1],
             Catch::Contains("1 line (878.9 KiB) rejected") && Catch::Contains("Message too long"));
  CHECK(relay.out(0).account.balances());
  CHECK(relay.out(1).account.balances());
}

TEST_CASE("an input that fails while running makes the status 1 and its lines are delivered") {
  const temp_folder folder;
  std::filesystem::create_directory(folder / "folder");
  const fd memory(::open("/proc/self/mem", O_RDONLY | O_CLOEXEC));  // reading address 0 fails
  program relay({endpoint(memory)}, {folder / "out"});
  relay.start();
  CHECK(relay.ends());
  CHECK(relay.in().failed);
  CHECK(relay.status() == 1);
}

TEST_CASE("the report tells who held an input and for how long") {
  const temp_folder folder;
  pipe_ends in = make_pipe();
  program relay({endpoint(in.reading)}, {"fifo:" + folder / "fifo,queue=4K,name=dead", "null:"});
  relay.start();
  std::thread writer([&] {
    try {
      write_all(in.writing, numbered_lines(0, 100'000));
    } catch (const error&) {  // it is given up
    }
  });
  REQUIRE(relay.until([&] { return relay.out(0).account.accepted.lines > 0; }));
  REQUIRE(relay.until([&] {
    relay.clock.pass(100ms);
    return relay.in().paused_seconds > 1;
  }));
  REQUIRE(relay.in().paused_by.size() == 1);
  CHECK(relay.in().paused_by[0].first == "dead");
  relay.it().stop_now();
  CHECK(relay.ends());
  writer.join();
}

TEST_CASE("files are opened anew and rotated when that is asked for") {
  const temp_folder folder;
  pipe_ends in = make_pipe();
  program relay({endpoint(in.reading)}, {folder / "out"});
  relay.start();
  write_all(in.writing, "one\n");
  REQUIRE(relay.until([&] { return relay.out().account.delivered.lines == 1; }));
  relay.it().rotate();
  REQUIRE(eventually([&] { return names_in(folder.path()).size() == 2; }));
  std::filesystem::rename(folder / "out", folder / "moved");
  relay.it().reopen();
  REQUIRE(eventually([&] { return std::filesystem::exists(folder / "out"); }));
  write_all(in.writing, "two\n");
  in.writing.reset();
  CHECK(relay.ends());
  CHECK(read_file(folder / "out") == "two\n");
  CHECK(relay.out().rotations == 1);
}

TEST_CASE("a running relay can be destroyed in any phase") {
  const temp_folder folder;
  const int phase = GENERATE(0, 1, 2, 3);
  pipe_ends in = make_pipe();
  program relay({endpoint(in.reading), "unix:" + folder / "socket"}, {"fifo:" + folder / "fifo", folder / "out"});
  if (phase > 0) relay.start();
  if (phase > 0) write_all(in.writing, "line\n");
  if (phase == 2) relay.it().stop(stop_kind::terminate);
  if (phase == 3) in.writing.reset();
  if (phase > 1) static_cast<void>(relay.it().step());
  relay.destroy();
  CHECK_FALSE(std::filesystem::exists(folder / "socket"));
}

}  // namespace
}  // namespace logrelay
