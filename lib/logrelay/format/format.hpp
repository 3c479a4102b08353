#pragma once
/// How a line becomes what an output writes. A format belongs to one listener and its thread; it does no I/O and
/// never fails: what is not known is left out.
#include <logrelay/core/batch.hpp>
#include <logrelay/decode/record.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace logrelay {

/// One line as filters and formats see it. Decoding happens on the first question and is kept.
class line_view {
 public:
  line_view(std::string_view line, wall_time time, const source& from) : line_(line), time_(time), from_(from) {}
  line_view(const line_view&) = delete;  // its fields are views into it
  /// As it came; of a packed record, which is no text, its message.
  [[nodiscard]] std::string_view line() const { return from_.decode == decoding::packed ? fields().message : line_; }
  [[nodiscard]] std::string_view bytes() const { return line_; }  ///< as it lies in its batch
  [[nodiscard]] wall_time time() const { return time_; }         ///< of receipt
  [[nodiscard]] const source& from() const { return from_; }
  /// What the input's `decode` finds in it; its severity is -1 where the line has none.
  [[nodiscard]] const record& fields() const { decode(); return fields_; }
  [[nodiscard]] level severity() const {  ///< its own, else the input's
    return fields().severity < 0 ? from_.default_level : static_cast<level>(fields_.severity);
  }
  [[nodiscard]] wall_time stamp() const { return fields().time.value_or(time_); }  ///< its own time, else that of receipt
  [[nodiscard]] std::string_view app() const { return fields().app.empty() ? std::string_view(from_.app) : fields_.app; }
  [[nodiscard]] int facility() const { return fields().facility; }
  [[nodiscard]] std::string_view message() const { return fields().message; }  ///< without its priority or header

 private:
  void decode() const;
  std::string_view line_;
  wall_time time_;
  const source& from_;
  mutable bool decoded_ = false;
  mutable record fields_;
  mutable std::string unescaped_;  // what of the fields is not as it stands in the line
};

class format {
 public:
  virtual ~format() = default;
  /// Appends what to write for `line`, without a terminator.
  virtual void append(const line_view& line, std::string& to) = 0;
};

}  // namespace logrelay
