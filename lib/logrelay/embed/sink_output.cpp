#include <logrelay/embed/sink_output.hpp>

#include <logrelay/embed/spdlog_record.hpp>

#include <fmt/format.h>

#include <utility>

namespace logrelay {
namespace {

constexpr int most_tries = 3;

class sink_output final : public output {
 public:
  sink_output(std::shared_ptr<sink_door> door, std::shared_ptr<std::atomic<bool>> flush) : door_(std::move(door)), flush_(std::move(flush)) {}

  bool datagrams() const override { return true; }
  bool keeps_place() const override { return true; }

  result open(waiter& wait) override {
    wait_ = &wait;
    return {};
  }

  write_result write(const outgoing& lines) override {
    std::size_t taken = 0;
    const auto now = std::chrono::system_clock::now();
    for (const auto& piece : lines.pieces()) {
      if (wait_->stopping()) return {taken};  // a slow sink is let go between two records, so that none comes late
      const auto message = message_of({static_cast<const char*>(piece.iov_base), piece.iov_len}, now);
      auto why = tried([&](auto& sink) { sink.log(message); });
      if (!why.empty()) {
        const bool once_more = ++tries_ < most_tries;
        if (!once_more) tries_ = 0;
        return {taken, once_more ? outcome::retry : outcome::reject, std::move(why)};
      }
      tries_ = 0;
      ++taken;
    }
    // A queue that is never empty has its flushes now and then; the request is done with when it is.
    if (due_ || flush_->load()) static_cast<void>(tried([](auto& sink) { sink.flush(); }));
    return {taken};
  }

  interest idle() const override { return {.until = due_ || flush_->load() ? steady_time::min() : steady_time::max()}; }

  // Heard, and due once the listener has taken what is there by now: what was published before it was asked.
  result idle_event() override {
    if (!std::exchange(due_, true)) {
      flush_->store(false);  // who asks from now on is heard anew
      return {};
    }
    due_ = false;
    auto how = flushed();
    if (how.what != outcome::done) flush_->store(true);
    return how;
  }

  result finish(waiter&) override {
    auto how = flushed();
    return how.what == outcome::done ? how : result{outcome::done, std::move(how.why)};
  }

  void close(std::size_t) noexcept override {}

 private:
  result flushed() {
    auto why = tried([](auto& sink) { sink.flush(); });
    return why.empty() ? result{} : result{outcome::retry, std::move(why)};
  }

  // Empty when the sink has done it.
  template <typename Act>
  std::string tried(const Act& act) {
    try {
      if (door_->enter(act)) return {};
      return "somebody hangs in the sink";
    } catch (const std::exception& e) {
      return fmt::format("the sink threw: {}", e.what());
    } catch (...) {
      return "the sink threw something that is no std::exception";
    }
  }

  const std::shared_ptr<sink_door> door_;
  const std::shared_ptr<std::atomic<bool>> flush_;
  const waiter* wait_ = nullptr;
  int tries_ = 0;     // with the next record
  bool due_ = false;  // a flush, when there is nothing to write
};

class packed_body final : public format {
 public:
  void append(const line_view& line, std::string& to) override { to += line.bytes(); }
};

class sink_level final : public filter {
 public:
  explicit sink_level(std::shared_ptr<sink_door> door) : door_(std::move(door)) {}
  bool passes(const line_view& line) override {
    program_record one;
    return !unpack(line.bytes(), one) || door_->sink().should_log(static_cast<spdlog::level::level_enum>(one.own_level));
  }

 private:
  const std::shared_ptr<sink_door> door_;
};

}  // namespace

std::unique_ptr<output> make_sink_output(std::shared_ptr<sink_door> door, std::shared_ptr<std::atomic<bool>> flush) {
  return std::make_unique<sink_output>(std::move(door), std::move(flush));
}
std::unique_ptr<format> make_packed_body() { return std::make_unique<packed_body>(); }
std::unique_ptr<filter> make_sink_level(std::shared_ptr<sink_door> door) { return std::make_unique<sink_level>(std::move(door)); }

}  // namespace logrelay
