#include <support/lines.hpp>
#include <support/reading.hpp>
#include <support/sockets.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <thread>

namespace logrelay {
namespace {

using namespace support;

TEST_CASE("a stream that never pauses does not keep others from being read") {
  reading in("tcp://127.0.0.1:0");
  in.start();
  const fd firehose = connected_tcp(in.port());
  std::atomic<bool> other_has_written = false;
  std::thread writer([&] {
    const auto text = equal_lines(1000, 100);
    while (!other_has_written) write_all(firehose, text);
    for (int i = 0; i < 200; ++i) write_all(firehose, text);  // many turns
  });
  REQUIRE(eventually([&] { return in.in().counters.lines > 10'000; }));
  const fd other = connected_tcp(in.port());
  write_all(other, "small\n");
  other_has_written = true;
  writer.join();
  REQUIRE(eventually([&] { return in.in().counters.lines % 1000 == 1; }));
  const auto lines = in.lines();
  const auto small = std::find_if(lines.begin(), lines.end(), [](const auto& each) { return each.text == "small"; });
  CHECK(lines.end() - small > 100'000);
}

TEST_CASE("a stream that never pauses ends when it is given up at the latest") {
  const pipe_ends pipe = make_pipe();
  reading in("fd:" + std::to_string(pipe.reading.get()));
  in.start();
  std::thread writer([&] {
    const auto text = equal_lines(1000, 100);
    try {
      for (;;) write_all(pipe.writing, text);
    } catch (const std::exception&) {  // nobody reads any more
    }
  });
  REQUIRE(eventually([&] { return in.in().counters.lines > 10'000; }));
  in.stop();
  in.stop_now();
  CHECK(in.ends());
  writer.join();
  CHECK(in.account().accepted.lines == in.in().counters.lines);
}

TEST_CASE("how much a stream has ready when it is given up is known") {
  const pipe_ends pipe = make_pipe();
  queue_rules small;
  small.capacity_bytes = 1024;
  small.when_full = overflow::block;
  reading in("fd:" + std::to_string(pipe.reading.get()), small);
  write_all(pipe.writing, equal_lines(100, 100));
  in.start();
  REQUIRE(eventually([&] { return in.held(); }));
  in.stop_now();
  CHECK(in.ends());
  CHECK(in.in().left_behind + in.in().counters.bytes == 10'001);  // one line was cut in two
}

TEST_CASE("each stream is framed as its input says") {
  const auto [options, sent, came] = GENERATE(table<std::string, std::string, std::string>({
      {"", "a\nb\n", "a\nb\n"},
      {",framing=nul", std::string("a\nx\0b\0", 6), "a\nx\nb\n"},
      {",framing=octet", "3 a\nx1 b", "a\nx\nb\n"},
      {",max-line=2", "abcde\n", "ab\ncd\ne\n"},
      {",max-line=2,max-line-action=truncate", "abcde\nf\n", "ab\nf\n"},
      {",max-line=2,max-line-action=drop", "abcde\nf\n", "f\n"},
  }));
  pipe_ends pipe = make_pipe();
  reading in("fd:" + std::to_string(pipe.reading.get()) + options);
  in.start();
  for (const char each : sent) write_all(pipe.writing, std::string(1, each));
  pipe.writing.reset();
  CHECK(in.ends());
  CHECK(in.text() == came);
}

}  // namespace
}  // namespace logrelay
