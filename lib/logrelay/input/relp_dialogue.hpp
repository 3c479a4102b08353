#pragma once
/// The server's side of RELP (net/relp). A frame is answered by "200 OK" when every output that takes its line has it
/// delivered, filtered or safe in a spool, by "500" when one has dropped or rejected it, and not at all before: so the
/// peer keeps what we might lose. Frames that were read together are answered together.
///
/// To the framer a frame's data is an octet-counted line, which is what the frame is once its number, its command and its
/// line feed are left out: that happens in place, in the memory that was read into. Data has no bound but `max-line`.
#include <logrelay/core/receipts.hpp>
#include <logrelay/input/dialogue.hpp>
#include <logrelay/net/relp.hpp>
#include <logrelay/util/rare_notice.hpp>

#include <deque>

namespace logrelay {

class relp_dialogue final : public dialogue {
 public:
  /// More than any peer's window: who sends so much without an answer is not read until it has some.
  static constexpr std::uint64_t most_owed = 16 * 1024;
  static constexpr std::size_t most_unsent_bytes = 64 * 1024;
  /// Of a command that is no line: offers.
  static constexpr std::uint32_t longest_offers = 4096;

  /// `malformed`: of its input, for all that break the protocol.
  relp_dialogue(dialogue_parts given, std::shared_ptr<rare_notice> malformed);
  ~relp_dialogue() override;

  batch_sink& sink() override { return book_; }
  std::optional<std::size_t> hear(std::span<char> bytes) override;
  void published() override;
  bool listens() const override;
  bool has_unsent() const override { return sent_ < unsent_.size(); }
  bool send() override;
  bool owes() const override { return answered_ < frames_ || !replies_.empty(); }
  void say_goodbye() override;

 private:
  // The answer to something that is no line, in its place among the lines.
  struct reply {
    std::uint64_t behind;  // so many lines
    std::string text;
  };
  bool begin_frame();
  void end_frame();
  void answer();
  void answer_replies();
  void respond(std::string_view text);
  bool refuse(std::string_view why);

  dialogue_parts parts_;
  const std::shared_ptr<rare_notice> malformed_;
  relp_parser parser_;
  std::string offers_;  // of a frame that is no line
  bool is_line_ = false, greeted_ = false, closing_ = false;
  bool begun_ = false;  // a line of which there is more to come
  std::uint32_t expected_ = 0;  // the next frame's number; 0: any
  std::uint32_t answering_ = 0;  // that of the frame that is answered next
  std::uint64_t frames_ = 0, answered_ = 0;  // lines
  bool lost_ = false;  // part of the line that is answered next
  std::deque<reply> replies_;
  std::string unsent_;
  std::size_t sent_ = 0;
  // Last: from its end on nobody is told anything.
  struct alarm;
  std::shared_ptr<alarm> alarm_;
  receipts book_;
};

}  // namespace logrelay
