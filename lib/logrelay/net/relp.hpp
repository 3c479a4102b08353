#pragma once
/// RELP, librelp's protocol, as its specification (rsyslog/librelp, doc/relp.md) and librelp itself have it: the frames of
/// both sides, read and written. One connection's; one thread; no I/O.
///
///     frame = TXNR SP COMMAND SP DATALEN [SP DATA] LF      "2 syslog 11 hello world\n"
///     TXNR, DATALEN: 1 to 9 digits    COMMAND: 1 to 32 letters    DATA: DATALEN octets; with its SP left out where that is 0
///
/// Numbers of transactions begin with 1 in each connection and go up by one; 1 follows 999,999,999. A server answers each
/// command, in order, by a `rsp` of the same number, whose data is "200 OK" or "500 why", and after a line feed more. 0 is
/// the number of hints, which nobody answers.
#include <cstdint>
#include <string>
#include <string_view>

namespace logrelay {

[[nodiscard]] constexpr std::uint32_t next_relp_number(std::uint32_t number) { return number >= 999'999'999 ? 1 : number + 1; }

/// Takes a stream apart, in whatever pieces it comes. Holds a number and a command, never data: how much of that is let
/// in is for its user to say.
class relp_parser {
 public:
  enum class found : std::uint8_t {
    nothing,    ///< all is consumed, and more is needed
    command,    ///< number() and command() are known
    length,     ///< `bytes` are the next digits of the length, and the space behind them; where no data follows, in place
                ///< of the line feed
    data,       ///< `bytes` are the next of the data; length() is known
    end,        ///< of the frame
    malformed,  ///< why() says what; nothing that follows has a meaning
  };
  struct piece {
    found what = found::nothing;
    std::string_view bytes{};
  };
  /// Takes the next piece off the front of `bytes`; what it finds is no longer than what it has taken.
  [[nodiscard]] piece next(std::string_view& bytes);

  [[nodiscard]] std::uint32_t number() const { return number_; }
  [[nodiscard]] std::string_view command() const { return {command_, command_bytes_}; }
  [[nodiscard]] std::uint32_t length() const { return length_; }
  [[nodiscard]] const char* why() const { return why_; }

 private:
  static constexpr std::size_t most_digits = 9, longest_command = 32;
  enum class state : std::uint8_t { number, command, length, data, end, ended, malformed };

  piece number_part(std::string_view& bytes);
  piece command_part(std::string_view& bytes);
  piece length_part(std::string_view& bytes);
  piece wrong(const char* why);

  state state_ = state::number;
  std::uint32_t number_ = 0, length_ = 0, left_ = 0;
  std::uint8_t digits_ = 0, command_bytes_ = 0;
  char command_[longest_command] = {};
  const char* why_ = "";
};

void append_relp_frame(std::uint32_t number, std::string_view command, std::string_view data, std::string& to);

/// What both sides say of themselves in `open` and in the answer to it. Version 0 is what all that there is speaks.
[[nodiscard]] std::string relp_offers();
/// Whether the other side's offers have a version that we speak, and `syslog`; else why not.
[[nodiscard]] std::string wrong_with_relp_offers(std::string_view offers);

/// The data of a `rsp`, taken apart: "200 OK\n…".
struct relp_answer {
  int code = 0;            ///< 0: it is none
  std::string_view text;   ///< for people
  std::string_view offers; ///< behind the line feed
};
[[nodiscard]] relp_answer read_relp_answer(std::string_view data);

}  // namespace logrelay
