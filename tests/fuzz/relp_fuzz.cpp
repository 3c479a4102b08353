// Whatever comes as RELP, in whatever pieces: what is found is the same as in one piece and no longer than what was taken, and
// frames that are found whole and written again are read the same.
#include "require.hpp"

#include <logrelay/net/relp.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>
#include <utility>

namespace {

using namespace logrelay;

struct frame {
  std::uint32_t number;
  std::string command, data;
  friend bool operator==(const frame&, const frame&) = default;
};
struct reading {
  std::vector<frame> frames;
  std::string unfinished;
  bool malformed = false;
  friend bool operator==(const reading&, const reading&) = default;
};

reading read(std::string_view stream, std::size_t piece_bytes) {
  reading all;
  relp_parser parser;
  std::string length;
  frame one;
  while (!stream.empty()) {
    auto some = stream.substr(0, piece_bytes);
    stream.remove_prefix(some.size());
    std::size_t kept = 0;  // as the input keeps them: never more than was read
    const auto given = some;
    for (bool more = true; more;) {
      const auto left = some.size();
      const auto piece = parser.next(some);
      require(some.size() <= left);
      kept += piece.bytes.size();
      require(kept <= given.size() - some.size());
      switch (piece.what) {
        case relp_parser::found::nothing: require(some.empty()); more = false; break;
        case relp_parser::found::command:
          one = {parser.number(), std::string(parser.command()), {}};
          require(!one.command.empty() && one.command.size() <= 32 && one.number <= 999'999'999);
          length.clear();
          break;
        case relp_parser::found::length: length += piece.bytes; break;
        case relp_parser::found::data: one.data += piece.bytes; break;
        case relp_parser::found::end:
          require(one.data.size() == parser.length());
          require(length == std::to_string(one.data.size()) + " ");
          all.frames.push_back(std::exchange(one, {}));
          break;
        case relp_parser::found::malformed:
          require(*parser.why() != '\0');
          all.malformed = true;
          return all;
      }
    }
  }
  all.unfinished = one.data;
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view stream(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto whole = read(stream, stream.size());
  require(read(stream, 1 + data[0] % 16u) == whole);

  std::string again;
  for (const auto& each : whole.frames) append_relp_frame(each.number, each.command, each.data, again);
  require(read(again, again.size()).frames == whole.frames);
  static_cast<void>(wrong_with_relp_offers(stream));
  const auto answer = read_relp_answer(stream);
  require(answer.code >= 0 && answer.code <= 999);
  return 0;
}
