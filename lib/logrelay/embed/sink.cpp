#include <logrelay/embed/sink.hpp>

#include <logrelay/embed/process_hooks.hpp>
#include <logrelay/embed/queued_sink.hpp>
#include <logrelay/embed/spdlog_record.hpp>
#include <logrelay/format/format.hpp>

#include <spdlog/pattern_formatter.h>

#include <atomic>

namespace logrelay {
namespace {

/// The sink's pattern, which a program may change at any time. It makes no text itself: each listener has a copy, which no
/// other thread is ever in, the child of a fork included.
class shared_pattern {
 public:
  explicit shared_pattern(std::unique_ptr<spdlog::formatter> first) : now_(std::move(first)) {}

  void set(std::unique_ptr<spdlog::formatter> next) {
    const std::lock_guard lock(mutex_);
    now_.swap(next);
    ++changes_;
  }
  /// Brings a listener's copy up to date.
  void follow(std::unique_ptr<spdlog::formatter>& copy, std::uint64_t& seen) {
    if (copy && seen == changes_.load()) return;
    const std::lock_guard lock(mutex_);
    copy = now_->clone();
    seen = changes_.load();
  }

 private:
  fork_mutex mutex_;
  std::unique_ptr<spdlog::formatter> now_;
  std::atomic<std::uint64_t> changes_{0};
};

class pattern_body final : public format {
 public:
  explicit pattern_body(std::shared_ptr<shared_pattern> pattern) : pattern_(std::move(pattern)) {}
  void append(const line_view& line, std::string& to) override {
    text_.clear();
    const auto message = message_of(line.bytes(), line.time());
    try {
      pattern_->follow(formatter_, seen_);
      formatter_->format(message, text_);
    } catch (...) {  // a flag of the program's own: the message comes without what it would have made of it
      text_.clear();
      text_.append(message.payload);
    }
    std::string_view made(text_.data(), text_.size());
    if (made.ends_with('\n')) made.remove_suffix(1);  // lines are ended by the output's framing
    to += made;
  }

 private:
  const std::shared_ptr<shared_pattern> pattern_;
  std::unique_ptr<spdlog::formatter> formatter_;
  std::uint64_t seen_ = 0;
  spdlog::memory_buf_t text_;
};

class publisher_sink final : public queued_sink {
 public:
  /// `endpoint`: its text, or checked.
  template <typename Endpoint>
  publisher_sink(const Endpoint& endpoint, const registries& known, std::chrono::milliseconds drain)
      : pattern_(std::make_shared<shared_pattern>(std::make_unique<spdlog::pattern_formatter>())),
        handler_(endpoint, known, drain, [pattern = pattern_] { return std::make_unique<pattern_body>(pattern); }) {}

  void log(const spdlog::details::log_msg& message) override { handler_.publish(record_of(message)); }
  void flush() override {}
  void set_pattern(const std::string& pattern) override { set_formatter(std::make_unique<spdlog::pattern_formatter>(pattern)); }
  void set_formatter(std::unique_ptr<spdlog::formatter> formatter) override { pattern_->set(std::move(formatter)); }

  publisher& handler() override { return handler_; }
  adopted_report report() const override { return {handler_.report()}; }

 private:
  const std::shared_ptr<shared_pattern> pattern_;
  publisher handler_;
};

}  // namespace

spdlog::sink_ptr sink(std::string_view endpoint) { return sink(endpoint, publisher::standard_kinds()); }

spdlog::sink_ptr sink(std::string_view endpoint, const registries& known, std::chrono::milliseconds drain) {
  return std::make_shared<publisher_sink>(endpoint, known, drain);
}

std::shared_ptr<queued_sink> sink(const output_config& checked, const registries& known, std::chrono::milliseconds drain) {
  return std::make_shared<publisher_sink>(checked, known, drain);
}

bool is_queued(const spdlog::sinks::sink& one) { return dynamic_cast<const publisher_sink*>(&one) != nullptr; }

publisher* publisher_of(spdlog::sinks::sink& one) {
  auto* const ours = dynamic_cast<publisher_sink*>(&one);
  return ours == nullptr ? nullptr : &ours->handler();
}

}  // namespace logrelay
