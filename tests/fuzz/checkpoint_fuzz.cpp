// A checkpoint of a tail, damaged in any way: it is read as it was written, or not at all.
#include "require.hpp"

#include <logrelay/input/tail/checkpoint.hpp>

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto read = logrelay::parse_checkpoint(text);
  require(!read || logrelay::parse_checkpoint(logrelay::to_text(*read)) == read);
  return 0;
}
