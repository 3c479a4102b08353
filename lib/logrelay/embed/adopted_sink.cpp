#include <logrelay/embed/adopted_sink.hpp>

#include <logrelay/embed/record_queue.hpp>
#include <logrelay/embed/spdlog_record.hpp>

#include <thread>

namespace logrelay {
namespace {

custom_output as_output(std::string name, const std::shared_ptr<sink_door>& door, const std::shared_ptr<std::atomic<bool>>& flush,
                        const adopt_options& options) {
  custom_output made;
  made.name = std::move(name);
  made.make = [door, flush] { return make_sink_output(door, flush); };
  made.body = make_packed_body;
  if (options.sink_levels) made.filters = [door](auto& filters) { filters.push_back(make_sink_level(door)); };
  made.rules.capacity_bytes = options.queue_bytes;
  made.rules.when_full = options.when_full;
  made.rules.stall_after = options.stall_after;
  made.rules.gap_marker = options.gap_marker;
  made.drain = options.drain;
  made.let_go = [door] { door->abandon(); };  // it is not waited for by records that go straight to the sink
  made.listener_in_child = options.in_child == child_records::queued;
  return made;
}

}  // namespace

adopted_sink::adopted_sink(std::string name, const spdlog::sink_ptr& adopted, const adopt_options& options)
    : original_(adopted),
      door_(door_to(adopted)),
      flush_(std::make_shared<std::atomic<bool>>(false)),
      handler_(as_output(std::move(name), door_, flush_, options)),
      by_level_(options.sink_levels) {}

adopted_sink::~adopted_sink() = default;

void adopted_sink::log(const spdlog::details::log_msg& message) {
  if (by_level_) {
    if (level_.load(std::memory_order_relaxed) != spdlog::level::trace) hand_level_on();  // relaxed, as spdlog's own looks at it
    if (!original()->should_log(message.level)) return;
  }
  if (handler_.offer(record_of(message)) == published::closed) straight(message);
}

void adopted_sink::hand_level_on() {
  if (!by_level_) return;
  const int given = level_.exchange(spdlog::level::trace);
  if (given != spdlog::level::trace) original()->set_level(static_cast<spdlog::level::level_enum>(given));
}

// Behind what is still queued, so that no record overtakes another of its thread.
void adopted_sink::straight(const spdlog::details::log_msg& message) {
  if (!record_queue::in_listener())
    while (!handler_.stopped()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  if (door_->enter([&](auto& to) { to.log(message); }))
    ++straight_;
  else
    ++lost_;
}

void adopted_sink::flush() {
  if (handler_.stopped())
    door_->enter([](auto& to) { to.flush(); });
  else
    handler_.hand_over(flush_.get());
}

void adopted_sink::set_pattern(const std::string& pattern) {
  door_->enter([&](auto& to) { to.set_pattern(pattern); });
}

void adopted_sink::set_formatter(std::unique_ptr<spdlog::formatter> formatter) {
  door_->enter([&](auto& to) { to.set_formatter(std::move(formatter)); });
}

adopted_report adopted_sink::report() const {
  adopted_report all{handler_.report(), straight_.load()};
  all.refused += lost_.load();
  return all;
}

}  // namespace logrelay
