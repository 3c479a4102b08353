#include <logrelay/input/relp_dialogue.hpp>

#include <logrelay/input/reader.hpp>

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

namespace logrelay {

// What a thread that has settled a receipt leaves for the reader: the dialogue may be gone by then.
struct relp_dialogue::alarm {
  relp_dialogue* of;  // reader's thread only
};

relp_dialogue::relp_dialogue(dialogue_parts given, std::shared_ptr<rare_notice> malformed)
    : parts_(std::move(given)), malformed_(std::move(malformed)), alarm_(std::make_shared<alarm>(alarm{this})),
      book_(parts_.at.handler(), [&at = parts_.at, kept = alarm_] {
        at.post([kept] {
          if (kept->of == nullptr) return;
          kept->of->answer();
          kept->of->parts_.go_on();
        });
      }) {}

relp_dialogue::~relp_dialogue() { alarm_->of = nullptr; }

std::optional<std::size_t> relp_dialogue::hear(std::span<char> bytes) {
  std::size_t kept = 0;
  const auto keep = [&](std::string_view some) {
    std::memmove(bytes.data() + kept, some.data(), some.size());
    kept += some.size();
  };
  using found = relp_parser::found;
  for (std::string_view rest(bytes.data(), bytes.size());;) {
    const auto piece = parser_.next(rest);
    switch (piece.what) {
      case found::nothing: return kept;
      case found::command:
        if (!begin_frame()) return std::nullopt;
        break;
      case found::length:
        if (is_line_) keep(piece.bytes);
        break;
      case found::data:
        if (is_line_)
          keep(piece.bytes), begun_ = true;
        else if (parser_.length() > longest_offers)
          return refuse("offers of more than 4096 bytes"), std::nullopt;
        else
          offers_.append(piece.bytes);
        break;
      case found::end: end_frame(); break;
      case found::malformed: return refuse(parser_.why()), std::nullopt;
    }
  }
}

bool relp_dialogue::begin_frame() {
  is_line_ = parser_.command() == "syslog";
  offers_.clear();
  const auto number = parser_.number();
  if (number == 0) return is_line_ ? refuse("a line with number 0, which is for hints") : true;
  if (expected_ != 0 && number != expected_) return refuse("a frame's number does not follow that before");
  if (is_line_ && !greeted_) return refuse("a line before the session is opened");
  if (closing_) return refuse("a frame behind 'close'");
  if (expected_ == 0) answering_ = number;
  expected_ = next_relp_number(number);
  return true;
}

void relp_dialogue::end_frame() {
  begun_ = false;
  if (is_line_) {
    ++frames_;
    return;
  }
  if (parser_.number() == 0) return;  // a hint
  std::string text = "500 unknown command";
  if (parser_.command() == "open") {
    const auto wrong = wrong_with_relp_offers(offers_);
    greeted_ |= wrong.empty();
    text = wrong.empty() ? "200 OK\n" + relp_offers() : "500 " + wrong;
  } else if (parser_.command() == "close") {
    closing_ = true;
    text = "200 OK";
  }
  replies_.push_back({frames_, std::move(text)});
}

void relp_dialogue::published() {
  book_.seal(2 * frames_ + (begun_ ? 1 : 0));
  answer();
}

// Answers what is settled. Where something was lost, all that were settled with it get a "500": better twice than never.
void relp_dialogue::answer() {
  while (const auto done = book_.next()) {
    const auto frames = done->mark / 2;
    const bool lost = done->lost_lines > 0, begun = done->mark % 2 == 1;
    lost_ |= lost;
    if (answered_ == frames) continue;  // part of a long line
    for (; answered_ < frames; ++answered_, lost_ = lost) {
      answer_replies();
      respond(lost_ ? "500 dropped or rejected" : "200 OK");
    }
    lost_ = begun && lost;  // perhaps of the one that is begun
  }
  answer_replies();
  static_cast<void>(send());  // that the peer has gone is seen when it is read
}

void relp_dialogue::answer_replies() {
  for (; !replies_.empty() && replies_.front().behind <= answered_; replies_.pop_front()) respond(replies_.front().text);
}

void relp_dialogue::respond(std::string_view text) {
  append_relp_frame(answering_, "rsp", text, unsent_);
  answering_ = next_relp_number(answering_);
}

bool relp_dialogue::listens() const {
  return !has_unsent() && frames_ - answered_ + replies_.size() < most_owed;
}

bool relp_dialogue::send() {
  while (has_unsent()) {
    const ssize_t n = parts_.send(std::string_view(unsent_).substr(sent_));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno == EAGAIN;
    sent_ += static_cast<std::size_t>(n);
  }
  unsent_.clear();
  sent_ = 0;
  return true;
}

void relp_dialogue::say_goodbye() {
  append_relp_frame(0, "serverclose", {}, unsent_);
  static_cast<void>(send());
}

bool relp_dialogue::refuse(std::string_view why) {
  parts_.of.counters.framing_errors.fetch_add(1, std::memory_order_relaxed);
  if (const auto more = malformed_->happened(parts_.at.clock().now()))
    parts_.at.say().say(severity::warning, fmt::format("input '{}': {} is let go: it does not speak RELP: {}{}", parts_.of.name(), parts_.peer, why, *more));
  return false;
}

}  // namespace logrelay
