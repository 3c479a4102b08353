// Any bytes that read as a packed record are views into themselves, and pack to a record that reads the same.
#include "require.hpp"

#include <logrelay/decode/packed.hpp>

#include <cstring>
#include <string>

using namespace logrelay;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  program_record one;
  if (!unpack(bytes, one)) return 0;
  require(one.file.empty() || std::strlen(one.file.data()) <= one.file.size());
  require(one.function.empty() || std::strlen(one.function.data()) <= one.function.size());
  std::string again(packed_size(one), '\0');
  pack(one, again.data());
  program_record two;
  require(unpack(again, two) && two.severity == one.severity && two.own_level == one.own_level && two.time == one.time);
  require(two.thread == one.thread && two.logger == one.logger && two.file == one.file && two.function == one.function);
  require(two.line == one.line && two.message == one.message);
  record found;
  decode_packed(bytes, found);
  require(found.message == one.message);
  return 0;
}
