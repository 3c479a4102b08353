#include <logrelay/core/octet_header.hpp>

#include <charconv>

namespace logrelay {

octet_header read_octet_header(std::string_view bytes) {
  std::size_t digits = 0;
  while (digits < bytes.size() && bytes[digits] >= '0' && bytes[digits] <= '9') ++digits;
  if (digits >= octet_header::most_bytes || (digits > 1 && bytes[0] == '0')) return {octet_header::none, 0, 0};
  if (digits == bytes.size()) return {octet_header::unfinished, 0, 0};
  if (digits == 0 || bytes[digits] != ' ') return {octet_header::none, 0, 0};
  std::uint64_t length = 0;
  std::from_chars(bytes.data(), bytes.data() + digits, length);
  return {octet_header::whole, digits + 1, length};
}

}  // namespace logrelay
