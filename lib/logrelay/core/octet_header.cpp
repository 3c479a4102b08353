#include <logrelay/core/octet_header.hpp>

#include <charconv>

namespace logrelay {
namespace {

std::size_t digits_at(std::string_view bytes, std::size_t at) {
  const std::size_t from = at;
  while (at < bytes.size() && bytes[at] >= '0' && bytes[at] <= '9') ++at;
  return at - from;
}

// `<13>`: whether it is, is not, or may become one.
octet_header::kinds priority_at(std::string_view bytes, std::size_t at) {
  constexpr std::size_t most_digits = 3;
  if (at == bytes.size()) return octet_header::unfinished;
  if (bytes[at] != '<') return octet_header::none;
  const std::size_t digits = digits_at(bytes, at + 1);
  if (digits > most_digits) return octet_header::none;
  const std::size_t end = at + 1 + digits;
  if (end == bytes.size()) return octet_header::unfinished;
  return digits > 0 && bytes[end] == '>' ? octet_header::whole : octet_header::none;
}

}  // namespace

octet_header read_octet_header(std::string_view bytes) {
  const std::size_t digits = digits_at(bytes, 0);
  if (digits >= octet_header::most_bytes || (digits > 1 && bytes[0] == '0')) return {octet_header::none, 0, 0};
  if (digits == bytes.size()) return {octet_header::unfinished, 0, 0};
  if (digits == 0 || bytes[digits] != ' ') return {octet_header::none, 0, 0};
  std::uint64_t length = 0;
  std::from_chars(bytes.data(), bytes.data() + digits, length);
  return {octet_header::whole, digits + 1, length};
}

octet_header read_syslog_header(std::string_view bytes) {
  auto found = read_octet_header(bytes);
  if (found.kind == octet_header::whole)
    found.kind = found.length < std::string_view("<0>").size() ? octet_header::none : priority_at(bytes, found.size);
  return found;
}

}  // namespace logrelay
