#include <logrelay/net/relp.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace logrelay {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// The first part of `rest`, up to `separator`, which is taken away with it.
std::string_view part_before(char separator, std::string_view& rest) {
  const auto end = std::min(rest.find(separator), rest.size());
  const auto part = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return part;
}

}  // namespace

relp_parser::piece relp_parser::next(std::string_view& bytes) {
  if (state_ == state::malformed) return {found::malformed};
  if (state_ == state::ended) {
    state_ = state::number;
    digits_ = 0;
    return {found::end};
  }
  if (bytes.empty()) return {};
  switch (state_) {
    case state::number: return number_part(bytes);
    case state::command: return command_part(bytes);
    case state::length: return length_part(bytes);
    case state::data: {
      const auto here = bytes.substr(0, left_);
      bytes.remove_prefix(here.size());
      left_ -= static_cast<std::uint32_t>(here.size());
      if (left_ == 0) state_ = state::end;
      return {found::data, here};
    }
    case state::end:
      if (bytes.front() != '\n') return wrong("no line feed where its length says that a frame ends");
      bytes.remove_prefix(1);
      state_ = state::ended;
      return length_ == 0 ? piece{found::length, " "} : next(bytes);
    case state::ended:
    case state::malformed: break;
  }
  return {found::malformed};
}

relp_parser::piece relp_parser::number_part(std::string_view& bytes) {
  if (digits_ == 0) number_ = 0;
  while (!bytes.empty()) {
    const char c = bytes.front();
    bytes.remove_prefix(1);
    if (c == ' ' && digits_ > 0) {
      state_ = state::command;
      command_bytes_ = 0;
      return command_part(bytes);
    }
    if (!is_digit(c)) return wrong("no number where a frame should begin");
    if (++digits_ > most_digits) return wrong("a frame's number has more than 9 digits");
    number_ = 10 * number_ + static_cast<std::uint32_t>(c - '0');
  }
  return {};
}

relp_parser::piece relp_parser::command_part(std::string_view& bytes) {
  while (!bytes.empty()) {
    const char c = bytes.front();
    bytes.remove_prefix(1);
    if (c == ' ' && command_bytes_ > 0) {
      state_ = state::length;
      length_ = digits_ = 0;
      return {found::command};
    }
    if (!is_letter(c)) return wrong("a frame has no command");
    if (command_bytes_ == longest_command) return wrong("a frame's command has more than 32 letters");
    command_[command_bytes_++] = c;
  }
  return {};
}

relp_parser::piece relp_parser::length_part(std::string_view& bytes) {
  const auto from = bytes;
  for (; !bytes.empty() && is_digit(bytes.front()); bytes.remove_prefix(1)) {
    if (digits_ > 0 && length_ == 0) return wrong("a frame's length begins with 0");
    if (++digits_ > most_digits) return wrong("a frame's length has more than 9 digits");
    length_ = 10 * length_ + static_cast<std::uint32_t>(bytes.front() - '0');
  }
  const auto text = [&] { return from.substr(0, from.size() - bytes.size()); };
  if (bytes.empty()) return {found::length, text()};
  if (digits_ == 0) return wrong("a frame has no length");
  if (length_ == 0) return state_ = state::end, piece{found::length, text()};
  if (bytes.front() != ' ') return wrong("no space behind a frame's length");
  bytes.remove_prefix(1);
  state_ = state::data;
  left_ = length_;
  return {found::length, text()};
}

relp_parser::piece relp_parser::wrong(const char* why) {
  state_ = state::malformed;
  why_ = why;
  return {found::malformed};
}

void append_relp_frame(std::uint32_t number, std::string_view command, std::string_view data, std::string& to) {
  fmt::format_to(std::back_inserter(to), "{} {} {}{}", number, command, data.size(), data.empty() ? "" : " ");
  to.append(data);
  to.push_back('\n');
}

std::string relp_offers() { return "relp_version=0\nrelp_software=logrelay," LOGRELAY_VERSION "\ncommands=syslog"; }

std::string wrong_with_relp_offers(std::string_view offers) {
  bool version = false, syslog = false;
  while (!offers.empty()) {
    auto values = part_before('\n', offers);
    const auto name = part_before('=', values);
    if (name == "relp_version") version = values == "0" || values == "1";
    if (name == "commands")
      while (!values.empty()) syslog |= part_before(',', values) == "syslog";
  }
  if (!version) return "it speaks no version of RELP that we do";
  return syslog ? "" : "it does not speak of syslog";
}

relp_answer read_relp_answer(std::string_view data) {
  relp_answer answer;
  const auto code = data.substr(0, 3);
  if (code.size() < 3 || !std::all_of(code.begin(), code.end(), is_digit) || (data.size() > 3 && data[3] != ' ' && data[3] != '\n')) return answer;
  answer.code = (code[0] - '0') * 100 + (code[1] - '0') * 10 + (code[2] - '0');
  data.remove_prefix(3);
  if (data.starts_with(' ')) data.remove_prefix(1);
  answer.text = part_before('\n', data);
  answer.offers = data;
  return answer;
}

}  // namespace logrelay
