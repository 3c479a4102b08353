#include <logrelay/embed/configure.hpp>

#include <logrelay/config_file.hpp>
#include <logrelay/embed/logger_config.hpp>
#include <logrelay/embed/queued_parts.hpp>
#include <logrelay/embed/sink.hpp>

#include <fmt/format.h>
#include <spdlog/async_logger.h>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace logrelay {

/// What a file asks for, on its way to spdlog's loggers: all that may fail comes before apply().
class configuration {
 public:
  configuration(relay_request request, const std::string& name, const registries& known, mistakes& wrong)
      : config_(make_library_config(std::move(request), name, known, wrong)), name_(name), known_(known), wrong_(wrong) {}

  queued made() {
    find_loggers();
    throw_mistakes();
    open_outputs();
    throw_mistakes();
    start_outputs();
    throw_mistakes();
    return apply();
  }

 private:
  struct target {
    const logger_config& asked;
    std::shared_ptr<spdlog::logger> logger;
    bool made;
  };

  void find_loggers() {
    for (const auto& each : config_.loggers) {
      auto logger = each.name.empty() ? spdlog::default_logger() : spdlog::get(each.name);
      const bool made = !logger;
      if (made) logger = std::make_shared<spdlog::logger>(each.name);
      const mistakes::at here(wrong_, each.at);
      if (std::dynamic_pointer_cast<spdlog::async_logger>(logger))
        wrong_.add(fmt::format("{} is asynchronous already: make it a plain one", each.whose()));
      if (has_configuration(logger))
        wrong_.add(fmt::format("{} has a configuration already: destroy what the first one returned before the second is made", each.whose()));
      const auto is_it = [&](const target& other) { return other.logger == logger && other.asked.name != each.name; };
      if (std::any_of(targets_.begin(), targets_.end(), is_it))
        wrong_.add(fmt::format("{} and the default logger are one, which has a table already", each.whose()));
      targets_.push_back({each, std::move(logger), made});
    }
  }

  void open_outputs() {
    for (const auto& each : config_.outputs) attempt(each, [&] { sinks_.push_back(sink(each, known_, drain())); });
  }

  // Once all of them are open, so that nothing is left behind where one cannot be.
  void start_outputs() {
    for (std::size_t i = 0; i < sinks_.size(); ++i) attempt(config_.outputs[i], [&] { sinks_[i]->handler().start(); });
  }

  template <typename Act>
  void attempt(const output_config& with, const Act& act) {
    const mistakes::at here(wrong_, with.where.at);
    try {
      act();
    } catch (const error& e) {
      wrong_.add(e.what());
    }
  }

  void throw_mistakes() const {
    if (wrong_.empty()) return;
    std::string all;
    for (const auto& each : in_order_of_lines(wrong_, name_)) all += (all.empty() ? "" : "\n") + each;
    throw error(all);
  }

  queued apply() {
    adopt_options options;
    options.drain = drain();
    queued all(options);
    for (const auto& each : sinks_) all.parts_->hold(each);
    set_up_sinks();
    for (const auto& each : targets_) all.parts_->hold(configured(each));
    return all;
  }

  // With the pattern that the program has set for all loggers; only the registry knows it, and it tells none but a logger.
  void set_up_sinks() const {
    const auto passing = std::make_shared<spdlog::logger>("logrelay: what a configuration made", sinks_.begin(), sinks_.end());
    spdlog::initialize_logger(passing);
    spdlog::drop(passing->name());
  }

  configured_logger configured(const target& to) const {
    auto& logger = *to.logger;
    std::vector<spdlog::sink_ptr> sinks;
    for (const std::size_t place : to.asked.outputs) sinks.push_back(sinks_[place]);
    configured_logger done{to.logger, logger.sinks(), logger.level(), {}, to.made};
    change_sinks(to.logger, std::move(sinks));
    if (to.made) register_logger(to.logger);
    if (!to.asked.level.empty()) logger.set_level(spdlog::level::from_str(to.asked.level));
    done.level_now = logger.level();
    return done;
  }

  // As the registry sets new loggers up: its level, its pattern, its error handler.
  static void register_logger(const std::shared_ptr<spdlog::logger>& made) {
    if (made->name().empty()) return spdlog::set_default_logger(made);
    spdlog::initialize_logger(made);
    if (!spdlog::get(made->name())) spdlog::register_logger(made);  // where it registers none by itself
  }

  [[nodiscard]] std::chrono::milliseconds drain() const { return config_.drain.value_or(publisher::default_drain); }

  const library_config config_;
  const std::string name_;
  const registries& known_;
  mistakes& wrong_;
  std::vector<target> targets_;                      // one for each logger …
  std::vector<std::shared_ptr<queued_sink>> sinks_;  // … and each output
};

queued configure_file(const std::string& path, const registries& known) {
  mistakes wrong;
  return configuration(read_config_file(path, wrong), path, known, wrong).made();
}

queued configure_text(std::string_view text, const registries& known) {
  const std::string name = "configuration";
  mistakes wrong;
  return configuration(parse_config(text, name, wrong), name, known, wrong).made();
}

}  // namespace logrelay
