#include <logrelay/input/tail/tailed_file.hpp>

#include <support/published_text.hpp>
#include <support/temp_folder.hpp>

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace logrelay {
namespace {

using namespace support;

/// A file that others write, and what a tail reads of it.
class tailed {
 public:
  explicit tailed(const std::string& text, std::uint64_t from = 0) {
    write_file(path(), text);
    file_position at;
    fd open = opened("");
    struct stat what {};
    REQUIRE(::fstat(open.get(), &what) == 0);
    at.device = what.st_dev;
    at.inode = what.st_ino;
    at.offset = from;
    at.path = path();
    one_ = std::make_unique<tailed_file>(std::move(open), at,
                                         tailed_file::surroundings{memory_, framing_, std::make_shared<source>(), sink_, counters_, [] {}});
  }
  [[nodiscard]] std::string path(const std::string& behind = "") const { return folder_ / ("a.log" + behind); }
  [[nodiscard]] fd opened(const std::string& behind) const { return fd(::open(path(behind).c_str(), O_RDONLY | O_CLOEXEC)); }
  void append(const std::string& text) { std::ofstream(path(), std::ios::app) << text; }
  void copy_and_truncate() {
    std::filesystem::copy_file(path(), path(".1"));
    std::filesystem::resize_file(path(), 0);
  }
  /// To its end. Returns the lines that came.
  std::string read() {
    sink_.text.clear();
    for (;;) {
      const auto space = one_->framer().space(4096);
      const auto got = one_->read_some(space);
      if (got > 0) one_->took({space.data(), static_cast<std::size_t>(got)}, {});
      else if (!one_->leave_copy()) return sink_.text;
    }
  }
  [[nodiscard]] std::uint64_t settled() {
    std::vector<file_position> all;
    one_->settle(history);
    one_->append_positions(all);
    return all.back().offset;
  }
  [[nodiscard]] std::string published() const { return sink_.text; }
  tailed_file& operator*() { return *one_; }
  tailed_file* operator->() { return one_.get(); }
  std::vector<file_position> history;

 private:
  const temp_folder folder_;
  const framing_rules framing_;
  published_text sink_;
  input_counters counters_;
  block_pool pool_;
  read_memory memory_{pool_};
  std::unique_ptr<tailed_file> one_;
};

using state = tailed_file::state;

TEST_CASE("a tailed file is read from where it is told and settled up to its last whole line") {
  tailed it("one\ntwo\nthr", 4);
  CHECK(it.read() == "two\n");
  CHECK(it.settled() == 8);
  it.append("ee\n");
  CHECK(it->look() == state::as_known);
  CHECK(it.read() == "three\n");
  CHECK(it.settled() == 14);
  CHECK_FALSE(it->over());
}

TEST_CASE("a tailed file that is shorter or begins otherwise was truncated") {
  tailed it("one\ntwo\n");
  it.read();
  std::filesystem::resize_file(it.path(), 4);
  CHECK(it->look() == state::truncated);
  write_file(it.path(), "two\none\nand more\n");
  CHECK(it->look() == state::truncated);
  write_file(it.path(), "one\ntwo\nand more\n");
  CHECK(it->look() == state::as_known);
}

TEST_CASE("a line that a truncation cut is put together again from the copy and the new beginning") {
  tailed it("one\n");
  it.read();
  it.append("two\nthr");
  it.copy_and_truncate();
  it.append("ee\nfour\n");
  REQUIRE(it->look() == state::truncated);
  auto copy = it->find_copy({it.path(".1")});
  REQUIRE(copy);
  it->begin_anew(std::move(copy));
  CHECK(it.read() == "two\nthree\nfour\n");
  CHECK(it.settled() == 8);
  REQUIRE(it.history.size() == 1);
  CHECK(it.history.front().offset == 8);
}

TEST_CASE("what begins otherwise or is the file itself is no copy of it") {
  tailed it("one\ntwo\n");
  it.read();
  write_file(it.path(".1"), "two\none\n");
  write_file(it.path(".2"), "one\n");
  std::filesystem::create_hard_link(it.path(), it.path(".3"));
  CHECK_FALSE(it->find_copy({it.path(".1"), it.path(".2"), it.path(".3")}));
}

TEST_CASE("a file's last line without a newline comes when nothing more will be read") {
  tailed it("one\ntwo");
  CHECK(it.read() == "one\n");
  it->finish({});
  CHECK(it.published() == "one\ntwo\n");
  CHECK(it.settled() == 7);
  CHECK_FALSE(it->is_open());
  CHECK(it->over());
}

TEST_CASE("who goes on with a file does so behind its last whole line") {
  tailed it("one\ntwo\nthr");
  it.read();
  const auto left = it->hand_over();
  CHECK(left.place.offset == 8);
  CHECK_FALSE(left.place.done);
  CHECK(left.file);
  CHECK(begins_as(left.file, left.place));
}

TEST_CASE("the end of a file's last line is found over pages") {
  tailed it("first\n" + std::string(10'000, 'x'));
  CHECK(last_line_end(it.opened("")) == 6);
  write_file(it.path(), std::string(10'000, 'x'));
  CHECK(last_line_end(it.opened("")) == 0);
  write_file(it.path(), "");
  CHECK(last_line_end(it.opened("")) == 0);
  write_file(it.path(), "one\ntwo\n");
  CHECK(last_line_end(it.opened("")) == 8);
}

}  // namespace
}  // namespace logrelay
