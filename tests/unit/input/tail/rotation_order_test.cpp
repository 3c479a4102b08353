#include <logrelay/input/tail/rotation_order.hpp>

#include <catch2/catch.hpp>

#include <algorithm>

namespace logrelay {
namespace {

using names = std::vector<std::string>;

/// Files "/d/a.log" + end, in the order of their last writes; those of one string were written to at one moment.
names oldest_first(const std::vector<names>& ends_by_time) {
  std::vector<rotated_file> all;
  for (std::size_t time = 0; time < ends_by_time.size(); ++time)
    for (const auto& end : ends_by_time[time]) {
      rotated_file one{"/d/a.log" + end, {}};
      one.what.st_mtim.tv_nsec = static_cast<long>(time);
      all.push_back(one);
    }
  auto beside = all;
  std::erase_if(beside, [](const auto& each) { return each.path == "/d/a.log"; });
  const rotation_order order("/d/a.log", beside);
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  std::stable_sort(all.begin(), all.end(), [&](const auto& a, const auto& b) { return order.is_older(a.path, a.what.st_mtim, b.path, b.what.st_mtim); });
  names ends;
  for (const auto& each : all) ends.push_back(each.path.substr(8));
  return ends;
}

TEST_CASE("of numbered files the larger number is the older where their times do not tell") {
  CHECK(oldest_first({{"", ".1", ".10", ".2", ".9"}}) == names{".10", ".9", ".2", ".1", ""});
}

TEST_CASE("numbers that count down or up are told by the files' times and then go before those") {
  CHECK(oldest_first({{".3"}, {".1", ".2"}, {""}}) == names{".3", ".2", ".1", ""});
  CHECK(oldest_first({{".8", ".9"}, {".10", ".11"}, {""}}) == names{".8", ".9", ".10", ".11", ""});
  CHECK(oldest_first({{".4"}, {".2"}, {".1"}, {".3"}}) == names{".4", ".3", ".2", ".1"});  // somebody still wrote to one
}

TEST_CASE("of files with a time in their names the earlier is the older whatever their own times are") {
  CHECK(oldest_first({{"-20261122"}, {"-20261031"}}) == names{"-20261031", "-20261122"});
  CHECK(oldest_first({{".2026-11-22.10", ".2026-11-22.9", ".2026-11-21.11"}}) == names{".2026-11-21.11", ".2026-11-22.9", ".2026-11-22.10"});
  CHECK(oldest_first({{".20261122T140501.123456Z", ".20261122T140501.023456Z"}}) == names{".20261122T140501.023456Z", ".20261122T140501.123456Z"});
  CHECK(oldest_first({{"-1763820301", "-999999999"}}) == names{"-999999999", "-1763820301"});
}

TEST_CASE("of files with names of several kinds the times tell") {
  CHECK(oldest_first({{".2"}, {"-20261122"}, {".1"}}) == names{".2", "-20261122", ".1"});
}

TEST_CASE("what the path leads to is the newest") {
  CHECK(oldest_first({{""}, {"-20261122"}}) == names{"-20261122", ""});
  CHECK(oldest_first({{""}, {".1"}, {"-20261122"}}) == names{".1", "-20261122", ""});
}

}  // namespace
}  // namespace logrelay
