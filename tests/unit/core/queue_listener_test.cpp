#include <catch2/catch.hpp>
#include <logrelay/core/memory_queue.hpp>
#include <logrelay/core/queue_listener.hpp>
#include <logrelay/util/guarded.hpp>
#include <support/eventually.hpp>

#include <poll.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <new>
#include <random>
#include <string>
#include <vector>

namespace logrelay {
namespace {

using namespace std::chrono_literals;
using support::eventually;
using strings = std::vector<std::string>;

// What the test and the output, which lives in the listener's thread, share.
struct peer {
  std::string bytes;              // everything that was written, over all connections
  std::vector<std::size_t> opened;  // where each connection begins
  std::vector<std::size_t> torn;  // what close() was told
  std::uint64_t in_flight = 0;    // written on this connection, and not taken yet
  std::size_t reopens = 0, rotations = 0, finishes = 0, opens = 0, writes = 0, idle_events = 0;
  std::size_t closes = 0;
};

// An output whose every step can be replaced; each default takes everything at once.
struct script {
  std::function<result(peer&)> open = [](peer&) { return result{}; };
  std::function<write_result(peer&, const outgoing&)> write = [](peer&, const outgoing& lines) { return write_result{lines.bytes()}; };
  std::function<std::uint64_t(peer&)> unacked = [](peer& p) { return p.in_flight; };
  std::function<result(peer&)> finish = [](peer&) { return result{}; };
  std::function<result(peer&)> idle_event = [](peer&) { return result{}; };
  std::function<result(peer&)> reopen = [](peer&) { return result{}; };
  std::function<void(peer&)> close = [](peer&) {};
  bool keeps_place = false, datagrams = false;
  interest writable{}, idle{};
  std::size_t resend = 0;
};

class scripted_output final : public output {
 public:
  scripted_output(script steps, std::shared_ptr<guarded<peer>> other) : steps_(std::move(steps)), other_(std::move(other)) {}

  bool keeps_place() const override { return steps_.keeps_place; }
  bool datagrams() const override { return steps_.datagrams; }
  interest writable() const override { return steps_.writable; }
  interest idle() const override { return steps_.idle; }
  std::size_t resend_bytes() const override { return steps_.resend; }
  result open(waiter&) override {
    return other_->with([&](peer& p) {
      ++p.opens;
      auto how = steps_.open(p);
      if (how.what == outcome::done) p.opened.push_back(p.bytes.size());
      return how;
    });
  }
  write_result write(const outgoing& lines) override {
    return other_->with([&](peer& p) {
      ++p.writes;
      auto how = steps_.write(p, lines);
      std::size_t left = how.taken;
      for (const auto& piece : lines.pieces()) {
        if (left == 0) break;
        const std::size_t here = steps_.datagrams ? piece.iov_len : std::min(left, piece.iov_len);
        p.bytes.append(static_cast<const char*>(piece.iov_base), here);
        if (steps_.datagrams) p.bytes += '|';
        left -= steps_.datagrams ? 1 : here;
      }
      return how;
    });
  }
  std::uint64_t unacked() override { return other_->with([&](peer& p) { return steps_.unacked(p); }); }
  result idle_event() override {
    return other_->with([&](peer& p) { return ++p.idle_events, steps_.idle_event(p); });
  }
  result finish(waiter&) override {
    return other_->with([&](peer& p) { return ++p.finishes, steps_.finish(p); });
  }
  void close(std::size_t torn) noexcept override {
    other_->with([&](peer& p) {
      p.torn.push_back(torn);
      if (p.opened.size() > p.closes) steps_.close(p);
      p.closes = p.opened.size();
      p.in_flight = 0;
    });
  }
  result reopen() override {
    return other_->with([&](peer& p) { return ++p.reopens, steps_.reopen(p); });
  }
  result rotate() override {
    return other_->with([&](peer& p) { return ++p.rotations, result{}; });
  }
  std::uint64_t rotations() const override {
    return other_->with([](const peer& p) { return p.rotations; });
  }

 private:
  script steps_;
  std::shared_ptr<guarded<peer>> other_;
};

class unlucky_filter final : public filter {
 public:
  bool passes(const line_view& line) override { return line.line().find("no") == std::string_view::npos; }
};

// One listener with its queue, which nothing is pushed to but by the test.
class pair_of {
 public:
  explicit pair_of(script steps, encoding_rules encoding = {framing::newline, false, nullptr, nullptr, {}},
                   queue_rules rules = {.when_full = overflow::block})
      : listener({"name", std::make_unique<scripted_output>(std::move(steps), other), std::make_unique<line_encoder>(std::move(encoding)), 80ms,
                  [say = said](severity how, std::string_view text) {
                    say->with([&](auto& all) { all.push_back((how == severity::warning ? "warning: " : "notice: ") + std::string(text)); });
                  },
                  [count = done_calls] { ++*count; }}),
        lines(std::make_shared<memory_queue>(rules, pool, clock, queue_events{listener.on_lines(), [] {}, [](bool, const tally&) {}})) {}

