// Files that others write and rotate, in each of the ways that they do, beside a relay that follows, is stopped, is killed
// and is started again.
#include "inherited.hpp"
#include "relay_under_test.hpp"

#include <support/eventually.hpp>
#include <support/lines.hpp>
#include <support/temp_folder.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <memory>

using namespace logrelay;
using namespace logrelay::support;
using namespace std::string_literals;

namespace {

constexpr std::uint64_t rotations = 1000, restarts = 20, lines_each = 4;

enum class way { rename, copy_and_truncate, remove };

/// Writes numbered lines to a file, and rotates it.
class rotating_writer {
 public:
  rotating_writer(const temp_folder& folder, way how) : folder_(folder), how_(how) { open(); }

  void write(std::uint64_t count) {
    write_all(file_, numbered_lines(lines_, count));
    lines_ += count;
  }
  void rotate() {
    // As with a date behind it: files that were written to in one tick of the kernel's clock are told apart by their names.
    const auto old = path() + "-" + std::to_string(20'000'000 + ++rotated_);
    switch (how_) {
      case way::rename: std::filesystem::rename(path(), old); break;
      case way::copy_and_truncate:
        std::filesystem::copy_file(path(), old);
        REQUIRE(::ftruncate(file_.get(), 0) == 0);
        return;
      case way::remove: std::filesystem::remove(path()); break;
    }
    open();
  }
  [[nodiscard]] std::uint64_t lines() const { return lines_; }
  [[nodiscard]] std::string path() const { return folder_ / "app.log"; }

