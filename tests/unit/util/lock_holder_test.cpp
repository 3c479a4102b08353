#include <catch2/catch.hpp>
#include <logrelay/util/fd.hpp>
#include <logrelay/util/lock_holder.hpp>
#include <support/temp_folder.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

namespace logrelay {
namespace {

TEST_CASE("who holds a lock is named by number and name") {
  const support::temp_folder folder;
  const fd file(::open((folder / "file").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  struct stat there {};
  REQUIRE(::fstat(file.get(), &there) == 0);
  CHECK(lock_holder(there.st_dev, there.st_ino) == "another process");  // nobody
  REQUIRE(::flock(file.get(), LOCK_EX | LOCK_NB) == 0);
  const auto holder = lock_holder(there.st_dev, there.st_ino);
  if (holder == "another process") {
    WARN("this file system has other device numbers in /proc/locks");
    return;
  }
  CHECK(holder == "process " + std::to_string(::getpid()) + " (unit_tests)");
}

}  // namespace
}  // namespace logrelay
