#include <logrelay/output/rotation.hpp>

#include <support/set_clock.hpp>
#include <support/temp_folder.hpp>

#include <catch2/catch.hpp>

namespace logrelay {
namespace {

using namespace support;
using names = std::vector<std::string>;

TEST_CASE("a rotated part is named after its microsecond in UTC") {
  const temp_folder folder;
  const set_clock clock("2026-11-22T14:05:01.123456Z");
  rotation parts(folder / "a.log", {}, clock);
  write_file(folder / "a.log", "one\n");
  REQUIRE(parts.move_away() == 0);
  CHECK(names_in(folder.path()) == names{"a.log.20261122T140501.123456Z"});
  CHECK(read_file(folder / "a.log.20261122T140501.123456Z") == "one\n");
}

TEST_CASE("names sort by age and never collide even when the clock stands still or goes back") {
  const temp_folder folder;
  set_clock clock("2026-11-22T14:05:01.999998Z");
  rotation parts(folder / "a.log", {}, clock);
  names made;
  for (int i = 0; i < 6; ++i) {
    if (i == 3) clock.set("2025-01-01T00:00:00.000000Z");
    write_file(folder / "a.log", std::to_string(i));
    REQUIRE(parts.move_away() == 0);
    for (const auto& each : names_in(folder.path()))
      if (std::find(made.begin(), made.end(), each) == made.end()) made.push_back(each);
  }
  REQUIRE(made.size() == 6);
  CHECK(std::is_sorted(made.begin(), made.end()));
  CHECK(made[2] == "a.log.20261122T140502.000000Z");
  for (std::size_t i = 0; i < made.size(); ++i) CHECK(read_file(folder / made[i]) == std::to_string(i));
}

TEST_CASE("after a restart names go on behind those that are there") {
  const temp_folder folder;
  const set_clock clock("2025-01-01T00:00:00.000000Z");
  write_file(folder / "a.log.20261122T140501.123456Z", "old");
  write_file(folder / "a.log", "new");
  rotation parts(folder / "a.log", {}, clock);
  REQUIRE(parts.move_away() == 0);
  CHECK(read_file(folder / "a.log.20261122T140501.123457Z") == "new");
}

TEST_CASE("a name that something has is passed over") {
  const temp_folder folder;
  const set_clock clock("2026-11-22T14:05:01.123456Z");
  rotation parts(folder / "a.log", {}, clock);
  std::filesystem::create_directory(folder / "a.log.20261122T140501.123456Z");
  write_file(folder / "a.log", "new");
  REQUIRE(parts.move_away() == 0);
  CHECK(read_file(folder / "a.log.20261122T140501.123457Z") == "new");
}

TEST_CASE("a live file that is not there is told as such") {
  const temp_folder folder;
  const set_clock clock("2026-11-22T14:05:01.123456Z");
  CHECK(rotation(folder / "a.log", {}, clock).move_away() == ENOENT);
}

TEST_CASE("as many parts are kept as was asked for: the newest") {
  const temp_folder folder;
  const set_clock clock("2026-11-22T14:05:01.123456Z");
  const std::uint64_t keep = GENERATE(0, 1, 2);
  for (const auto* each : {"a.log", "a.log.20260101T000000.000000Z", "a.log.20260102T000000.000000Z",
                           "a.log.20260103T000000.000000Z"})
    write_file(folder / each, "");
  rotation(folder / "a.log", keep, clock).retain();
  names left{"a.log", "a.log.20260102T000000.000000Z", "a.log.20260103T000000.000000Z"};
  left.erase(left.begin() + 1, left.end() - static_cast<std::ptrdiff_t>(keep));
  CHECK(names_in(folder.path()) == left);
}

TEST_CASE("what only looks like a part is neither counted nor touched") {
  const temp_folder folder;
  const set_clock clock("2026-11-22T14:05:01.123456Z");
  const names strangers{"a.log.20260101T000000.000000", "a.log.20260101T000000.000000Z.gz",
                        "a.log.20260101t000000.000000Z", "a.log.20261301T000000.000000Z",
                        "a.log.20260230T000000.000000Z", "a.log.20260101T240000.000000Z",
                        "a.log.99991231T235959.999999Z", "a.log.1",
                        "b.log.20260101T000000.000000Z", "xa.log.20260101T000000.000000Z",
                        "a.log.20260101T000000.00000xZ", "a.log.99999999T999999.999999Z"};
  for (const auto& each : strangers) write_file(folder / each, "");
  std::filesystem::create_directory(folder / "a.log.20260104T000000.000000Z");
  std::filesystem::create_symlink(folder / "a.log.1", folder / "a.log.20260105T000000.000000Z");
  write_file(folder / "a.log.20260101T000000.000000Z", "");
  write_file(folder / "a.log.20260102T000000.000000Z", "");
  rotation(folder / "a.log", 1, clock).retain();
  names wanted = strangers;
  wanted.insert(wanted.end(), {"a.log.20260102T000000.000000Z", "a.log.20260104T000000.000000Z",
                               "a.log.20260105T000000.000000Z"});
  std::sort(wanted.begin(), wanted.end());
  CHECK(names_in(folder.path()) == wanted);

  write_file(folder / "a.log", "new");
  rotation parts(folder / "a.log", {}, clock);
  REQUIRE(parts.move_away() == 0);
  CHECK(read_if_there(folder / "a.log.20261122T140501.123456Z") == "new");
}

TEST_CASE("a part's name has the file's name and a whole time") {
  CHECK(rotation::is_part("a.20261122T140501.123456Z", "a"));
  CHECK(rotation::is_part("a.20240229T235959.000000Z", "a"));
  CHECK_FALSE(rotation::is_part("a.20261122T140501.123456Z", "b"));
  CHECK_FALSE(rotation::is_part("a.20261122T140501.123456Z", "a.20261122T140501.123456Z"));
  CHECK_FALSE(rotation::is_part("a.20230229T235959.000000Z", "a"));
  CHECK_FALSE(rotation::is_part("a", "a"));
}

}  // namespace
}  // namespace logrelay
