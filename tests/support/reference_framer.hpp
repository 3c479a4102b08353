#pragma once
/// What a line_framer must do, said in the plainest way: one byte at a time, no blocks, no slices. Tests and the fuzz
/// target compare the two.
#include <logrelay/core/line_framer.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace logrelay::support {

class reference_framer {
 public:
  explicit reference_framer(const framing_rules& rules) : rules_(rules) {}

  void read(std::string_view bytes) {
    for (const char each : bytes) rules_.frames == framing::octet ? octet(each) : delimited(each, rules_.frames == framing::nul ? '\0' : '\n');
  }

  void finish() {
    switch (state_) {
      case state::skip_line:
      case state::skip_frame: break;
      case state::header:
        if (rules_.frames == framing::octet && !rules_.detect) {
          if (!text_.empty()) ++framing_errors, emit();
          break;
        }
        [[fallthrough]];
      case state::plain:
      case state::long_frame:
        if (!text_.empty()) emit();
        break;
      case state::frame:
        ++framing_errors;
        if (!text_.empty()) emit();
        break;
    }
    text_.clear();
    state_ = state::header;
    cut_ = false;
  }

  std::vector<std::string> lines;
  std::uint64_t long_lines = 0, framing_errors = 0;

 private:
  // `header` is also where delimited framing stands: in a line.
  enum class state { header, frame, long_frame, skip_frame, plain, skip_line };

  void emit() { lines.push_back(std::exchange(text_, {})); }

  void delimited(char byte, char terminator) {
    if (byte == terminator || (rules_.detect && byte == '\0')) {
      if (state_ != state::skip_line && !(rules_.detect && cut_ && text_.empty())) emit();
      state_ = state::header;
      cut_ = false;
      return;
    }
    if (state_ == state::skip_line) return;
    if (text_.size() == rules_.max_line) {
      if (!cut_) ++long_lines;
      cut_ = true;
      if (rules_.long_lines == long_line_action::drop) text_.clear(); else emit();
      if (rules_.long_lines != long_line_action::split) {
        state_ = state::skip_line;
        return;
      }
    }
    text_ += byte;
  }

  void octet(char byte) {
    switch (state_) {
      case state::header: return rules_.detect ? detect(byte) : header(byte);
      case state::plain:
      case state::skip_line: return delimited(byte, '\n');
      case state::frame:
        text_ += byte;
        if (--left_ == 0) emit(), state_ = state::header;
        return;
      case state::long_frame:
        text_ += byte;
        --left_;
        if (text_.size() == rules_.max_line || left_ == 0) {
          emit();
          if (rules_.long_lines == long_line_action::truncate) state_ = state::skip_frame;
        }
        if (left_ == 0) state_ = state::header;
        return;
      case state::skip_frame:
        if (--left_ == 0) state_ = state::header;
        return;
    }
  }

  void header(char byte) {
    const bool digit = byte >= '0' && byte <= '9';
    if (byte == ' ' && !text_.empty()) {
      left_ = std::stoull(std::exchange(text_, {}));
      if (left_ == 0) return emit();
      state_ = state::frame;
      if (left_ > rules_.max_line) {
        ++long_lines;
        state_ = rules_.long_lines == long_line_action::drop ? state::skip_frame : state::long_frame;
      }
      return;
    }
    if (digit && text_.size() < 10 && text_ != "0") {
      text_ += byte;
      return;
    }
    ++framing_errors;
    state_ = state::plain;
    for (const char each : std::exchange(text_, {}) + byte) delimited(each, '\n');
  }

  // "12 <13>" begins a frame; what cannot become that is a line.
  void detect(char byte) {
    if (text_.empty() && (byte == '\n' || byte == '\0')) return;
    text_ += byte;
    std::size_t at = 0, digits = 0;
    while (at < text_.size() && is_digit(text_[at])) ++at;
    bool fits = text_[0] != '0' && at > 0 && at <= 10;
    const auto text = text_.substr(0, at);
    if (fits && at < text_.size()) fits = text_[at++] == ' ' && std::stoull(text) >= 3;
    const auto rest = at;
    if (fits && at < text_.size()) fits = text_[at++] == '<';
    for (; fits && at < text_.size() && is_digit(text_[at]); ++at) fits = ++digits <= 3;
    if (fits && at == text_.size()) return;
    if (fits && digits > 0 && text_[at] == '>') {
      left_ = std::stoull(text);
      state_ = state::frame;
      if (left_ > rules_.max_line) {
        ++long_lines;
        state_ = rules_.long_lines == long_line_action::drop ? state::skip_frame : state::long_frame;
      }
      for (const char each : std::exchange(text_, {}).substr(rest)) octet(each);
      return;
    }
    state_ = state::plain;
    for (const char each : std::exchange(text_, {})) octet(each);
  }
  static bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }

  framing_rules rules_;
  state state_ = state::header;
  std::string text_;
  std::uint64_t left_ = 0;
  bool cut_ = false;
};

}  // namespace logrelay::support
