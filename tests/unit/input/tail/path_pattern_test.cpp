#include <logrelay/input/tail/path_pattern.hpp>

#include <support/temp_folder.hpp>

#include <catch2/catch.hpp>

#include <filesystem>

namespace logrelay {
namespace {

using namespace support;
using names = std::vector<std::string>;

TEST_CASE("a path is found when it is there and its folder is where it may come to be") {
  const temp_folder folder;
  CHECK(find_paths(folder / "a.log").files == names{});
  CHECK(find_paths(folder / "a.log").folders == names{folder.path().string()});
  write_file(folder / "a.log", "");
  CHECK(find_paths(folder / "a.log").files == names{folder / "a.log"});
  CHECK(find_paths(folder / "no/such/a.log").folders == names{folder.path().string()});
}

TEST_CASE("wildcards stand for files and folders in any part of the path and for no hidden ones") {
  const temp_folder folder;
  for (const auto* each : {"x/in", "y/in", "z"}) std::filesystem::create_directories(folder / each);
  for (const auto* each : {"x/in/1.log", "x/in/2.txt", "y/in/3.log", "y/in/.4.log", "z/5.log"}) write_file(folder / each, "");
  const auto found = find_paths(folder / "*/in/*.log");
  CHECK(found.files == names{folder / "x/in/1.log", folder / "y/in/3.log"});
  // In z a folder `in` may come to be.
  CHECK(found.folders == names{folder.path().string(), folder / "x/in", folder / "y/in", folder / "z"});
}

TEST_CASE("a rotated file is known by a number or a time behind its name") {
  for (const auto* each : {"a.log.1", "a.log.10", "a.log-20261122", "a.log.20261122T140501.123456Z", "a.log.2026-11-22_14:05"})
    CHECK(is_rotated_name("a.log", each));
  for (const auto* each : {"a.log", "a.log.", "a.log1", "a.log.1.gz", "a.log.bak", "b.log.1", "a.log.1~", "a.log.old.1"})
    CHECK_FALSE(is_rotated_name("a.log", each));
}

TEST_CASE("only regular files beside a path are taken for rotated ones") {
  const temp_folder folder;
  write_file(folder / "a.log.1", "");
  std::filesystem::create_directory(folder / "a.log.2");
  CHECK(rotated_beside(folder / "a.log") == names{folder / "a.log.1"});
}

}  // namespace
}  // namespace logrelay
