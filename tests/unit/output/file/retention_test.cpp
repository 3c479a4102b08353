#include <logrelay/output/file/retention.hpp>

#include <logrelay/util/fd.hpp>

#include <support/temp_folder.hpp>

#include <catch2/catch.hpp>

#include <sys/file.h>

#include <chrono>
#include <iostream>

namespace logrelay {
namespace {

using namespace support;
using texts = std::vector<std::string>;
using namespace std::chrono_literals;

const part_names by_time("a.log", false, true, naming::time);

fd opened(const temp_folder& folder) { return fd(::open(folder.path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)); }

std::vector<found_part> parts_in(const temp_folder& folder, const part_names& names = by_time,
                                 const std::string& live = "a.log") {
  file_system files;
  std::vector<found_part> parts;
  REQUIRE(find_parts(files, opened(folder).get(), names, live, parts) == 0);
  return parts;
}

texts names_of(const std::vector<found_part>& parts) {
  texts all;
  for (const auto& each : parts) all.push_back(each.name.text());
  return all;
}

TEST_CASE("parts are found by exact name, and only regular files") {
  const temp_folder folder;
  const texts strangers{"a.log",
                        "a.log.20260101T000000.000000",
                        "a.log.20261301T000000.000000Z",
                        "b.log.20260101T000000.000000Z",
                        "a.log.1",
                        "a.log.20260101T000000.000000Z.bak",
                        "a.log.20260101T000000.000000Z\n",
                        "..a.log"};
  for (const auto& each : strangers) write_file(folder / each, "x");
  std::filesystem::create_directory(folder / "a.log.20260104T000000.000000Z");
  std::filesystem::create_symlink(folder / "a.log", folder / "a.log.20260105T000000.000000Z");
  std::filesystem::create_symlink("/nowhere", folder / "a.log.20260106T000000.000000Z");
  write_file(folder / "a.log.20260102T000000.000000Z", "22");
  write_file(folder / "a.log.20260101T000000.000000Z.gz", "1");
  CHECK(names_of(parts_in(folder)) == texts{"a.log.20260101T000000.000000Z.gz", "a.log.20260102T000000.000000Z"});
  CHECK(parts_in(folder).back().bytes == 2);
}

TEST_CASE("the oldest go until number, size and age are all kept") {
  std::vector<found_part> parts(5);
  const wall_time now{1000s};
  for (std::size_t i = 0; i < parts.size(); ++i)
    parts[i].bytes = 10, parts[i].second = 900 + 10 * static_cast<std::int64_t>(i);
  const auto gone = [&](keep_rules keep) { return too_many(parts, keep, now); };
  CHECK(gone({}) == 0);
  CHECK(gone({.parts = 5}) == 0);
  CHECK(gone({.parts = 2}) == 3);
  CHECK(gone({.parts = 0}) == 5);
  CHECK(gone({.bytes = 50}) == 0);
  CHECK(gone({.bytes = 49}) == 1);
  CHECK(gone({.bytes = 0}) == 5);
  CHECK(gone({.age = 100s}) == 0);
  CHECK(gone({.age = 85s}) == 2);
  CHECK(gone({.parts = 4, .bytes = 30, .age = 100s}) == 2);
  CHECK(gone({.parts = 4, .bytes = 30, .age = 65s}) == 4);
}

TEST_CASE("a part that was exchanged for something else stays") {
  const temp_folder folder;
  file_system files;
  write_file(folder / "a.log.20260101T000000.000000Z", "part");
  write_file(folder / "keep", "precious");
  const auto parts = parts_in(folder);
  std::filesystem::remove(folder / "a.log.20260101T000000.000000Z");
  std::filesystem::create_symlink(folder / "keep", folder / "a.log.20260101T000000.000000Z");
  CHECK(remove_part(files, opened(folder).get(), parts.front()) == ENOENT);
  CHECK(read_file(folder / "keep") == "precious");
  CHECK(names_in(folder.path()).size() == 2);
}

TEST_CASE("a live file of another period is not removed while a relay holds it") {
  const temp_folder folder;
  file_system files;
  const part_names daily("%Y-%m-%d.log", true, true, naming::time);
  write_file(folder / "2026-11-21.log", "x");
  const fd held(::open((folder / "2026-11-21.log").c_str(), O_RDONLY | O_CLOEXEC));
  REQUIRE(::flock(held.get(), LOCK_EX) == 0);
  const auto parts = parts_in(folder, daily, "2026-11-22.log");
  REQUIRE(parts.size() == 1);
  CHECK(remove_part(files, opened(folder).get(), parts.front()) == EWOULDBLOCK);
  REQUIRE(::flock(held.get(), LOCK_UN) == 0);
  CHECK(remove_part(files, opened(folder).get(), parts.front()) == 0);
  CHECK(names_in(folder.path()).empty());
}

TEST_CASE("what a crash has left of packing goes, and nothing that only looks like it") {
  const temp_folder folder;
  file_system files;
  const auto ours = folder / "a.log.20260101T000000.000000Z.gz.tmp";
  const texts strangers{"a.log.gz.tmp", "a.log.tmp", "a.log.20260101T000000.000000Z.tmp",
                        "b.log.20260101T000000.000000Z.gz.tmp", "a.log.20260102T000000.000000Z.gz.tmp"};
  for (const auto& each : strangers) write_file(folder / each, "");
  write_file(ours, "");
  REQUIRE(::chmod(ours.c_str(), 0600 | unfinished) == 0);
  CHECK(remove_half_packed(files, opened(folder).get(), by_time) == 0);
  CHECK(names_in(folder.path()).size() == strangers.size());
  CHECK_FALSE(std::filesystem::exists(ours));
}

TEST_CASE("among a hundred thousand files the parts are found soon") {
  const temp_folder folder(::access("/dev/shm", W_OK) == 0 ? "/dev/shm" : std::filesystem::temp_directory_path());
  const fd there = opened(folder);
  for (int i = 0; i < 100'000; ++i) {
    const auto name =
        i % 1000 == 0 ? part_names::at_time("a.log", 1'700'000'000'000'000 + i) : "a.log.2026010" + std::to_string(i);
    const fd file(::openat(there.get(), name.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    REQUIRE(file);
  }
  const auto began = std::chrono::steady_clock::now();
  const auto parts = parts_in(folder);
  const auto took = std::chrono::steady_clock::now() - began;
  CHECK(parts.size() == 100);
  CHECK(took < 10s);
  file_system files;
  for (std::size_t i = 0; i < too_many(parts, {.parts = 10}, wall_time{}); ++i)
    CHECK(remove_part(files, there.get(), parts[i]) == 0);
  CHECK(names_in(folder.path()).size() == 100'000 - 90);
}

}  // namespace
}  // namespace logrelay
