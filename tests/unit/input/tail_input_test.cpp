// A tail of a relay that is reloaded: whatever else changes, each line comes once.
#include "../relay_program.hpp"

#include <logrelay/input/tail/checkpoint.hpp>

#include <support/lines.hpp>
#include <support/pipe_sink.hpp>
#include <support/sockets.hpp>
#include <support/temp_folder.hpp>

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

namespace logrelay {
namespace {

using namespace support;
using names = std::vector<std::string>;

/// A file that somebody writes, and a relay of it to a file and, where asked for, to a FIFO that nobody reads yet.
struct tailed {
  explicit tailed(bool with_fifo) {
    if (!with_fifo) return;
    REQUIRE(::mkfifo((folder / "fifo").c_str(), 0600) == 0);
    outputs.push_back("fifo:" + folder / "fifo");
  }
  [[nodiscard]] names input(const std::string& more = "", const std::string& checkpoint = "checkpoint") const {
    return {"tail:" + folder / "app.log" + ",name=in,checkpoint=" + folder / checkpoint + more};
  }
  void write(std::uint64_t count) {
    std::ofstream(folder / "app.log", std::ios::app) << numbered_lines(written, count);
    written += count;
  }
  void rotate() { std::filesystem::rename(folder / "app.log", folder / ("app.log-" + std::to_string(20'000'000 + ++rotated))); }
  [[nodiscard]] sequence delivered() const { return read_sequence(read_if_there(folder / "out")); }
  /// Up to where the checkpoint has the file settled.
  [[nodiscard]] std::uint64_t settled(const std::string& checkpoint = "checkpoint") const {
    const auto all = parse_checkpoint(read_if_there(folder / checkpoint));
    return all && !all->empty() ? all->front().offset : 0;
  }

  const temp_folder folder;
  names outputs{folder / "out"};
  std::uint64_t written = 0, rotated = 0;
};

TEST_CASE("a tail with other options goes on where it has read to though not all of it is delivered") {
  tailed it(true);
  const std::string checkpoint = GENERATE("checkpoint", "another");
  it.write(100);
  program relay(it.input(), it.outputs);
  relay.start();
  REQUIRE(relay.until([&] { return relay.in().lines == 100; }));
  REQUIRE(relay.reloads(it.input(",linger=7s", checkpoint), it.outputs));
  it.write(100);
  REQUIRE(relay.until([&] { return it.delivered().lines == 200; }));
  CHECK(it.delivered().is_whole(200));
  CHECK(it.settled(checkpoint) == 0);
  const pipe_sink reading(it.folder / "fifo");
  REQUIRE(relay.until([&] { return reading.bytes() == 4000; }));
  CHECK(read_sequence(reading.text()).is_whole(200));
  CHECK(relay.until([&] { return it.settled(checkpoint) == 4000; }));
}

TEST_CASE("what a tail had read before a reload is not settled by who goes on") {
  tailed it(true);
  it.write(100);
  {
    program relay(it.input(), it.outputs);
    relay.start();
    REQUIRE(relay.until([&] { return relay.in().lines == 100; }));
    REQUIRE(relay.reloads(it.input(",linger=7s"), it.outputs));
    REQUIRE(relay.reloads(it.input(",linger=8s"), it.outputs));
    relay.it().stop_now();
    REQUIRE(relay.ends());
  }
  CHECK(it.settled() == 0);
  program again(it.input(), {it.folder / "again"});
  again.start();
  REQUIRE(again.until([&] { return again.out().account.delivered.lines == 100; }));
}

TEST_CASE("a file that was removed is read to its end after a reload too") {
  tailed it(false);
  it.write(1);
  const fd writing(::open((it.folder / "app.log").c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
  program relay(it.input(), it.outputs);
  relay.start();
  REQUIRE(relay.until([&] { return it.delivered().lines == 1; }));
  std::filesystem::remove(it.folder / "app.log");
  REQUIRE(relay.reloads(it.input(",linger=7s"), it.outputs));
  write_all(writing, numbered_lines(1, 1));
  CHECK(relay.until([&] { return it.delivered().is_whole(2); }));
}

TEST_CASE("what was read of a copy before a reload is not read again") {
  tailed it(true);
  it.write(100);
  program relay(it.input(), it.outputs);
  relay.start();
  REQUIRE(relay.until([&] { return relay.in().lines == 100; }));
  it.write(50);
  std::filesystem::copy_file(it.folder / "app.log", it.folder / "app.log.1");
  std::filesystem::resize_file(it.folder / "app.log", 0);
  it.write(50);
  REQUIRE(relay.until([&] { return it.delivered().lines == 200; }));
  REQUIRE(relay.reloads(it.input(",linger=7s"), it.outputs));
  std::filesystem::rename(it.folder / "app.log", it.folder / "app.log.2");
  std::filesystem::last_write_time(it.folder / "app.log.1", std::filesystem::file_time_type::clock::now());  // as if it were new
  it.write(50);
  REQUIRE(relay.until([&] { return it.delivered().lines >= 250; }));
  CHECK(it.delivered().is_whole(250));
  const pipe_sink reading(it.folder / "fifo");
  REQUIRE(relay.until([&] { return reading.bytes() >= 5000; }));
  CHECK(read_sequence(reading.text()).is_whole(250));
}

TEST_CASE("twenty reloads of a tail under load and rotation lose and double nothing") {
  tailed it(false);
  it.write(1);
  program relay(it.input(), it.outputs);
  relay.start();
  REQUIRE(relay.until([&] { return it.delivered().lines == 1; }));
  std::atomic<bool> enough{false};
  std::thread writer([&] {
    for (int turn = 1; !enough; ++turn) {
      it.write(50);
      if (turn % 20 == 0) it.rotate();
      std::this_thread::sleep_for(std::chrono::milliseconds(1));  // else there are gigabytes by the end
    }
  });
  const names more{",linger=6s", ",max-line=1K", "", ",max-files=1"};
  for (std::size_t i = 0; i < 20; ++i) {
    const bool reloaded = relay.reloads(it.input(more[i % more.size()], i % 5 == 0 ? "another" : "checkpoint"), it.outputs);
    if (!reloaded || !relay.until([&] { return relay.in().lines > 200; })) {
      FAIL_CHECK("reload " << i << " does not end");
      break;
    }
  }
  enough = true;
  writer.join();
  const auto done = relay.until([&] { return it.delivered().lines >= it.written; });
  INFO(to_string(it.delivered()));
  CHECK(done);
  CHECK(it.delivered().is_whole(it.written));
}

}  // namespace
}  // namespace logrelay
