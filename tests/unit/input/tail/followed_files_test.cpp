#include <logrelay/input/tail/followed_files.hpp>

#include <logrelay/input/tail/follower.hpp>
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

/// The files of a tail of app.log, which a test searches and reads when it wants to, as a follower does.
class followed {
 public:
  explicit followed(std::vector<file_position> found = {}, bool first = true)
      : files_(rules_, watches(), std::move(found), first, started, [this](fd file, file_position from) { return make(std::move(file), std::move(from)); },
               [](severity, const std::string&) {}) {}

  [[nodiscard]] std::string path(const std::string& behind = "") const { return folder_ / ("app.log" + behind); }
  void append(const std::string& line, const std::string& behind = "") { std::ofstream(path(behind), std::ios::app) << line << '\n'; }
  void rename(const std::string& from, const std::string& to) { std::filesystem::rename(path(from), path(to)); }
  /// As if all of these had been written to in one tick of the kernel's clock.
  void in_one_tick(const std::vector<std::string>& files) {
    for (const auto& each : files) written_at(each, 2'000'000'000);
  }
  void written_at(const std::string& behind, std::time_t seconds) {
    const timespec times[2] = {{seconds, 0}, {seconds, 0}};
    REQUIRE(::utimensat(AT_FDCWD, path(behind).c_str(), times, 0) == 0);
  }

  void search() { files_.search(now_); }
  /// Everything that there is, in the order in which a follower reads it. Returns what came.
  std::string read() {
    sink_.text.clear();
    for (const auto& each : files_.all())
      while (each->is_open() && !each->drained && !files_.has_to_wait(*each)) read_some(*each);
    files_.settle();
    return sink_.text;
  }
  std::string search_and_read() {
    search();
    return read();
  }
  /// inotify has told of every write.
  void hear() {
    for (const auto& each : files_.all()) each->drained = false;
  }
  [[nodiscard]] std::vector<file_position> positions() const { return files_.positions(); }

 private:
  static constexpr timespec started{4'000'000'000, 0};  // behind the times of all files: none has come since
  std::unique_ptr<tailed_file> make(fd file, file_position from) {
    return std::make_unique<tailed_file>(std::move(file), std::move(from), tailed_file::surroundings{memory_, framing_, origin_, sink_, counters_, [] {}});
  }
  void read_some(tailed_file& file) {
    if (file.look() == tailed_file::state::truncated) files_.begin_anew(file);
    const auto space = file.framer().space(4096);
    const auto got = file.read_some(space);
    REQUIRE(got >= 0);
    if (got > 0) file.took({space.data(), static_cast<std::size_t>(got)}, {});
    else if (!file.leave_copy()) file.drained = true;
  }

  const temp_folder folder_;
  const tail_rules rules_{.pattern = folder_ / "app.log"};
  const framing_rules framing_;
  const std::shared_ptr<const source> origin_ = std::make_shared<source>();
  published_text sink_;
  input_counters counters_;
  block_pool pool_;
  read_memory memory_{pool_};
  steady_time now_{};
  followed_files files_;
};

TEST_CASE("the last lines of a file come before its successor's also where nobody has heard of them yet") {
  followed it;
  it.append("1");
  CHECK(it.search_and_read() == "1\n");
  it.append("2");
  it.rename("", ".1");
  it.append("3");
  CHECK(it.search_and_read() == "2\n3\n");
}

TEST_CASE("files that were numbered while nobody looked come in the order of their numbers") {
  followed it;
  it.append("1");
  it.in_one_tick({""});
  CHECK(it.search_and_read() == "1\n");
  for (const auto* line : {"2", "3", "4"}) {  // as logrotate does it
    for (const auto& [from, to] : {std::pair{".2", ".3"}, std::pair{".1", ".2"}, std::pair{"", ".1"}})
      if (std::filesystem::exists(it.path(from))) it.rename(from, to);
    it.append(line);
  }
  it.in_one_tick({"", ".1", ".2", ".3"});
  CHECK(it.search_and_read() == "2\n3\n4\n");
}

TEST_CASE("files that were dated while nobody looked come in the order of their dates") {
  followed it;
  it.append("1");
  it.in_one_tick({""});
  CHECK(it.search_and_read() == "1\n");
  it.rename("", "-20261120");
  it.append("3", "-20261122");
  it.append("2", "-20261121");
  it.append("4");
  it.written_at("-20261121", 2'000'000'009);  // somebody still wrote to it
  it.written_at("-20261122", 2'000'000'001);
  CHECK(it.search_and_read() == "2\n3\n4\n");
}

TEST_CASE("what was rotated before the first look is nobody's") {
  followed it;
  it.append("old", ".1");
  it.written_at(".1", 1'000'000'000);
  it.append("1");
  CHECK(it.search_and_read() == "1\n");
  it.rename(".1", ".2");
  it.rename("", ".1");
  it.append("2");
  CHECK(it.search_and_read() == "2\n");
}

TEST_CASE("a file that was truncated is read on in its copy and then from its beginning") {
  followed it;
  it.append("1");
  CHECK(it.search_and_read() == "1\n");
  it.append("2");
  std::filesystem::copy_file(it.path(), it.path(".1"));
  std::filesystem::resize_file(it.path(), 0);
  it.append("3");
  it.hear();
  CHECK(it.search_and_read() == "2\n3\n");
}

}  // namespace
}  // namespace logrelay