  ~pair_of() {
    listener.abandon();
    CHECK(eventually([&] { return listener.done() || !started; }));
  }

  void start() { started = true, listener.start(lines); }
  void push(std::string_view text) {
    auto memory = pool.take(text.size());
    std::memcpy(memory->data(), text.data(), text.size());
    lines->push({memory, memory->data(), static_cast<std::uint32_t>(text.size()), framing::newline, false,
                 count_lines(text, framing::newline), clock.wall(), from});
  }
  /// Closes the queue and waits until the listener has ended by itself.
  void drain() {
    lines->close();
    listener.hurry();
    REQUIRE(eventually([&] { return listener.done(); }));
  }
  template <typename Function>
  auto see(Function function) {
    return other->with(function);
  }
  std::string bytes() { return see([](peer& p) { return p.bytes; }); }
  strings messages() { return said->with([](auto& all) { return all; }); }
  tally delivered() { return lines->account().delivered; }

  std::shared_ptr<guarded<peer>> other = std::make_shared<guarded<peer>>();
  std::shared_ptr<guarded<strings>> said = std::make_shared<guarded<strings>>();
  std::shared_ptr<std::atomic<int>> done_calls = std::make_shared<std::atomic<int>>(0);
  time_source clock;
  block_pool pool;
  std::shared_ptr<const source> from = std::make_shared<source>();
  bool started = false;
  queue_listener listener;
  std::shared_ptr<memory_queue> lines;
};

result fails(outcome what = outcome::retry) { return {what, "unable to do it: No luck"}; }

TEST_CASE("a listener delivers what is pushed and ends when its queue is closed") {
  pair_of it({});
  it.push("before\n");
  it.start();
  REQUIRE(eventually([&] { return it.delivered().lines == 1; }));
  it.push("one\ntwo\n");
  REQUIRE(eventually([&] { return it.delivered().lines == 3; }));
  it.drain();
  CHECK(it.bytes() == "before\none\ntwo\n");
  CHECK(it.lines->account().balances());
  CHECK(it.see([](peer& p) { return p.finishes; }) == 1);
  CHECK(it.see([](peer& p) { return p.torn; }) == std::vector<std::size_t>{0});
  CHECK(*it.done_calls == 1);
  CHECK(it.messages().empty());
}

TEST_CASE("a listener that cannot open its output says so once and tries again") {
  script steps;
  steps.open = [](peer& p) { return p.opens < 4 ? fails() : result{}; };
  pair_of it(steps);
  it.push("one\n");
  it.start();
  while (!eventually([&] { return it.delivered().lines == 1; }, 5ms)) it.listener.reopen();
  it.drain();
  CHECK(it.bytes() == "one\n");
  const auto said = it.messages();
  REQUIRE(said.size() == 2);
  CHECK(said[0].starts_with("warning: output 'name': unable to do it: No luck; "));
  CHECK(said[0].find(" queued, retrying in ") != std::string::npos);
  CHECK(said[1].starts_with("notice: output 'name': goes on after "));
  CHECK(said[1].ends_with("3 retries"));
  CHECK(it.listener.report().retries == 3);
  CHECK(it.listener.report().last_error == "unable to do it: No luck");
}

TEST_CASE("a request to reopen reaches an output that is not open where it keeps no place") {
  script steps;
  steps.keeps_place = GENERATE(false, true);
  steps.open = [](peer&) { return fails(); };
  steps.reopen = [](peer&) { return result{outcome::retry, "unable to use key"}; };
  pair_of it(steps);
  it.push("one\n");
  it.start();
  REQUIRE(eventually([&] { return it.see([](peer& p) { return p.opens; }) > 0; }));
  it.listener.reopen();
  REQUIRE(eventually([&] { return it.see([](peer& p) { return p.opens; }) > 1; }));
  CHECK(it.see([](peer& p) { return p.reopens; }) == (steps.keeps_place ? 0 : 1));
  if (!steps.keeps_place) CHECK(it.messages().back() == "warning: output 'name': unable to use key");
}

TEST_CASE("a write that takes a part goes on in mid-line") {
  script steps;
  steps.write = [](peer&, const outgoing& lines) { return write_result{std::min<std::size_t>(lines.bytes(), 3)}; };
  pair_of it(steps);
  it.push("hello\nworld and more\n");
  it.start();
  it.drain();
  CHECK(it.bytes() == "hello\nworld and more\n");
  CHECK(it.delivered() == tally{2, 21});
}

TEST_CASE("an output that rests is closed without a word and opened again for the next line") {
  script steps;
  steps.idle = {.until = steady_time::min()};
  steps.idle_event = [](peer& p) { return p.bytes == "one\n" ? result{outcome::rest, {}} : result{}; };
  pair_of it(steps);
  it.push("one\n");
  it.start();
  REQUIRE(eventually([&] { return it.see([](peer& p) { return p.closes; }) == 1; }));
  CHECK(it.see([](peer& p) { return p.opens; }) == 1);
  it.push("two\n");
  REQUIRE(eventually([&] { return it.delivered().lines == 2; }));
  it.drain();
  CHECK(it.bytes() == "one\ntwo\n");
  CHECK(it.see([](peer& p) { return p.opens; }) == 2);
  CHECK(it.listener.report().retries == 0);
  CHECK(it.messages().empty());
}

TEST_CASE("an output that rests at the end is not opened again for nothing") {
  script steps;
  steps.idle = {.until = steady_time::min()};
  steps.idle_event = [](peer&) { return result{outcome::rest, {}}; };
  pair_of it(steps);
  it.start();
  REQUIRE(eventually([&] { return it.see([](peer& p) { return p.closes; }) == 1; }));
  it.drain();
  CHECK(it.see([](peer& p) { return p.opens; }) == 1);
}

TEST_CASE("an output may rest with lines waiting for it and they are written to the next one") {
  script steps;
  steps.write = [](peer& p, const outgoing& lines) {
    return p.opens == 1 ? write_result{0, outcome::rest} : write_result{lines.bytes()};
  };
  pair_of it(steps);
  it.push("one\ntwo\n");
  it.start();
  it.drain();
  CHECK(it.bytes() == "one\ntwo\n");
  CHECK(it.see([](peer& p) { return p.opens; }) == 2);
  CHECK(it.messages().empty());
}

TEST_CASE("what a lost connection had acked last is sent again where that is asked for") {
  script steps;
  steps.resend = 5;
  steps.write = [](peer& p, const outgoing& lines) {
    return p.writes == 2 ? write_result{0, outcome::retry, "gone"} : write_result{lines.bytes()};
  };
  pair_of it(steps);
  it.push("one\ntwo\nthree\n");
  it.start();
  REQUIRE(eventually([&] { return it.delivered().lines == 3; }));
  it.push("four\n");
  REQUIRE(eventually([&] { return it.delivered().lines == 4; }));
  it.drain();
  CHECK(it.bytes() == "one\ntwo\nthree\nthree\nfour\n");
  CHECK(it.delivered() == tally{4, 19});
  CHECK(it.lines->account().balances());
}

TEST_CASE("a peer that is lost at the very end gets the last lines again") {
  script steps;
  steps.resend = 100;
  steps.finish = [](peer& p) { return p.finishes == 1 ? fails() : result{}; };
  pair_of it(steps);
  it.push("one\ntwo\n");
  it.start();
  it.drain();
  CHECK(it.bytes() == "one\ntwo\none\ntwo\n");
  CHECK(it.delivered() == tally{2, 8});
}

// An output whose connection is lost, once it has taken something, before the lines end; then nobody answers until `back`.
script lost_before_the_end(std::atomic<bool>& back) {
  script steps;
  steps.resend = 100;
  steps.idle = {.until = steady_time::min()};
  steps.idle_event = [](peer& p) { return p.opened.size() == 1 && !p.bytes.empty() ? fails() : result{}; };
  steps.open = [&back](peer& p) { return p.opened.empty() || back ? result{} : fails(); };
  return steps;
}

TEST_CASE("where lines are to be sent again a connection that is lost before the end is waited for") {
  std::atomic<bool> back{false};
  pair_of it(lost_before_the_end(back));
  it.push("one\ntwo\n");
  it.start();
  REQUIRE(eventually([&] { return it.see([](peer& p) { return p.closes; }) == 1; }));
  it.lines->close();
  it.listener.hurry();
  CHECK_FALSE(eventually([&] { return it.listener.done(); }, 20ms));
  const auto moved = it.lines->account().last_progress;
  SECTION("it comes back") {
    back = true;
    REQUIRE(eventually([&] { return it.listener.done(); }));
    CHECK(it.bytes() == "one\ntwo\none\ntwo\n");
    CHECK(it.listener.report().in_doubt_bytes == 0);
    CHECK(it.lines->account().last_progress == moved);  // or one that is lost each time would never be given up
  }
  SECTION("it does not, and that is told") {
    it.listener.abandon();
    REQUIRE(eventually([&] { return it.listener.done(); }));
    CHECK(it.listener.report().in_doubt_bytes == 8);
  }
  CHECK(it.delivered() == tally{2, 8});
}

TEST_CASE("an output that rests has its say first where lines are to be sent again") {
  const auto [said, again] = GENERATE(table<result, std::string>({
      {result{}, ""},                              // it has read everything
      {fails(), "one\n"},                          // it is lost
      {{outcome::done, "it says no word"}, "one\n"},  // nobody knows
  }));
  script steps;
  steps.resend = 100;
  steps.idle = {.until = steady_time::min()};
  steps.idle_event = [](peer& p) { return p.bytes == "one\n" ? result{outcome::rest, {}} : result{}; };
  steps.finish = [said = said](peer& p) { return p.finishes == 1 ? said : result{}; };
  pair_of it(steps);
  it.push("one\n");
  it.start();
  REQUIRE(eventually([&] { return it.see([](peer& p) { return p.closes; }) == 1; }));
  it.push("two\n");
  REQUIRE(eventually([&] { return it.delivered().lines == 2; }));
  it.drain();
  CHECK(it.bytes() == "one\n" + again + "two\n");
}

TEST_CASE("what is still to be sent again when an output rests goes to the next connection at once") {
  script steps;
  steps.resend = 100;
  steps.idle = {.until = steady_time::min()};
  steps.idle_event = [](peer& p) { return p.opened.size() == 1 && !p.bytes.empty() ? fails() : result{}; };
  steps.write = [](peer& p, const outgoing& lines) {
    if (p.opened.size() != 2) return write_result{lines.bytes()};
    return p.bytes.size() == 8 ? write_result{4} : write_result{0, outcome::rest};
  };
  pair_of it(steps);
  it.push("one\ntwo\n");
  it.start();
  REQUIRE(eventually([&] { return it.bytes() == "one\ntwo\none\ntwo\n"; }));
  CHECK(it.see([](peer& p) { return p.opened; }) == std::vector<std::size_t>{0, 8, 12});
  it.drain();
  CHECK(it.listener.report().in_doubt_bytes == 0);
  CHECK(it.delivered() == tally{2, 8});
}

TEST_CASE("a lost connection begins again with the first line that was not acked") {
  script steps;
  steps.write = [](peer& p, const outgoing& lines) {
    if (p.writes == 1) return p.in_flight = 9, write_result{13};                      // "one\ntwo\nthree": the peer has "one\n"
    if (p.writes == 2) return p.in_flight = 3, write_result{0, outcome::retry, "gone"};  // and, before it goes, "two\nth"
    return write_result{lines.bytes()};
  };
  steps.keeps_place = false;
  pair_of it(steps);
  it.push("one\ntwo\nthree\nfour\n");
  it.start();
  it.drain();
  CHECK(it.bytes() == "one\ntwo\nthreethree\nfour\n");
  CHECK(it.see([](peer& p) { return p.opened; }) == std::vector<std::size_t>{0, 13});
  CHECK(it.delivered() == tally{4, 19});
}

TEST_CASE("an output that keeps its place goes on in mid-line after a failure") {
  script steps;
  steps.keeps_place = true;
  steps.write = [](peer& p, const outgoing& lines) {
    if (p.writes == 1) return write_result{6, outcome::retry, "full"};
    if (p.writes < 4) return write_result{0, outcome::retry, "full"};
    return write_result{lines.bytes()};
  };
  pair_of it(steps);
  it.push("one\ntwo\nthree\n");
  it.start();
  while (!eventually([&] { return it.delivered().lines == 3; }, 5ms)) it.listener.reopen();
  it.drain();
  CHECK(it.bytes() == "one\ntwo\nthree\n");
  CHECK(it.messages().size() == 2);
  CHECK(it.see([](peer& p) { return p.torn; }) == std::vector<std::size_t>{0});
}

TEST_CASE("a listener that is told to stop tells its output what is torn, and the line stays pending") {
  script steps;
  steps.keeps_place = true;
  steps.write = [](peer& p, const outgoing&) {
    return p.writes == 1 ? write_result{6, outcome::retry, "full"} : write_result{0, outcome::retry, "full"};
  };
  pair_of it(steps);
  it.push("one\ntwo\nthree\n");
  it.start();
  REQUIRE(eventually([&] { return it.delivered().lines == 1; }));
  it.listener.abandon();
  REQUIRE(eventually([&] { return it.listener.done(); }));
  CHECK(it.see([](peer& p) { return p.torn; }) == std::vector<std::size_t>{2});
  CHECK(it.lines->account().pending == tally{2, 10});
  CHECK(it.lines->account().balances());
}

TEST_CASE("lines are settled as the other side takes them") {
  script steps;
  steps.write = [](peer& p, const outgoing& lines) { return p.in_flight += lines.bytes(), write_result{lines.bytes()}; };
  pair_of it(steps);
  it.push("one\ntwo\nthree\n");
  it.start();
  REQUIRE(eventually([&] { return it.bytes().size() == 14; }));
  CHECK(it.delivered() == tally{});
  it.see([](peer& p) { p.in_flight = 7; });
  REQUIRE(eventually([&] { return it.delivered() == tally{1, 4}; }));
  it.see([](peer& p) { p.in_flight = 6; });
  REQUIRE(eventually([&] { return it.delivered() == tally{2, 8}; }));
  it.see([](peer& p) { p.in_flight = 14; });  // as if others wrote too
  it.push("four\n");
  REQUIRE(eventually([&] { return it.bytes().size() == 19; }));
  CHECK(it.delivered() == tally{2, 8});
  it.see([](peer& p) { p.in_flight = 0; });
  it.drain();
  CHECK(it.delivered() == tally{4, 19});
}

TEST_CASE("an output that is closed for good gets nothing more, and its lines count as filtered") {
  script steps;
  steps.write = [](peer&, const outgoing&) { return write_result{5, outcome::end, "closed"}; };
  const wake always;
  steps.idle = {always.descriptor(), POLLOUT};  // as a pipe without a reader says POLLERR for ever
  steps.idle_event = [](peer&) { return fails(outcome::end); };
  pair_of it(steps);
  it.push("one\ntwo\n");
  it.start();
  REQUIRE(eventually([&] { return it.lines->account().pending.lines == 0; }));
  CHECK(it.listener.report().ended);
  it.push("three\n");
  REQUIRE(eventually([&] { return it.lines->account().pending.lines == 0; }));
  CHECK(it.lines->account().delivered.lines + it.lines->account().filtered.lines == 3);
  it.drain();
  CHECK(it.see([](peer& p) { return p.idle_events; }) <= 1);
  CHECK(it.see([](peer& p) { return p.writes; }) <= 1);
  CHECK(it.lines->account().balances());
  CHECK(it.messages().empty());
}

TEST_CASE("an output that goes while it is idle is opened again, and settles what it had taken") {
  wake goes;
  script steps;
  steps.idle = {goes.descriptor(), POLLIN};
  steps.idle_event = [&goes](peer& p) { return goes.clear(), p.in_flight = 4, fails(); };
  steps.write = [](peer& p, const outgoing& lines) { return p.in_flight = p.writes == 1 ? lines.bytes() : 0, write_result{lines.bytes()}; };
  pair_of it(steps);
  it.push("one\ntwo\n");
  it.start();
  REQUIRE(eventually([&] { return it.bytes().size() == 8; }));
  goes.signal();
  it.drain();
  CHECK(it.bytes() == "one\ntwo\ntwo\n");
  CHECK(it.delivered().lines == 2);
}

TEST_CASE("a line that can never be taken is rejected, and those behind it go on") {
  script steps;
  steps.datagrams = true;
  steps.write = [](peer&, const outgoing& lines) -> write_result {
    std::size_t fits = 0;
    while (fits < lines.pieces().size() && lines.pieces()[fits].iov_len < 10) ++fits;
    if (fits == 0) return {0, outcome::reject, "Message too long"};
    return {fits};
  };
  pair_of it(steps, {std::nullopt, false, nullptr, nullptr, {}});
  it.push("one\n\nmuch too long\nlong as well\ntwo\n");
  it.start();
  it.drain();
  CHECK(it.bytes() == "one||two|");
  CHECK(it.lines->account().delivered == tally{3, 9});
  CHECK(it.lines->account().rejected == tally{2, 27});
  CHECK(it.lines->account().balances());
  CHECK(it.listener.report().last_error == "Message too long");
}

// There is memory for most lines.
class greedy_format final : public format {
 public:
  explicit greedy_format(std::shared_ptr<std::atomic<int>> fails) : fails_(std::move(fails)) {}
  void append(const line_view& line, std::string& to) override {
    if (line.line() == "much" && --*fails_ >= 0) throw std::bad_alloc();
    to.append(line.line());
  }

