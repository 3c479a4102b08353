#include <logrelay/embed/adopt.hpp>

#include <logrelay/embed/adopted_sink.hpp>
#include <logrelay/embed/queued_parts.hpp>
#include <logrelay/error.hpp>
#include <logrelay/util/deadline.hpp>

#include <fmt/format.h>
#include <spdlog/async_logger.h>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace logrelay {
namespace {

template <typename Count>
std::uint64_t sum(const queued_report& report, Count count) {
  std::uint64_t all = 0;
  for (const auto& each : report.sinks) all += (each.*count)();
  return all;
}

// What a report calls it: its first logger, and which of that logger's sinks it is.
std::string name_of(const spdlog::logger& logger, std::size_t place) {
  std::string name = logger.name().empty() ? "default" : logger.name();
  if (logger.sinks().size() > 1) name += fmt::format("#{}", place + 1);
  return name;
}

}  // namespace

std::uint64_t queued_report::delivered() const { return sum(*this, &adopted_report::delivered); }
std::uint64_t queued_report::dropped() const { return sum(*this, &adopted_report::dropped); }
std::uint64_t queued_report::left() const { return sum(*this, &adopted_report::left); }

queued::queued(const adopt_options& options) : parts_(new parts{options}) {}
queued::queued(queued&&) noexcept = default;

queued& queued::operator=(queued&& other) noexcept {
  if (this == &other) return *this;
  const queued held(std::move(*this));
  parts_ = std::move(other.parts_);
  return *this;
}

queued::~queued() {
  if (!parts_) return;
  parts_->stop(deadline_in(parts_->options.drain));
  parts_->restore_adopted();
  parts_->restore_configured();
}

void queued::add(const std::shared_ptr<spdlog::logger>& logger) {
  if (!logger) throw error("unable to adopt a logger: there is none (null, which spdlog::get() returns for an unknown name)");
  if (!parts_) throw error(fmt::format("unable to adopt logger '{}': what should hold it has been moved from", logger->name()));
  if (std::dynamic_pointer_cast<spdlog::async_logger>(logger)) {
    parts_->say.say(severity::warning, fmt::format("logger '{}' is asynchronous already: its sinks stay behind its own queue; make it a plain logger to have them adopted",
                                                   logger->name()));
    return;
  }
  parts_->release_unused();
  parts_->adopted.push_back(logger);
  auto sinks = logger->sinks();
  for (std::size_t place = 0; place < sinks.size(); ++place) {
    const auto original = parts_->adoptable(sinks[place], logger->name());
    if (!original) continue;
    std::shared_ptr<queued_sink> ours = parts_->find(original);
    if (!ours) {
      ours = std::make_shared<adopted_sink>(parts_->name_like(name_of(*logger, place)), original, parts_->options);
      parts_->hold(ours);
    }
    sinks[place] = std::move(ours);
  }
  change_sinks(logger, std::move(sinks));
}

queued_report queued::report() const {
  return parts_ ? queued_report{parts_->reports()} : queued_report{};
}

bool queued::flush(std::chrono::milliseconds deadline) const {
  if (!parts_) return true;
  const auto until = deadline_in(deadline);
  const auto rest = [&] {
    return std::max(std::chrono::milliseconds(0), std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()));
  };
  const auto all = parts_->all();
  return std::all_of(all.begin(), all.end(), [&](const auto& each) { return each->handler().flush(rest()); });
}

queued_report queued::stop(std::chrono::milliseconds deadline) {
  if (parts_) parts_->stop(deadline_in(deadline));
  return report();
}

queued adopt(const adopt_options& options) {
  std::vector<std::shared_ptr<spdlog::logger>> all;
  spdlog::apply_all([&](const auto& each) { all.push_back(each); });
  if (const auto usual = spdlog::default_logger(); usual && std::find(all.begin(), all.end(), usual) == all.end()) all.push_back(usual);
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a->name() < b->name(); });  // reports have an order
  queued made(options);
  for (const auto& each : all) made.add(each);
  return made;
}

queued adopt(const std::shared_ptr<spdlog::logger>& logger, const adopt_options& options) {
  queued made(options);
  made.add(logger);
  return made;
}

}  // namespace logrelay
