#include <logrelay/error.hpp>
#include <logrelay/input/tail/checkpoint.hpp>

#include <support/temp_folder.hpp>

#include <catch2/catch.hpp>

#include <filesystem>

namespace logrelay {
namespace {

using namespace support;
using positions = std::vector<file_position>;

file_position some_file() { return {65024, 10953425, 8, 1024, 4239168420, false, "/var/log/a b%\n\xff.log"}; }
file_position done_file() { return {1, 2, 0, 0, 0, true, "x"}; }

TEST_CASE("a checkpoint is read as it was written") {
  for (const auto& each : {positions{}, positions{some_file()}, positions{some_file(), done_file()}})
    CHECK(parse_checkpoint(to_text(each)) == each);
  CHECK(to_text({some_file()}).starts_with("logrelay-tail 1\n65024 10953425 8 1024 4239168420 open /var/log/a%20b%25%0A%FF.log\nend 1 "));
}

TEST_CASE("a checkpoint with any byte changed, missing or more is none") {
  const auto text = to_text({some_file(), done_file()});
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto other = text;
    other[i] = static_cast<char>(other[i] ^ 1);
    CHECK_FALSE(parse_checkpoint(other));
    CHECK_FALSE(parse_checkpoint(text.substr(0, i)));
  }
  CHECK_FALSE(parse_checkpoint(text + "\n"));
}

TEST_CASE("a checkpoint is made with its folder, kept, locked and replaced as a whole") {
  const temp_folder folder;
  const auto path = folder / "state/logrelay/cp";
  {
    checkpoint_file first(path);
    CHECK(first.is_new());
    CHECK(first.found().empty());
    CHECK_THROWS_WITH(checkpoint_file(path), Catch::Contains("unable to use the checkpoint " + path));
    REQUIRE(first.replace({some_file()}, {.tv_sec = 1'795'356'301, .tv_nsec = 0}) == 0);
    CHECK_THROWS_AS(checkpoint_file(path), error);
    CHECK(names_in(folder / "state/logrelay") == std::vector<std::string>{"cp"});
  }
  checkpoint_file second(path);
  CHECK_FALSE(second.is_new());
  CHECK(second.found() == positions{some_file()});
  CHECK(second.looked().tv_sec == 1'795'356'301);
}

TEST_CASE("a damaged checkpoint and an empty one are known as such") {
  const temp_folder folder;
  for (const auto* text : {"", "logrelay-tail 1\n", "something else\n"}) {
    write_file(folder / "cp", text);
    const checkpoint_file one(folder / "cp");
    CHECK(one.damaged());
    CHECK_FALSE(one.is_new());
  }
}

}  // namespace
}  // namespace logrelay