 private:
  const std::shared_ptr<std::atomic<int>> fails_;
};

TEST_CASE("a line that there is no memory to encode is tried again, and those before it are not") {
  const auto fails = std::make_shared<std::atomic<int>>(3);  // one of all lines at once, two of that one alone
  script steps;
  steps.keeps_place = GENERATE(false, true);
  pair_of it(steps, {framing::newline, false, nullptr, std::make_unique<greedy_format>(fails), {}});
  it.push("one\ntwo\nmuch\nthree\n");
  it.start();
  it.drain();
  CHECK(it.bytes() == "one\ntwo\nmuch\nthree\n");
  CHECK(it.delivered().lines == 4);
  CHECK(it.listener.report().retries == 2);
  CHECK(it.see([](peer& p) { return p.opens; }) == 1);
  REQUIRE(!it.messages().empty());
  CHECK_THAT(it.messages()[0], Catch::StartsWith("warning: output 'name': unable to encode a line of 5 B: out of memory; "));
}

TEST_CASE("a line that there never is memory to encode is rejected, and those behind it go on") {
  const auto fails = std::make_shared<std::atomic<int>>(1'000'000);
  script steps;
  steps.keeps_place = GENERATE(false, true);
  pair_of it(steps, {framing::newline, false, nullptr, std::make_unique<greedy_format>(fails), {}});
  it.push("one\nmuch\ntwo\nmuch\n");
  it.start();
  it.drain();
  CHECK(it.bytes() == "one\ntwo\n");
  CHECK(it.delivered() == tally{2, 8});
  CHECK(it.lines->account().rejected == tally{2, 10});
  CHECK(it.lines->account().balances());
  CHECK_THAT(it.listener.report().last_error, Catch::Contains("out of memory"));
  const auto said = it.messages();
  CHECK(std::count_if(said.begin(), said.end(), [](const auto& each) { return each.find("rejected after 3 tries") != std::string::npos; }) == 2);
}

encoding_rules choosy() {
  encoding_rules rules{framing::newline, false, nullptr, nullptr, {}};
  rules.filters.push_back(std::make_unique<unlucky_filter>());
  return rules;
}

TEST_CASE("filtered lines are settled even when nothing else is written") {
  pair_of it({}, choosy());
  it.start();
  it.push("no\nno\n");
  REQUIRE(eventually([&] { return it.lines->account().filtered == tally{2, 6}; }));
  it.push("yes\nno\n");
  it.drain();
  CHECK(it.bytes() == "yes\n");
  CHECK(it.lines->account().filtered == tally{3, 9});
  CHECK(it.delivered() == tally{1, 4});
}

TEST_CASE("lines that filters leave out do not keep the queue full") {
  std::string text;
  for (int i = 0; i < 60'000; ++i) text += "no, this line is not for us at all\n";
  pair_of it({}, choosy(), {.capacity_bytes = 64 * 1024 * 1024, .when_full = overflow::block});
  for (int i = 0; i < 5; ++i) it.push(text);
  it.start();
  REQUIRE(eventually([&] { return it.lines->account().filtered.lines > 0; }));
  it.drain();
  CHECK(it.lines->account().filtered.lines == 300'000);
}

TEST_CASE("an output that cannot be opened holds nobody up when there is nothing to bring") {
  script steps;
  steps.open = [](peer&) { return fails(); };
  pair_of it(steps);
  it.start();
  REQUIRE(eventually([&] { return it.see([](peer& p) { return p.opens; }) > 0; }));
  it.drain();  // also in the middle of a pause
  CHECK(it.see([](peer& p) { return p.finishes; }) == 0);
}

TEST_CASE("every output is opened once, even for no lines") {
  pair_of it({});
  it.lines->close();
  it.start();
  REQUIRE(eventually([&] { return it.listener.done(); }));
  CHECK(it.see([](peer& p) { return p.opens; }) == 1);
  CHECK(it.see([](peer& p) { return p.finishes; }) == 1);
}

TEST_CASE("an output that is not done with what it has is waited for") {
  script steps;
  steps.finish = [](peer& p) { return p.finishes < 3 ? fails() : result{}; };
  pair_of it(steps);
  it.push("one\n");
  it.start();
  it.drain();
  CHECK(it.see([](peer& p) { return p.finishes; }) == 3);
}

TEST_CASE("requests are heard while the output sleeps, and wait for a line's end") {
  script steps;
  std::atomic<bool> all{true};
  wake writable;
  steps.writable = {writable.descriptor(), POLLIN};
  steps.write = [&all](peer&, const outgoing& lines) { return all ? write_result{lines.bytes()} : write_result{std::min<std::size_t>(lines.bytes(), lines.mid_line() ? 0 : 2)}; };
  pair_of it(steps);
  it.start();
  it.push("one\n");
  REQUIRE(eventually([&] { return it.delivered().lines == 1; }));
  it.listener.rotate();
  REQUIRE(eventually([&] { return it.listener.report().rotations == 1 || it.see([](peer& p) { return p.rotations; }) == 1; }));
  all = false;
  it.push("two\n");
  REQUIRE(eventually([&] { return it.bytes().size() == 6; }));
  const auto writes = it.see([](peer& p) { return p.writes; });
  it.listener.reopen();
  REQUIRE(eventually([&] { return it.see([](peer& p) { return p.writes; }) > writes; }));
  CHECK(it.see([](peer& p) { return p.reopens; }) == 0);
  all = true;
  writable.signal();
  REQUIRE(eventually([&] { return it.delivered().lines == 2; }));
  it.push("three\n");
  REQUIRE(eventually([&] { return it.see([](peer& p) { return p.reopens; }) == 1; }));
  it.drain();
  CHECK(it.listener.report().rotations == 1);
}

TEST_CASE("a listener that hangs in its output is let go and ends later by itself") {
  auto hang = std::make_shared<std::atomic<bool>>(true);
  auto hung = std::make_shared<std::atomic<bool>>(false);
  std::weak_ptr<guarded<peer>> alive;
  {
    script steps;
    steps.open = [hang, hung](peer&) {
      *hung = true;
      while (*hang) std::this_thread::yield();
      return result{};
    };
    auto other = std::make_shared<guarded<peer>>();
    alive = other;
    block_pool pool;
    static const time_source clock;
    queue_listener listener({"hung", std::make_unique<scripted_output>(steps, std::move(other)),
                             std::make_unique<line_encoder>(encoding_rules{framing::newline, false, nullptr, nullptr, {}}), 2s,
                             [](severity, std::string_view) {}, [] {}});
    listener.start(std::make_shared<memory_queue>(queue_rules{}, pool, clock, queue_events{listener.on_lines(), [] {}, [](bool, const tally&) {}}));
    REQUIRE(eventually([&] { return hung->load(); }));
    listener.abandon();
    CHECK_FALSE(listener.done());
  }
  CHECK_FALSE(alive.expired());
  *hang = false;
  CHECK(eventually([&] { return alive.expired(); }));
}

// A peer that takes bits, acks late, and goes at random; what it had acked when it went is all it keeps.
TEST_CASE("whatever connections do, every line arrives once and in order") {
  const bool keeps_place = GENERATE(false, true);
  const int seed = GENERATE(range(0, 8));
  struct world {
    std::minstd_rand random;
    std::string connection;  // what this connection has got
    std::string kept;        // whole lines that the peer acked
    queue_listener* listener = nullptr;
  };
  auto shared = std::make_shared<guarded<world>>();
  shared->with([&](world& w) { w.random.seed(static_cast<unsigned>(seed) + 1); });

  script steps;
  steps.keeps_place = keeps_place;
  // A line that was torn when the connection went comes again as a whole; what was acked of it is not kept.
  steps.close = [shared](peer& p) {
    shared->with([&](world& w) {
      const auto acked = w.connection.substr(0, w.connection.size() - p.in_flight);
      w.kept += acked.substr(0, acked.rfind('\n') + 1);
      w.connection.clear();
    });
  };
  const auto no_pause = [shared] { shared->with([](world& w) { w.listener->reopen(); }); };
  steps.open = [shared, no_pause](peer&) {
    if (shared->with([&](world& w) { return w.random() % 4 != 0; })) return result{};
    no_pause();
    return fails();
  };
  steps.unacked = [shared](peer& p) {
    return shared->with([&](world& w) { return p.in_flight -= p.in_flight == 0 ? 0 : w.random() % (p.in_flight + 1); });
  };
  steps.write = [shared, no_pause](peer& p, const outgoing& lines) -> write_result {
    const auto [taken, goes] = shared->with([&](world& w) {
      const std::size_t all = w.random() % 8 == 0 ? 0 : w.random() % 4 == 0 ? lines.bytes() : w.random() % (lines.bytes() + 1);
      std::size_t most = all;
      for (const auto& piece : lines.pieces()) {
        const auto here = std::min(most, piece.iov_len);
        w.connection.append(static_cast<const char*>(piece.iov_base), here);
        most -= here;
      }
      return std::pair(all, w.random() % 10 == 0);
    });
    p.in_flight += taken;
    if (!goes) return {taken};
    no_pause();
    return {taken, outcome::retry, "gone"};
  };

  pair_of it(steps, {framing::newline, false, nullptr, nullptr, {}}, {.capacity_bytes = 20'000, .when_full = overflow::block});
  shared->with([&](world& w) { w.listener = &it.listener; });
  it.start();
  std::string expected;
  for (int i = 0; i < 400; ++i) {
    std::string text;
    for (int n = i % 7; n >= 0; --n) text += std::to_string(i) + std::string(static_cast<std::size_t>(i * n % 300), 'x') + "\n";
    while (it.lines->room_now().bytes == 0) std::this_thread::yield();
    it.push(text);
    expected += text;
    REQUIRE(it.lines->account().balances());
  }
  it.drain();
  const auto got = shared->with([](world& w) { return w.kept; });
  CHECK((got == expected));
  CHECK(it.delivered() == count_lines(expected, framing::newline));
  CHECK(it.messages().size() <= 2);  // one failure, and its end
}


TEST_CASE("a listener that retires brings its line to an end and leaves the rest to the next one") {
  std::atomic<bool> moves{false};
  script steps;
  steps.keeps_place = true;
  steps.write = [&moves](peer& p, const outgoing&) {
    if (p.writes == 1) return write_result{6};  // "one\ntw"
    return write_result{moves ? std::size_t{1} : std::size_t{0}};
  };
  pair_of it(steps);
  it.push("one\ntwo\nthree\n");
  it.start();
  REQUIRE(eventually([&] { return it.see([](peer& p) { return p.writes > 1; }); }));
  it.listener.retire();
  CHECK_FALSE(eventually([&] { return it.listener.done(); }, 20ms));
  CHECK(it.listener.keeps_place());
  moves = true;
  REQUIRE(eventually([&] { return it.listener.done(); }));
  CHECK(it.bytes() == "one\ntwo\n");
  CHECK(it.see([](peer& p) { return p.torn; }) == std::vector<std::size_t>{0});
  CHECK(it.lines->account().pending.lines == 1);
  CHECK(it.lines->account().balances());

  it.lines->rewind();
  std::vector<batch> rest;
  it.lines->take(rest, 100);
  REQUIRE(rest.size() == 1);
  CHECK(rest.front().bytes() == "three\n");
}

TEST_CASE("a listener that has nobody to talk to retires at once and the next has all of its lines") {
  script steps;
  steps.open = [](peer&) { return fails(); };
  pair_of it(steps);
  it.push("one\n");
  it.start();
  REQUIRE(eventually([&] { return it.see([](peer& p) { return p.opens > 0; }); }));
  it.listener.retire();
  REQUIRE(eventually([&] { return it.listener.done(); }));
  it.lines->rewind();

  auto other = std::make_shared<guarded<peer>>();
  queue_listener next({"name", std::make_unique<scripted_output>(script{}, other),
                       std::make_unique<line_encoder>(encoding_rules{framing::newline, false, nullptr, nullptr, {}}), 80ms,
                       [](severity, std::string_view) {}, [] {}});
  next.start(it.lines);
  REQUIRE(eventually([&] { return it.delivered().lines == 1; }));
  it.lines->close();
  next.hurry();  // the queue wakes the first one only: they have no alarm in common here
  REQUIRE(eventually([&] { return next.done(); }));
  CHECK(other->with([](peer& p) { return p.bytes; }) == "one\n");
}

TEST_CASE("what a listener that retires is not sure of the next one sends first") {
  std::atomic<bool> back{false};
  script steps = lost_before_the_end(back);
  SECTION("since its connection was lost") {}
  SECTION("since nobody says that it was read") {
    steps.idle_event = [](peer&) { return result{}; };
    steps.finish = [](peer&) { return result{outcome::done, "it says no word"}; };
  }
  pair_of it(steps);
  it.push("one\ntwo\n");
  it.start();
  REQUIRE(eventually([&] { return it.delivered().lines == 2; }));
  it.push("three\n");
  REQUIRE(eventually([&] { return it.see([](peer& p) { return p.closes; }) == 1 || it.delivered().lines == 3; }));
  it.listener.retire();
  REQUIRE(eventually([&] { return it.listener.done(); }));
  it.lines->rewind();
  const auto owed = it.listener.take_owed();

  const auto next_with = [&](std::size_t resend, framing frames, const std::shared_ptr<guarded<peer>>& other) {
    script next;
    next.resend = resend;
    return std::make_unique<queue_listener>(
        listener_parts{"name", std::make_unique<scripted_output>(next, other), std::make_unique<line_encoder>(encoding_rules{frames, false, nullptr, nullptr, {}}),
                       80ms, [](severity, std::string_view) {}, [] {}});
  };
  auto other = std::make_shared<guarded<peer>>();
  CHECK_FALSE(next_with(0, framing::newline, other)->owe(owed));
  CHECK_FALSE(next_with(100, framing::octet, other)->owe(owed));
  const auto next = next_with(100, framing::newline, other);
  REQUIRE(next->owe(owed));
  next->start(it.lines);
  it.lines->close();
  next->hurry();  // the queue wakes the first one only: they have no alarm in common here
  REQUIRE(eventually([&] { return next->done(); }));
  CHECK(other->with([](peer& p) { return p.bytes; }).starts_with("one\ntwo\n"));
  CHECK(it.delivered() == tally{3, 14});
}

TEST_CASE("a listener that retires waits for what the other side has not taken yet") {
  std::atomic<std::uint64_t> in_flight{4};
  script steps;
  steps.unacked = [&in_flight](peer&) { return in_flight.load(); };
  pair_of it(steps);
  it.push("one\n");
  it.start();
  REQUIRE(eventually([&] { return it.bytes() == "one\n"; }));
  it.listener.retire();
  CHECK_FALSE(eventually([&] { return it.listener.done(); }, 20ms));
  it.push("two\n");
  in_flight = 0;
  REQUIRE(eventually([&] { return it.listener.done(); }));
  CHECK(it.delivered().lines == 1);
  CHECK(it.lines->account().pending.lines == 1);
  CHECK(it.bytes() == "one\n");
}
}  // namespace
}  // namespace logrelay
