#include <logrelay/file_conflicts.hpp>

#include <logrelay/util/fd.hpp>

#include <support/temp_folder.hpp>

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <filesystem>

using namespace logrelay;
using namespace logrelay::support;
using texts = std::vector<std::string>;

namespace {

std::vector<std::string> wrong_with(texts inputs, texts outputs) {
  static const auto known = standard_registries();
  mistakes wrong;
  for (auto& each : inputs)
    if (each.starts_with("tail:")) each += ",checkpoint=/nowhere/checkpoint";  // it is not opened, and there may be no HOME
  const auto config = make_config({std::move(inputs), std::move(outputs), {}}, known, wrong);
  REQUIRE(wrong.texts() == texts{});
  check_files(config.inputs, config.outputs, wrong);
  return wrong.texts();
}
texts wrong_with_outputs(texts outputs) { return wrong_with({"fifo:x"}, std::move(outputs)); }
/// How many of them are wrong when they read what the output writes; it is called "out".
std::size_t loops(const std::string& input, const std::string& output) { return wrong_with({input}, {output + ",name=out"}).size(); }

/// A descriptor as the shell would have opened it for us.
struct inherited {
  explicit inherited(const std::string& path, int flags) : own(::open(path.c_str(), flags | O_CLOEXEC)) { REQUIRE(own); }
  [[nodiscard]] std::string endpoint() const { return fmt::format("fd:{}", own.get()); }
  fd own;
};

}  // namespace

TEST_CASE("two outputs do not write one file, whatever each calls it") {
  const temp_folder folder;
  write_file(folder / "a.log", "");
  std::filesystem::create_symlink("a.log", folder / "soft.log");
  std::filesystem::create_hard_link(folder / "a.log", folder / "hard.log");
  const inherited appends(folder / "a.log", O_WRONLY | O_APPEND), writes(folder / "a.log", O_WRONLY);
  for (const auto& other : {folder / "soft.log", folder / "hard.log", appends.endpoint(), writes.endpoint()}) {
    INFO(other);
    CHECK(wrong_with_outputs({folder / "a.log,share=yes,name=first", other + ",name=second"}).size() == 1);
    CHECK(wrong_with_outputs({other + ",name=second", folder / "a.log,share=yes,name=first"}).size() == 1);
  }
  CHECK(wrong_with_outputs({folder / "a.log", writes.endpoint()}) ==
        texts{"output '" + writes.endpoint() + "': " + (folder / "a.log") + " is written by output '" + (folder / "a.log") +
              "' already: leave one of the two out, or give it another file"});
}

TEST_CASE("outputs may write one file where neither spoils what the other writes") {
  const temp_folder folder;
  write_file(folder / "a.log", "");
  std::filesystem::create_symlink("a.log", folder / "soft.log");
  const inherited out(folder / "a.log", O_WRONLY);
  const fd errors(::dup(out.own.get()));  // > a.log 2>&1
  CHECK(wrong_with_outputs({out.endpoint(), fmt::format("fd:{}", errors.get())}) == texts{});
  CHECK(wrong_with_outputs({folder / "a.log,share=yes", folder / "soft.log,share=yes"}) == texts{});
}

TEST_CASE("outputs may share what is no regular file") {
  const inherited null("/dev/null", O_WRONLY);
  CHECK(wrong_with_outputs({"/dev/null", null.endpoint(), "file:/dev/zero"}) == texts{});
  const temp_folder folder;
  REQUIRE(::mkfifo((folder / "fifo").c_str(), 0600) == 0);
  const inherited fifo(folder / "fifo", O_RDWR);
  CHECK(wrong_with_outputs({"fifo:" + (folder / "fifo"), fifo.endpoint()}) == texts{});
}

TEST_CASE("a descriptor does not read what an output writes") {
  const temp_folder folder;
  write_file(folder / "a.log", "");
  const inherited reads(folder / "a.log", O_RDONLY), writes(folder / "a.log", O_WRONLY | O_APPEND);
  CHECK(wrong_with({reads.endpoint() + ",name=in"}, {folder / "a.log,name=out"}) ==
        texts{"output 'out': " + (folder / "a.log") +
              " is read by input 'in', so that its lines would come back for ever: write another file, or take other inputs only, "
              "with 'from'"});
  CHECK(loops(reads.endpoint(), writes.endpoint()) == 1);
  CHECK(loops(reads.endpoint(), folder / "b.log") == 0);
}

TEST_CASE("a tail does not follow what an output writes, there or not, by any spelling") {
  const temp_folder folder;
  std::filesystem::create_directory(folder / "logs");
  std::filesystem::create_directory_symlink("logs", folder / "link");
  const auto tail = "tail:" + (folder / "logs/*.log");
  for (const auto* each : {"logs/a.log", "link/a.log", "logs/../link/./a.log", "logs/{input}.log", "logs/a-%Y.log", "b.log,link=" }) {
    INFO(each);
    auto output = folder / each;
    if (output.ends_with('=')) output += folder / "link/now.log";
    CHECK(loops(tail, output) == 1);
  }
  CHECK(loops("tail:" + (folder / "*/a.log"), folder / "logs/a.log") == 1);
  CHECK(loops("tail:" + (folder / "link/a.log"), folder / "logs/a.log") == 1);
  for (const auto* each : {"a.log", "logs/a.txt", "logs/.a.log", "logs/deep/a.log"}) CHECK(loops(tail, folder / each) == 0);
}

TEST_CASE("a tail does not follow what an output has rotated") {
  const temp_folder folder;
  const auto numbered = folder / "a.log,rotate=1M,naming=number", timed = folder / "a.log,rotate=1M";
  CHECK(loops("tail:" + (folder / "a.log.[0-9]"), numbered) == 1);
  CHECK(loops("tail:" + (folder / "a.log.1"), numbered) == 1);
  CHECK(loops("tail:" + (folder / "a.log.*Z"), timed) == 1);
  CHECK(loops("tail:" + (folder / "a.log.1"), timed) == 0);
  CHECK(wrong_with({"tail:" + (folder / "a.log.1") + ",name=in"}, {numbered + ",name=out"}).at(0).starts_with(
      "output 'out': " + (folder / "a.log") + ", linked or rotated, is read by input 'in'"));
}

TEST_CASE("a tail does not follow another name of what an output writes") {
  const temp_folder folder;
  write_file(folder / "a.log", "");
  std::filesystem::create_hard_link(folder / "a.log", folder / "hard");
  std::filesystem::create_symlink("a.log", folder / "soft");
  const inherited writes(folder / "a.log", O_WRONLY);
  for (const auto& output : {folder / "a.log", writes.endpoint()}) {
    CHECK(loops("tail:" + (folder / "hard"), output) == 1);
    CHECK(loops("tail:" + (folder / "soft"), output) == 1);
    CHECK(loops("tail:" + (folder / "*.log"), output) == 1);
  }
}

TEST_CASE("an output may write what an input reads whose lines it does not take") {
  const temp_folder folder;
  const auto tail = "tail:" + (folder / "*.log") + ",name=tail";
  CHECK(wrong_with({tail, "fifo:x,name=fifo"}, {folder / "a.log,from=fifo", "null:,from=tail"}) == texts{});
}
