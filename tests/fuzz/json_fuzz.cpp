// Whatever comes as an object: decoding ends, what is found are views into the line or into what was unescaped, numbers
// are in their ranges, and what is no object is all message.
#include "require.hpp"

#include <logrelay/decode/json.hpp>

#include <cstdint>

namespace {

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace logrelay;
  const std::string line(reinterpret_cast<const char*>(data), size);
  std::string unescaped;
  record found;
  decode_json(line, found, unescaped);
  const auto within = [](std::string_view view, std::string_view text) {
    return view.data() >= text.data() && view.data() + view.size() <= text.data() + text.size();
  };
  for (const auto view : {found.host, found.app, found.pid, found.msgid, found.message})
    require(view.empty() || within(view, line) || within(view, unescaped));
  require(found.severity >= -1 && found.severity < 8 && found.facility >= -1 && found.facility < 24);
  require(found.sd.empty());
  if (line.find('{') == std::string::npos) require(found.message == line && found.severity == -1 && !found.time);
  return 0;
}
