#include <support/lines.hpp>
#include <support/reading.hpp>
#include <support/stand_in.hpp>
#include <support/temp_folder.hpp>

#include <catch2/catch.hpp>

#include <fcntl.h>

namespace logrelay {
namespace {

using namespace support;

fd opened(const std::string& path) { return fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC)); }
std::string endpoint(const fd& file) { return "fd:" + std::to_string(file.get()); }

TEST_CASE("a regular file is read from where it stands to its end") {
  const temp_folder folder;
  write_file(folder / "file", "skipped\n" + numbered_lines(0, 50'000) + "no newline");
  const fd file = opened(folder / "file");
  REQUIRE(::lseek(file.get(), 8, SEEK_SET) == 8);
  reading in(endpoint(file));
  in.start();
  CHECK(in.ends());
  CHECK(in.times_done() == 1);
  CHECK(difference(in.text(), numbered_lines(0, 50'000) + "no newline\n") == "");
  CHECK(in.in().counters.lines == 50'001);
}

TEST_CASE("an empty file and the null device have no lines") {
  const temp_folder folder;
  write_file(folder / "file", "");
  for (const auto& path : {folder / "file", std::string("/dev/null")}) {
    const fd file = opened(path);
    reading in(endpoint(file));
    in.start();
    CHECK(in.ends());
    CHECK(in.text().empty());
    CHECK_FALSE(in.in().failed);
  }
}

TEST_CASE("a full queue holds a file and nothing is lost") {
  const temp_folder folder;
  write_file(folder / "file", numbered_lines(0, 100'000));
  const fd file = opened(folder / "file");
  queue_rules small;
  small.capacity_bytes = 64 * 1024;
  small.when_full = overflow::block;
  reading in(endpoint(file), small);
  in.start();
  CHECK(eventually([&] { return in.held(); }));
  CHECK(in.account().queue_peak_bytes <= small.capacity_bytes + 4096);
  CHECK(in.comes_lines(100'000));
  CHECK(in.ends());
  CHECK(difference(in.text(), numbered_lines(0, 100'000)) == "");
}

TEST_CASE("a file that is stopped half-way leaves a line it has begun to whoever reads on") {
  const temp_folder folder;
  write_file(folder / "file", numbered_lines(0, 100'000));
  const fd file = opened(folder / "file");
  queue_rules small;
  small.capacity_bytes = 64 * 1024 + 7;
  small.when_full = overflow::block;
  reading in(endpoint(file), small);
  in.start();
  REQUIRE(eventually([&] { return in.held(); }));
  in.stop();
  REQUIRE(in.ends());
  const auto read = in.lines().size();
  CHECK(read > 0);
  CHECK(read < 100'000);
  CHECK(difference(in.text(), numbered_lines(0, read)) == "");
  CHECK(::lseek(file.get(), 0, SEEK_CUR) == static_cast<off_t>(read * 20));
}

TEST_CASE("a file that is given up while a full queue holds it ends and publishes nothing afterwards") {
  const temp_folder folder;
  write_file(folder / "file", numbered_lines(0, 100'000));
  const fd file = opened(folder / "file");
  queue_rules small;
  small.capacity_bytes = 64 * 1024;
  small.when_full = overflow::block;
  reading in(endpoint(file), small);
  in.start();
  REQUIRE(eventually([&] { return in.held(); }));
  in.stop_now();
  REQUIRE(in.ends());
  const auto read = in.lines().size();
  CHECK(difference(in.text(), numbered_lines(0, read)) == "");  // taking made room
  CHECK(in.account().accepted.lines == read);
}

TEST_CASE("a device that has nothing to say hears that it should stop") {
  const fd device = opened("/dev/kmsg");
  if (!device || ::lseek(device.get(), 0, SEEK_END) < 0) {
    WARN("there is no /dev/kmsg here that could be read");
    return;
  }
  reading in(endpoint(device));
  in.start();
  in.stop();
  CHECK(in.ends());
}

}  // namespace
}  // namespace logrelay
