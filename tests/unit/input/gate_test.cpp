#include <support/lines.hpp>
#include <support/reading.hpp>
#include <support/sockets.hpp>

#include <catch2/catch.hpp>

#include <map>
#include <thread>

namespace logrelay {
namespace {

using namespace support;

queue_rules small(overflow when_full) {
  queue_rules rules;
  rules.capacity_bytes = 16 * 1024;
  rules.when_full = when_full;
  return rules;
}

TEST_CASE("of many streams that wait for room none is forgotten") {
  reading in("tcp://127.0.0.1:0", small(overflow::block));
  in.start();
  std::vector<fd> peers;
  for (int i = 0; i < 40; ++i) peers.push_back(connected_tcp(in.port()));
  for (const auto& each : peers) write_all(each, numbered_lines(0, 1000));
  REQUIRE(eventually([&] { return in.held(); }));
  REQUIRE(in.comes_lines(40'000));
  std::map<std::string, std::uint64_t> next;
  for (const auto& each : in.lines())
    REQUIRE(each.text.starts_with(numbered_lines(next[each.peer]++, 1).substr(0, 10)));
  CHECK(next.size() == 40);
}

TEST_CASE("a stream that waits for room is let go with it and the others go on") {
  reading in("tcp://127.0.0.1:0", small(overflow::block));
  in.start();
  fd first = connected_tcp(in.port());
  const fd second = connected_tcp(in.port());
  write_all(first, numbered_lines(0, 1000));
  write_all(second, numbered_lines(0, 1000));
  REQUIRE(eventually([&] { return in.held(); }));
  reset(std::move(first));
  REQUIRE(eventually([&] { return in.lines().size() >= 1000 && in.in().connections == 1; }));
  write_all(second, "last\n");
  CHECK(eventually([&] { return in.text().ends_with("last\n"); }));
}

TEST_CASE("an adaptive queue holds an input for as long as its output may be dead and not longer") {
  auto rules = small(overflow::adaptive);
  rules.stall_after = 100ms;
  const pipe_ends pipe = make_pipe();
  reading in("fd:" + std::to_string(pipe.reading.get()), rules);
  in.start();
  write_all(pipe.writing, numbered_lines(0, 100'000));  // as much as no pipe holds: it must be read, and dropped
  REQUIRE(eventually([&] { return in.in().counters.lines == 100'000; }));
  const auto account = in.account();
  CHECK(account.dropped().lines > 0);
  CHECK(account.balances());
  const auto held = in.in().held.by_output(std::chrono::steady_clock::now());
  REQUIRE(held.size() == 1);
  CHECK(held[0].count() >= 0.09);
}

TEST_CASE("two inputs that wait for one queue both go on when it has room") {
  const pipe_ends one = make_pipe(), two = make_pipe();
  reading in({"fd:" + std::to_string(one.reading.get()), "fd:" + std::to_string(two.reading.get())},
             small(overflow::block));
  in.start();
  std::thread first([&] { write_all(one.writing, numbered_lines(0, 20'000)); });
  std::thread second([&] { write_all(two.writing, numbered_lines(0, 20'000)); });
  REQUIRE(eventually([&] { return in.held(0) || in.held(1); }));
  CHECK(in.comes_lines(40'000));
  first.join();
  second.join();
}

}  // namespace
}  // namespace logrelay
