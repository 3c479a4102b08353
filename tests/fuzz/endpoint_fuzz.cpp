// Any text may stand where an endpoint or a HOST:PORT is expected. Beside not crashing, what is read has to be made of
// what was written: the parts in order, an option for every name, and nothing from outside the text.
#include "require.hpp"

#include <logrelay/endpoint.hpp>

#include <cstddef>
#include <cstdint>

using namespace logrelay;

namespace {

bool is_option_name(std::string_view name) {
  return !name.empty() && name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

std::string doubled_commas(std::string_view text) {
  std::string doubled;
  for (const char c : text) doubled.append(c == ',' ? 2 : 1, c);
  return doubled;
}

/// An endpoint written anew from its parts reads as the same parts. Commas are doubled, so a value that begins with a
/// quote, which then has no other meaning, is the one thing that cannot be written without quotes.
void check_round_trip(const endpoint& read) {
  std::string text = read.scheme + (read.slashes ? "://" : ":") + doubled_commas(read.rest);
  for (const auto& each : read.options) {
    if (each.text.starts_with('\'') || each.text.starts_with('"')) return;
    text += "," + each.name + "=" + doubled_commas(each.text);
  }
  mistakes wrong;
  const endpoint again = parse_endpoint(text, wrong);
  require(wrong.empty());
  require(again.scheme == read.scheme && again.rest == read.rest && again.slashes == read.slashes);
  require(again.options == read.options);
}

void check_endpoint(std::string_view text) {
  mistakes wrong;
  const endpoint read = parse_endpoint(text, wrong);
  require(read.text == text);
  require(text.starts_with(read.where));
  require(!read.scheme.empty());
  require(read.rest.size() <= read.where.size());
  for (const auto& each : read.options) require(is_option_name(each.name) && each.text.size() < text.size());
  require(!read.where.empty() || !wrong.empty());
  const bool writable = read.scheme != "-" && (read.slashes || !read.rest.starts_with("//"));
  if (wrong.empty() && writable) check_round_trip(read);
}

void check_host_port(std::string_view text) {
  mistakes wrong;
  const host_port read = parse_host_port(text, "output 'x'", wrong);
  require(wrong.texts().size() <= 1);
  require(wrong.empty() ? !read.port.empty() : read.port.empty() && read.host.empty());
  if (wrong.empty()) require(std::strtoul(read.port.c_str(), nullptr, 10) <= 65535);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_endpoint(text);
  check_host_port(text);
  return 0;
}
