#include <logrelay/embed/sink_output.hpp>
#include <logrelay/embed/spdlog_record.hpp>
#include <logrelay/format/format.hpp>
#include <unit/embed/scripted_sink.hpp>

#include <catch2/catch.hpp>

namespace logrelay {
namespace {

using lines = std::vector<std::string>;

/// Records, each a piece.
class records final : public outgoing {
 public:
  explicit records(const lines& messages) {
    for (const auto& each : messages) {
      program_record one;
      one.own_level = spdlog::level::info;
      one.message = each;
      auto& to = packed_.emplace_back(packed_size(one), '\0');
      pack(one, to.data());
    }
    for (auto& each : packed_) pieces_.push_back({each.data(), each.size()});
  }
  [[nodiscard]] std::span<const iovec> pieces() const override { return std::span(pieces_).subspan(from_); }
  [[nodiscard]] std::size_t bytes() const override { return 0; }
  [[nodiscard]] bool mid_line() const override { return false; }
  [[nodiscard]] std::size_t line_end_before(std::size_t) const override { return 0; }
  [[nodiscard]] std::size_t first_line_end() const override { return 0; }
  void settle(std::size_t count) { from_ += count; }

 private:
  lines packed_;
  std::vector<iovec> pieces_;
  std::size_t from_ = 0;
};

struct fixture {
  fixture() { REQUIRE(out->open(wait).what == outcome::done); }
  std::shared_ptr<scripted_sink> sink = std::make_shared<scripted_sink>();
  std::shared_ptr<sink_door> door = std::make_shared<sink_door>(sink);
  std::shared_ptr<std::atomic<bool>> flush = std::make_shared<std::atomic<bool>>(false);
  std::unique_ptr<output> out = make_sink_output(door, flush);
  wake alarm;
  waiter wait{alarm};
};

}  // namespace

TEST_CASE("sink output: what a sink throws at stays the next record, with those before it taken") {
  const fixture my;
  records all({"one", "two", "three"});
  my.sink->on_log = [&](const auto& message) {
    if (message.payload.size() == 3 && message.payload[0] == 't') my.sink->throws = 1;
  };
  const auto how = my.out->write(all);
  CHECK(how.taken == 1);
  CHECK(how.what == outcome::retry);
  CHECK(how.why == "the sink threw: no space");
  CHECK(my.sink->lines() == lines{"one"});
}

TEST_CASE("sink output: a record is rejected at the third try, and the next has three again") {
  const fixture my;
  records all({"one", "two"});
  my.sink->throws = 5;
  CHECK(my.out->write(all).what == outcome::retry);
  CHECK(my.out->write(all).what == outcome::retry);
  CHECK(my.out->write(all).what == outcome::reject);
  all.settle(1);
  CHECK(my.out->write(all).what == outcome::retry);
  CHECK(my.out->write(all).what == outcome::retry);
  const auto how = my.out->write(all);
  CHECK(how.what == outcome::done);
  CHECK(how.taken == 1);
  CHECK(my.sink->lines() == lines{"two"});
}

TEST_CASE("sink output: what is no exception is caught too") {
  const fixture my;
  my.sink->on_log = [](const auto&) { throw 42; };
  const auto how = my.out->write(records({"one"}));
  CHECK(how.what == outcome::retry);
  CHECK(how.why == "the sink threw something that is no std::exception");
}

TEST_CASE("sink output: a stop is heeded between two records") {
  fixture my;
  my.sink->on_log = [&](const auto&) { my.wait.stop(); };
  const auto how = my.out->write(records({"one", "two"}));
  CHECK(how.taken == 1);
  CHECK(how.what == outcome::done);
}

TEST_CASE("sink output: a flush comes behind what is written, and once more when there is nothing more") {
  const fixture my;
  *my.flush = true;
  my.sink->on_log = [&](const auto&) { CHECK(my.sink->flushes == 0); };
  CHECK(my.out->write(records({"one"})).taken == 1);
  CHECK(my.sink->flushes == 1);
  CHECK(my.flush->load());  // more may be queued behind
  CHECK(my.out->idle().descriptor < 0);  // none that a child of fork would share
  my.sink->on_log = nullptr;
  CHECK(my.out->idle_event().what == outcome::done);
  CHECK_FALSE(my.flush->load());                         // who asks now is heard anew …
  CHECK(my.sink->flushes == 1);                          // … and what lies there already comes first
  CHECK(my.out->idle().until == steady_time::min());
  CHECK(my.out->write(records({"two"})).taken == 1);
  CHECK(my.sink->flushes == 2);
  CHECK(my.out->idle_event().what == outcome::done);
  CHECK(my.sink->flushes == 3);
  CHECK(my.out->idle().until == steady_time::max());
  CHECK(my.out->write(records({"three"})).taken == 1);
  CHECK(my.sink->flushes == 3);  // nobody asked
}

TEST_CASE("sink output: it writes nothing past who hangs in the sink, and says so") {
  const fixture my;
  CHECK(my.door->enter([&](auto&) {  // this very thread
    const auto how = my.out->write(records({"one"}));
    CHECK(how.taken == 0);
    CHECK(how.what == outcome::retry);
    CHECK(how.why == "somebody hangs in the sink");
  }));
}

TEST_CASE("sink output: the sink's level filters records, and lets notices through") {
  const fixture my;
  const auto level = make_sink_level(my.door);
  my.sink->set_level(spdlog::level::err);
  const records all({"info"});
  const auto piece = all.pieces().front();
  const std::string_view info(static_cast<const char*>(piece.iov_base), piece.iov_len);
  source from;
  from.decode = decoding::packed;
  const auto passes = [&](std::string_view bytes) { return level->passes(line_view(bytes, {}, from)); };
  CHECK_FALSE(passes(info));
  CHECK(passes("12 lines were dropped"));
  my.sink->set_level(spdlog::level::info);
  CHECK(passes(info));
}

}  // namespace logrelay
