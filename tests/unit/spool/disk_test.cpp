#include <logrelay/spool/disk.hpp>

#include <support/lines.hpp>
#include <support/temp_folder.hpp>

#include <catch2/catch.hpp>

#include <sys/stat.h>

#include <string>

namespace logrelay {
namespace {

using namespace support;

constexpr std::uint64_t mib = 1024 * 1024;

int write(disk_file& to, std::uint64_t offset, std::string& bytes) {
  const iovec piece{bytes.data(), bytes.size()};
  return to.write(offset, {&piece, 1});
}

struct stat is(const std::string& path) {
  struct stat found{};
  REQUIRE(::stat(path.c_str(), &found) == 0);
  return found;
}

std::uint64_t taken_bytes(const std::string& path) { return static_cast<std::uint64_t>(is(path).st_blocks) * 512; }

TEST_CASE("what is written in pieces, somewhere, is read there") {
  const temp_folder folder;
  folder_disk disk(folder / "spool", folder_disk::access::exclusive);
  std::unique_ptr<disk_file> file;
  REQUIRE(disk.create("a", file) == 0);
  std::string one = "one", two = "two";
  const iovec pieces[] = {{one.data(), 3}, {two.data(), 3}};
  REQUIRE(file->write(4, pieces) == 0);
  char got[16];
  std::size_t size = 0;
  REQUIRE(file->read(4, got, size) == 0);
  CHECK(std::string(got, size) == "onetwo");
  REQUIRE(file->read(100, got, size) == 0);
  CHECK(size == 0);
}

TEST_CASE("a file that is done with takes no more of the disk than was written") {
  const temp_folder folder;
  folder_disk disk(folder / "spool", folder_disk::access::exclusive);
  const auto path = folder / "spool/a";
  std::unique_ptr<disk_file> file;
  REQUIRE(disk.create("a", file) == 0);
  std::string bytes(mib + mib / 8, 'x');
  REQUIRE(write(*file, 0, bytes) == 0);
  const auto reserved = taken_bytes(path);
  CHECK(is(path).st_size == static_cast<off_t>(bytes.size()));
  file.reset();
  CHECK(is(path).st_size == static_cast<off_t>(bytes.size()));
  CHECK(read_file(path) == bytes);
  CHECK(taken_bytes(path) < bytes.size() + mib / 8);
  if (reserved < 2 * mib) WARN("the file system of " << path << " reserves nothing");
}

TEST_CASE("a file that stays small asks for no room") {
  const temp_folder folder;
  folder_disk disk(folder / "spool", folder_disk::access::exclusive);
  std::unique_ptr<disk_file> file;
  REQUIRE(disk.create("a", file) == 0);
  std::string bytes(5000, 'x');
  REQUIRE(write(*file, 0, bytes) == 0);
  CHECK(taken_bytes(folder / "spool/a") < mib / 8);
}

}  // namespace
}  // namespace logrelay
