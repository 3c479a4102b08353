#include <support/reading.hpp>
#include <support/sending.hpp>
#include <support/sockets.hpp>
#include <support/temp_folder.hpp>

#include <catch2/catch.hpp>

#include <fcntl.h>

namespace logrelay {
namespace {

using namespace support;

std::string endpoint(const pipe_ends& pipe) { return "fd:" + std::to_string(pipe.reading.get()); }

TEST_CASE("the reader is done when its last input has ended") {
  const temp_folder folder;
  write_file(folder / "file", "of a file\n");
  const fd file(::open((folder / "file").c_str(), O_RDONLY | O_CLOEXEC));
  pipe_ends first = make_pipe(), second = make_pipe();
  reading in({endpoint(first), endpoint(second), "fd:" + std::to_string(file.get())});
  in.start();
  write_all(first.writing, "first\n");
  first.writing.reset();
  REQUIRE(in.comes_lines(2));
  CHECK(in.times_done() == 0);
  write_all(second.writing, "second\n");
  second.writing.reset();
  CHECK(in.ends());
  CHECK(in.lines().size() == 3);
  CHECK(in.times_done() == 1);
}

TEST_CASE("a stop reaches every input and lines say which one they came from") {
  const pipe_ends first = make_pipe();
  reading in({endpoint(first), "udp://127.0.0.1:0", "tcp://127.0.0.1:0"});
  in.start();
  const fd datagrams = connected_udp(in.port(1)), stream = connected_tcp(in.port(2));
  write_all(first.writing, "0");
  send_datagram(datagrams, "1");
  write_all(stream, "2");
  REQUIRE(in.comes_lines(1));
  REQUIRE(eventually([&] { return in.in(2).connections == 1; }));
  in.stop();
  REQUIRE(in.ends());
  REQUIRE(in.lines().size() == 3);
  for (const auto& each : in.lines()) CHECK(each.text == std::to_string(each.input));
}

TEST_CASE("a reader that is given up or stopped or destroyed in any order ends") {
  const pipe_ends pipe = make_pipe();
  const int order = GENERATE(0, 1, 2, 3);
  reading in({endpoint(pipe), "tcp://127.0.0.1:0"});
  in.start();
  if (order == 1) in.stop_now();
  if (order >= 2) in.stop();
  if (order == 3) in.stop_now();
  if (order > 0) CHECK(in.ends());
  CHECK(in.times_done() <= 1);
}

TEST_CASE("a reader that never started can be destroyed") {
  const pipe_ends pipe = make_pipe();
  reading in({endpoint(pipe), "tcp://127.0.0.1:0"});
  CHECK(in.times_done() == 0);
}

TEST_CASE("an input that nobody writes to costs nothing") {
  const pipe_ends pipe = make_pipe();
  reading in({endpoint(pipe), "tcp://127.0.0.1:0", "udp://127.0.0.1:0"});
  in.start();
  const fd idle = connected_tcp(in.port(1));
  REQUIRE(eventually([&] { return in.in(1).connections == 1; }));
  CHECK(eventually([] { return cost_of_idling() < 20ms; }));
}

}  // namespace
}  // namespace logrelay
