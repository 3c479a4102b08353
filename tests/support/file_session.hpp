#pragma once
/// A file output driven by hand, as its listener would, but without threads: a test is its own clock and its own
/// upkeep.
#include <support/fake_clock.hpp>

#include <logrelay/core/batch.hpp>
#include <logrelay/output/file_output.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace logrelay::support {

/// Lines that an output has to write.
class lines_to_write final : public outgoing {
 public:
  explicit lines_to_write(std::string text) : text_(std::move(text)) { wrote(0); }
  void wrote(std::size_t taken) {
    done_ += taken;
    piece_ = {text_.data() + done_, text_.size() - done_};
  }
  std::span<const iovec> pieces() const override { return {&piece_, 1}; }
  std::size_t bytes() const override { return piece_.iov_len; }
  bool mid_line() const override { return torn() > 0; }
  /// Bytes of a line that is written in part.
  [[nodiscard]] std::size_t torn() const { return done_ == 0 ? 0 : done_ - (text_.rfind('\n', done_ - 1) + 1); }
  std::size_t line_end_before(std::size_t limit) const override {
    return logrelay::line_end_before(rest(), framing::newline, limit);
  }
  std::size_t first_line_end() const override { return line_end_from(rest(), framing::newline, 1); }

 private:
  [[nodiscard]] std::string_view rest() const { return std::string_view(text_).substr(done_); }
  std::string text_;
  std::size_t done_ = 0;
  iovec piece_{};
};

class file_session {
 public:
  file_session(const file_rules& rules, fake_clock& clock, file_system& files);

  /// Prepares and opens it, again after each failure that is over in time. Throws where it is not.
  void start();
  /// Writes all of it, through failures; upkeep has its turn after each write. Throws where nothing helps.
  void write(std::string_view text);
  /// Time passes, as the output's alarm tells it.
  void pass(std::chrono::milliseconds time);
  /// Everything that upkeep has to do, now.
  void keep_up();
  /// The end, in order.
  void close();

  file_output& out() { return *out_; }
  [[nodiscard]] const std::vector<std::string>& said() const { return said_; }
  /// How many bytes the output has taken.
  [[nodiscard]] std::size_t written() const { return written_; }
  std::size_t* count_into = nullptr;  ///< written(), for who looks on after a kill

 private:
  void make();
  void open();

  file_rules rules_;
  fake_clock& clock_;
  file_system& files_;
  std::unique_ptr<file_output> out_;
  std::vector<std::string> said_;
  std::size_t written_ = 0;
  wake alarm_;
  waiter wait_{alarm_};
};

/// What a file holds, unpacked where its name says that it is packed. Throws where that is not whole.
[[nodiscard]] std::string unpacked_file(const std::string& path);

/// The parts of `rules`' file in its folder, and the live file if it is there, the oldest first: full paths.
[[nodiscard]] std::vector<std::string> files_by_age(const file_rules& rules);
/// What all of them hold.
[[nodiscard]] std::string text_by_age(const file_rules& rules);

}  // namespace logrelay::support
