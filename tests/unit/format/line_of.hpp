#pragma once
// The vocabulary of the tests of formats and filters: a line, whose source lives as long as it does.
#include <logrelay/format/format.hpp>

#include <memory>
#include <string>

namespace logrelay {

class line_of {
 public:
  explicit line_of(std::string text) : text_(std::move(text)) { from_.input_name = "in"; }

  line_of&& with_prefixes() && { return from_.decode = decoding::prefix, std::move(*this); }
  line_of&& as_syslog() && { return from_.decode = decoding::syslog, std::move(*this); }
  line_of&& as_json() && { return from_.decode = decoding::json, std::move(*this); }
  line_of&& of_level(level fallback) && { return from_.default_level = fallback, std::move(*this); }
  line_of&& of_stream(std::string name) && { return from_.stream = std::move(name), std::move(*this); }
  line_of&& sent_by(std::string peer) && { return from_.peer = std::move(peer), std::move(*this); }
  line_of&& sent_by_process(std::int64_t pid, std::int64_t uid) && { return from_.pid = pid, from_.uid = uid, std::move(*this); }
  line_of&& read_at(wall_time time) && { return time_ = time, std::move(*this); }

  /// Valid as long as this is.
  [[nodiscard]] line_view view() const { return {text_, time_, from_}; }

 private:
  std::string text_;
  source from_;
  wall_time time_;
};

}  // namespace logrelay