 private:
  void open() {
    file_.reset(::open(path().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
    REQUIRE(file_);
  }
  const temp_folder& folder_;
  const way how_;
  fd file_;
  std::uint64_t lines_ = 0, rotated_ = 0;
};

class tailing {
 public:
  explicit tailing(std::string more = "") : more_(std::move(more)) {}
  [[nodiscard]] const temp_folder& files() const { return files_; }

  void start() {
    relay_.emplace(ours_, std::vector<std::string>{"-i", "tail:" + files_ / "app.log" + ",name=in,checkpoint=state/checkpoint" + more_, "out.log,name=out"},
                   process_options{});
  }
  void stop() {
    relay_->terminate();
    relay_.reset();
  }
  void kill() {
    relay_->send(SIGKILL);
    REQUIRE(relay_->wait());
    relay_.reset();
  }
  [[nodiscard]] std::uint64_t bytes() const { return file_size(ours_ / "out.log"); }
  [[nodiscard]] std::string text() const { return read_if_there(ours_ / "out.log"); }
  [[nodiscard]] bool has(std::uint64_t lines) const {
    return eventually([&] { return bytes() >= lines * 20; });
  }
  relay_under_test& relay() { return *relay_; }
  [[nodiscard]] std::string checkpoint() const { return read_if_there(ours_ / "state/checkpoint"); }

 private:
  const std::string more_;
  const temp_folder files_, ours_;
  std::optional<relay_under_test> relay_;
};

void rotate_a_thousand_times(way how) {
  tailing tail;
  rotating_writer writer(tail.files(), how);
  tail.start();
  for (std::uint64_t turn = 0; turn < rotations; ++turn) {
    const bool restarting = turn % (rotations / restarts) == rotations / restarts - 1;
    // A file that is renamed can be found again. Of one that is removed, or truncated, some has to have been seen.
    writer.write(1);
    // Nor is anything known of what was rotated before the first look.
    if (how != way::rename || turn == 0) REQUIRE(tail.has(writer.lines()));
    if (restarting && how != way::remove) tail.stop();
    writer.write(lines_each - 1);
    writer.rotate();
    if (restarting && how == way::remove) {
      REQUIRE(tail.has(writer.lines()));
      tail.stop();
      writer.write(1);
    }
    if (restarting) tail.start();
  }
  writer.write(1);
  const bool has_all = tail.has(writer.lines());
  INFO(difference(tail.text(), numbered_lines(0, writer.lines())));
  REQUIRE(has_all);
  tail.stop();
  INFO(difference(tail.text(), numbered_lines(0, writer.lines())));
  CHECK(tail.text() == numbered_lines(0, writer.lines()));
}

}  // namespace

TEST_CASE("a thousand files that are renamed come whole and in order, also over restarts") { rotate_a_thousand_times(way::rename); }
TEST_CASE("a file that is copied and truncated a thousand times comes whole and in order, also over restarts") {
  rotate_a_thousand_times(way::copy_and_truncate);
}
TEST_CASE("a thousand files that are removed come whole and in order, also over restarts") { rotate_a_thousand_times(way::remove); }

TEST_CASE("a tail that is killed reads some lines twice and misses none") {
  tailing tail;
  rotating_writer writer(tail.files(), way::rename);
  for (int turn = 0; turn < 20; ++turn) {
    tail.start();
    if (turn == 0) {  // what is rotated before the first look is nobody's
      writer.write(1);
      REQUIRE(tail.has(1));
    }
    for (int each = 0; each < 10; ++each) {
      writer.write(20);
      writer.rotate();
    }
    if (turn % 2 == 0) REQUIRE(eventually([&] { return !tail.text().empty(); }));
    tail.kill();
  }
  tail.start();
  writer.write(1);
  const auto last = numbered_lines(writer.lines() - 1, 1);
  REQUIRE(eventually([&] { return tail.text().ends_with(last); }));
  tail.stop();
  const auto found = read_sequence(tail.text());
  INFO(to_string(found));
  CHECK(found.foreign == 0);
  auto all = split_lines(tail.text());
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  CHECK(all == split_lines(numbered_lines(0, writer.lines())));
}

TEST_CASE("the checkpoint does not move beyond lines that an output has not settled") {
  tailing tail(",linger=10ms");
  rotating_writer writer(tail.files(), way::rename);
  writer.write(100);
  const temp_folder ours;
  const auto fifo = ours / "fifo";
  make_fifo(fifo);
  const std::vector<std::string> words{"-i", "tail:" + writer.path() + ",name=in,checkpoint=" + ours / "checkpoint", "all.log,name=all", "fifo:fifo,name=held"};
  {
    relay_under_test relay(ours, words, {});
    REQUIRE(eventually([&] { return file_size(ours / "all.log") == 2000; }));  // but nobody reads the FIFO
    const auto balance = relay.terminate(1);
    CHECK(balance.output("held").pending() == 100);
  }
  CHECK_THAT(read_file(ours / "checkpoint"), Catch::Contains(" 0 "));
  relay_under_test relay(ours, words, {});
  const fd reading(::open(fifo.c_str(), O_RDONLY | O_CLOEXEC));
  std::string got(2000, '\0');
  for (std::size_t n = 0; n < got.size();) {
    const auto more = ::read(reading.get(), got.data() + n, got.size() - n);
    REQUIRE(more > 0);
    n += static_cast<std::size_t>(more);
  }
  CHECK(got == numbered_lines(0, 100));
  relay.terminate();
  CHECK(read_file(ours / "all.log") == numbered_lines(0, 100) + numbered_lines(0, 100));
  CHECK_THAT(read_file(ours / "checkpoint"), Catch::Contains(" 2000 "));
}

TEST_CASE("a pattern takes in what comes to be and every format tells the file") {
  const temp_folder files, ours;
  write_file(files / "a.log", "one\n");
  relay_under_test relay(ours, {"-i", "tail:" + files / "*/*.log" + ",checkpoint=cp", "-i", "tail:" + files / "*.log" + ",start=end,checkpoint=cp2",
                                "out.log,format={stream} {line}"}, {});
  std::filesystem::create_directories(files / "sub");
  write_file(files / "sub/b.log", "two\n");
  write_file(files / "sub/c.txt", "no\n");
  REQUIRE(eventually([&] { return read_if_there(ours / "out.log") == files / "sub/b.log" + " two\n"; }));
  write_all(open_file(files / "a.log", O_WRONLY | O_APPEND), "three\n");
  write_file(files / "d.log", "four\n");
  const auto all = [&] { return sorted_lines(read_if_there(ours / "out.log")); };
  const auto wanted = sorted_lines(files / "a.log" + " three\n" + files / "d.log" + " four\n" + files / "sub/b.log" + " two\n");
  REQUIRE(eventually([&] { return all() == wanted; }));
  relay.terminate();
}

TEST_CASE("what is written to a file after it was renamed comes too and a last line without newline when it is done") {
  tailing tail(",linger=50ms");
  rotating_writer writer(tail.files(), way::rename);
  const fd late = open_file(writer.path(), O_WRONLY | O_APPEND);
  writer.write(1);
  tail.start();
  REQUIRE(tail.has(1));
  writer.rotate();
  write_all(late, "late");
  REQUIRE(eventually([&] { return tail.text() == numbered_lines(0, 1) + "late\n"; }));
  tail.stop();
}

TEST_CASE("two relays do not follow with one checkpoint") {
  tailing tail;
  write_file(tail.files() / "app.log", "");
  const temp_folder ours;
  const std::string endpoint = "tail:" + tail.files() / "app.log" + ",checkpoint=" + ours / "cp";
  relay_under_test first(ours, {"-i", endpoint, "out.log"}, {});
  const auto second = run({LOGRELAY_PROGRAM, "-i", endpoint, ours / "second.log"});
  CHECK(second.status == 2);
  CHECK_THAT(second.errors, Catch::Contains("unable to use the checkpoint " + ours / "cp") && Catch::Contains(std::to_string(first.id())));
  first.terminate();
}

TEST_CASE("the checkpoint is in the state folder of the service or else of the user") {
  const temp_folder files, ours, state;
  write_file(files / "a.log", "one\n");
  for (const auto& [variable, folder] : {std::pair{"STATE_DIRECTORY"s, state / "service" + ":" + state / "other"}, std::pair{"XDG_STATE_HOME"s, state / "user"}}) {
    std::map<std::string, std::string> environment{{"STATE_DIRECTORY", ""}, {"XDG_STATE_HOME", ""}};
    environment[variable] = folder;
    relay_under_test relay(ours, {"-i", "tail:" + files / "a.log", "out.log"}, {.environment = environment});
    relay.terminate();
  }
  CHECK(names_in(state / "service").size() == 1);
  CHECK(names_in(state / "user/logrelay") == names_in(state / "service"));
}

TEST_CASE("a pattern that nothing matches yet is told of, and the first file that does is read") {
  const temp_folder folder;
  relay_under_test relay(folder, {"-i", "tail:" + (folder / "*.log") + ",name=logs,checkpoint=cp", "all"});
  REQUIRE(eventually([&] { return relay.errors().find("logrelay: input 'logs': no file is there yet\n") != std::string::npos; }));
  write_file(folder / "a.log", "line\n");
  REQUIRE(eventually([&] { return read_if_there(folder / "all") == "line\n"; }));
  relay.terminate();
}
