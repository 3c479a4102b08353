#include <catch2/catch.hpp>
#include <logrelay/util/fd.hpp>

#include <fcntl.h>

#include <optional>

namespace logrelay {
namespace {

int opened() { return ::open("/dev/null", O_RDWR | O_CLOEXEC); }
bool is_open(int number) { return ::fcntl(number, F_GETFD) >= 0; }

TEST_CASE("a descriptor is closed with its owner") {
  int number = -1;
  {
    const fd owner(opened());
    number = owner.get();
    CHECK(is_open(number));
  }
  CHECK_FALSE(is_open(number));
}

TEST_CASE("a descriptor moves, and the old owner has none") {
  fd one(opened());
  const int number = one.get();
  fd two = std::move(one);
  CHECK_FALSE(one);
  CHECK(two.get() == number);
  fd three(opened());
  const int other = three.get();
  three = std::move(two);
  CHECK_FALSE(is_open(other));
  CHECK(three.get() == number);
  fd& same = three;
  three = std::move(same);
  CHECK(is_open(number));
}

TEST_CASE("a descriptor that is released stays open") {
  fd one(opened());
  const int number = one.release();
  CHECK_FALSE(one);
  CHECK(is_open(number));
  one.reset(number);
  one.reset();
  CHECK_FALSE(is_open(number));
}

TEST_CASE("zero is a descriptor") {
  fd none;
  CHECK_FALSE(none);
  fd zero(0);
  CHECK(zero);
  CHECK(zero.release() == 0);
}

}  // namespace
}  // namespace logrelay
