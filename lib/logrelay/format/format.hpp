#pragma once
/// How a line becomes what an output writes. A format belongs to one listener and its thread; it does no I/O and
/// never fails: what is not known is left out.
#include <logrelay/core/batch.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace logrelay {

/// One line as filters and formats see it. Decoding happens on the first question and is kept.
class line_view {
 public:
  line_view(std::string_view line, wall_time time, const source& from) : line_(line), time_(time), from_(from) {}
  [[nodiscard]] std::string_view line() const { return line_; }  ///< as it came
  [[nodiscard]] wall_time time() const { return time_; }         ///< of receipt
  [[nodiscard]] const source& from() const { return from_; }
  [[nodiscard]] level severity() const { decode(); return severity_; }
  [[nodiscard]] int facility() const { decode(); return facility_; }  ///< 0 to 23 (RFC 5424, 6.2.1); -1: not known
  [[nodiscard]] std::string_view message() const { decode(); return message_; }  ///< without its priority

 private:
  void decode() const;
  std::string_view line_;
  wall_time time_;
  const source& from_;
  mutable bool decoded_ = false;
  mutable level severity_ = level::info;
  mutable int facility_ = -1;
  mutable std::string_view message_;
};

class format {
 public:
  virtual ~format() = default;
  /// Appends what to write for `line`, without a terminator.
  virtual void append(const line_view& line, std::string& to) = 0;
};

}  // namespace logrelay
