// The ends of a program, each in a process of its own. Python 3.11, measured with tests/bench/python_pair.py: of 100 records
// that are queued 0 come at sys.exit() or os._exit(), and of a forked child's 0 of 1, ever.
#include <catch2/catch.hpp>
#include <support/eventually.hpp>
#include <support/lines.hpp>
#include <support/process.hpp>
#include <support/temp_folder.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace logrelay {
namespace {

using namespace logrelay::support;
using strings = std::vector<std::string>;

struct ending {
  int status;
  strings lines;
  std::string errors;
};

ending end_by(const std::string& way) {
  const temp_folder folder;
  const auto file = folder / "log";
  process program({LOGRELAY_ENDINGS, way, file}, {.environment = {{"TSAN_OPTIONS", "die_after_fork=0:report_thread_leaks=0"},
                                                                  {"ASAN_OPTIONS", "detect_leaks=0"}}});  // threads still run
  const int status = program.status();
  UNSCOPED_INFO(program.errors());
  return {status, split_lines(read_file(file)), program.errors()};
}

strings numbered(const std::string& what, int count) {
  strings all;
  for (int i = 0; i < count; ++i) all.push_back(fmt::format("{} {}", what, i));
  return all;
}

strings those_of(const strings& lines, const std::string& who) {
  strings theirs;
  std::copy_if(lines.begin(), lines.end(), std::back_inserter(theirs), [&](const auto& line) { return line.starts_with(who); });
  return theirs;
}

/// Sanitizers cannot follow every fork: AddressSanitizer before LLVM 17 leaves its allocator's locks to the child as they were
/// at that moment, which then hangs in malloc(); ThreadSanitizer does not know the threads that a child makes.
bool hides_from_sanitizer(std::string_view way) {
#ifdef LOGRELAY_SANITIZED
  const std::string_view sanitizers = LOGRELAY_SANITIZED;
  if (!sanitizers.starts_with("address") && way != "fork-queued") return false;
  WARN("left out: " << sanitizers << " cannot follow " << way);
  return true;
#else
  return way.empty();
#endif
}

}  // namespace

TEST_CASE("ending: exit and quick_exit bring what is queued to a slow sink") {
  const std::string way = GENERATE("exit", "quick_exit");
  const auto ended = end_by(way);
  CHECK(ended.status == 7);
  CHECK(ended.lines == numbered("record", 100));
}

TEST_CASE("ending: exit brings what an output's sink has queued to its file") {
  const auto ended = end_by("sink");
  CHECK(ended.status == 7);
  CHECK(ended.lines == numbered("record", 100));
}

TEST_CASE("ending: exit does not wait for hung sinks beyond the deadline, however many there are") {
  const auto began = std::chrono::steady_clock::now();
  CHECK(end_by("hung").status == 7);
  CHECK(std::chrono::steady_clock::now() - began < 5s);  // one after the other, the forty took 10 s
}

TEST_CASE("ending: a forked child logs, and what its parent had queued comes once") {
  const std::string way = GENERATE("fork-direct", "fork-queued", "fork-buffered");
  if (hides_from_sanitizer(way)) return;
  const auto ended = end_by(way);
  CHECK(ended.status == 7);
  CHECK(those_of(ended.lines, "child") == numbered("child", 100));
  auto parent = numbered("parent", 100);
  parent.emplace_back("parent again");
  CHECK(those_of(ended.lines, "parent") == parent);
}

TEST_CASE("ending: a forked child in which no listener can be made logs straight to the sinks") {
  if (hides_from_sanitizer("fork-no-descriptors")) return;
  const auto ended = end_by("fork-no-descriptors");
  CHECK(ended.status == 7);
  CHECK(ended.lines == numbered("child", 100));
  CHECK(ended.errors.find("no listener can be made in process") != std::string::npos);
}

TEST_CASE("ending: a forked child that stops before its first record logs straight to the sinks") {
  if (hides_from_sanitizer("fork-stop")) return;
  const auto ended = end_by("fork-stop");
  CHECK(ended.status == 7);
  CHECK(ended.lines == numbered("child", 100));
}

TEST_CASE("ending: a fork at any moment finds locks that its child can take") {
  if (hides_from_sanitizer("fork-busy")) return;
  const auto ended = end_by("fork-busy");
  CHECK(ended.status == 7);
  CHECK(those_of(ended.lines, "child") == numbered("child", 20));
  REQUIRE(!ended.lines.empty());
  const auto parent = those_of(ended.lines, "parent");
  CHECK(ended.lines.back() == fmt::format("all {}", parent.size()));
  CHECK(parent == numbered("parent", static_cast<int>(parent.size())));
}

}  // namespace logrelay
