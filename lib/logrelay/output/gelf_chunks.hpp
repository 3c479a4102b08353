#pragma once
/// A GELF message that is too long for one datagram, in chunks, as Graylog's "GELF via UDP" has it:
///
///     0  2  0x1e 0x0f
///     2  8  an id that all chunks of a message have in common
///    10  1  the number of this chunk, from 0
///    11  1  how many there are, 128 at most
///    12     its part of the message
///
/// Belongs to one output and its thread; no I/O.
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace logrelay {

class gelf_chunks {
 public:
  static constexpr std::size_t most_chunks = 128, header_bytes = 12;

  /// `chunk_bytes`: of a whole datagram, more than a header; 0: nothing is ever cut.
  explicit gelf_chunks(std::size_t chunk_bytes);

  [[nodiscard]] bool cuts(std::size_t message_bytes) const { return chunk_bytes_ > 0 && message_bytes > chunk_bytes_; }
  [[nodiscard]] bool too_long(std::size_t message_bytes) const { return message_bytes > most_chunks * (chunk_bytes_ - header_bytes); }
  /// The datagrams of a message that cuts(), the first `sent` left out; valid until the next call.
  [[nodiscard]] std::span<mmsghdr> datagrams(std::string_view message, std::size_t sent);
  void next_message() { ++id_; }

 private:
  const std::size_t chunk_bytes_;
  std::uint64_t id_;
  std::vector<std::array<char, header_bytes>> headers_;
  std::vector<std::array<iovec, 2>> pieces_;
  std::vector<mmsghdr> messages_;
};

}  // namespace logrelay
