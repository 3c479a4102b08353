#include <logrelay/embed/sink.hpp>

#include <logrelay/embed/queued_sink.hpp>
#include <logrelay/embed/spdlog_record.hpp>
#include <logrelay/format/format.hpp>
#include <logrelay/util/guarded.hpp>

#include <spdlog/pattern_formatter.h>

namespace logrelay {
namespace {

/// The sink's pattern, which a program may change at any time, as the listener uses it.
using shared_formatter = guarded<std::unique_ptr<spdlog::formatter>>;

class pattern_body final : public format {
 public:
  explicit pattern_body(std::shared_ptr<shared_formatter> pattern) : pattern_(std::move(pattern)) {}
  void append(const line_view& line, std::string& to) override {
    text_.clear();
    const auto message = message_of(line.bytes(), line.time());
    try {
      pattern_->with([&](auto& formatter) { formatter->format(message, text_); });
    } catch (...) {  // a flag of the program's own: the message comes without what it would have made of it
      text_.clear();
      text_.append(message.payload);
    }
    std::string_view made(text_.data(), text_.size());
    if (made.ends_with('\n')) made.remove_suffix(1);  // lines are ended by the output's framing
    to += made;
  }

 private:
  const std::shared_ptr<shared_formatter> pattern_;
  spdlog::memory_buf_t text_;
};

class publisher_sink final : public queued_sink {
 public:
  /// `endpoint`: its text, or checked.
  template <typename Endpoint>
  publisher_sink(const Endpoint& endpoint, const registries& known, std::chrono::milliseconds drain)
      : pattern_(std::make_shared<shared_formatter>(std::make_unique<spdlog::pattern_formatter>())),
        handler_(endpoint, known, drain, [pattern = pattern_] { return std::make_unique<pattern_body>(pattern); }) {}

  void log(const spdlog::details::log_msg& message) override { handler_.publish(record_of(message)); }
  void flush() override {}
  void set_pattern(const std::string& pattern) override { set_formatter(std::make_unique<spdlog::pattern_formatter>(pattern)); }
  void set_formatter(std::unique_ptr<spdlog::formatter> formatter) override {
    pattern_->with([&](auto& ours) { ours.swap(formatter); });
  }

  publisher& handler() override { return handler_; }
  adopted_report report() const override { return {handler_.report()}; }

 private:
  const std::shared_ptr<shared_formatter> pattern_;
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
