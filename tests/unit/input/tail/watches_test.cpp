#include <logrelay/input/tail/watches.hpp>

#include <support/temp_folder.hpp>

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <poll.h>

#include <filesystem>
#include <fstream>
#include <functional>

namespace logrelay {
namespace {

using namespace support;
using numbers = std::vector<int>;

struct watched {
  watched() { all.set_folders({folder.path().string()}); }
  void append(const std::string& name) { std::ofstream(folder / name, std::ios::app) << "line\n"; }
  int watch(const std::string& name) { return all.add_file(fd(::open((folder / name).c_str(), O_RDONLY | O_CLOEXEC))); }
  [[nodiscard]] bool readable() const {
    pollfd one{all.descriptor(), POLLIN, 0};
    return ::poll(&one, 1, 0) == 1;
  }
  const temp_folder folder;
  watches all;
};

TEST_CASE("a folder tells of what comes, goes and is renamed") {
  watched it;
  CHECK_FALSE(it.readable());
  for (const auto& change : std::vector<std::function<void()>>{[&] { it.append("a"); }, [&] { std::filesystem::rename(it.folder / "a", it.folder / "b"); },
                                                                [&] { std::filesystem::remove(it.folder / "b"); }}) {
    change();
    CHECK(it.readable());
    CHECK(it.all.take().folders);
    CHECK_FALSE(it.readable());
    CHECK_FALSE(it.all.take().folders);
  }
}

TEST_CASE("a file tells that it was written to, whatever its name has become") {
  watched it;
  it.append("a");
  const int number = it.watch("a");
  std::filesystem::rename(it.folder / "a", it.folder / "b");
  static_cast<void>(it.all.take());
  it.append("b");
  const auto found = it.all.take();
  CHECK(found.files == numbers{number});
  CHECK_FALSE(found.folders);
}

TEST_CASE("a file whose last name has gone is a reason to look for files") {
  watched it;
  it.append("a");
  const fd open(::open((it.folder / "a").c_str(), O_RDONLY | O_CLOEXEC));
  static_cast<void>(it.all.add_file(open));
  it.all.set_folders({});
  static_cast<void>(it.all.take());
  std::filesystem::remove(it.folder / "a");
  CHECK(it.all.take().folders);
}

TEST_CASE("what is watched no more tells nothing") {
  watched it;
  it.append("a");
  const int number = it.watch("a");
  static_cast<void>(it.all.take());
  it.all.remove_file(number);
  it.all.set_folders({});
  it.append("a");
  it.append("b");
  const auto found = it.all.take();
  CHECK(found.files == numbers{});
  CHECK_FALSE(found.folders);
}

TEST_CASE("a folder that is not there is not watched, and complete again once it is not asked for") {
  watched it;
  CHECK(it.all.complete());
  it.all.set_folders({it.folder.path().string(), it.folder / "none"});
  CHECK_FALSE(it.all.complete());
  it.all.set_folders({it.folder.path().string()});
  CHECK(it.all.complete());
  it.append("a");
  CHECK(it.all.take().folders);
}

TEST_CASE("another folder of the same name is watched once it is asked for again") {
  watched it;
  const auto below = it.folder / "below";
  std::filesystem::create_directory(below);
  it.all.set_folders({below});
  std::filesystem::rename(below, it.folder / "old");
  std::filesystem::create_directory(below);
  it.all.set_folders({below});
  static_cast<void>(it.all.take());
  it.append("below/a");
  CHECK(it.all.take().folders);
  it.append("old/a");
  CHECK_FALSE(it.all.take().folders);
}

}  // namespace
}  // namespace logrelay
