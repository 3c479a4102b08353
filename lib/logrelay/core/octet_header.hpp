#pragma once
/// The length before a frame of RFC 6587, 3.4.1:  MSG-LEN = NONZERO-DIGIT *DIGIT, then SP. The RFC has no empty message;
/// what has one to send, as we do, can only write "0 ".
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace logrelay {

struct octet_header {
  /// Digits and a space are the longest header: more than that is more than any line that we hold.
  static constexpr std::size_t most_bytes = 11;

  enum kinds : std::uint8_t { whole, unfinished, none };
  kinds kind;
  std::size_t size;      ///< of a whole header: the digits and the space
  std::uint64_t length;  ///< … and of the message behind it, which need not be there yet
};

/// How `bytes` begin: with a header, with what may become one, or with something else.
[[nodiscard]] octet_header read_octet_header(std::string_view bytes);

/// The same where lines without a length come too: a length is one only if a priority follows, `<0>` to `<999>`, with
/// which every message of syslog begins, and no line of prose that begins with a number.
[[nodiscard]] octet_header read_syslog_header(std::string_view bytes);

}  // namespace logrelay
