// The framer against its reference, which looks at one byte at a time. The first bytes choose the rules and how the rest
// is cut into reads; two more framers share the memory and want the open block in between.
#include "require.hpp"

#include "../support/reference_framer.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace logrelay;

class kept_batches final : public batch_sink {
 public:
  void publish(batch&& all) override {
    require(all.size > 0 && all.count.lines > 0);
    require(all.count == count_lines(all.bytes(), all.frames));
    batches.push_back(std::move(all));
  }
  [[nodiscard]] std::vector<std::string> lines() const {
    std::vector<std::string> every;
    for (const auto& each : batches) {
      line_cursor cursor(each.bytes(), each.frames);
      for (std::string_view line; cursor.next(line);) every.emplace_back(line);
    }
    return every;
  }
  std::vector<batch> batches;
};

void read(line_framer& framer, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto space = framer.space(bytes.size());
    require(!space.empty() && space.size() <= bytes.size());
    std::memcpy(space.data(), bytes.data(), space.size());
    framer.commit(space.size(), {});
    bytes.remove_prefix(space.size());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 4) return 0;
  framing_rules rules;
  rules.frames = static_cast<framing>(data[0] % 3);
  rules.detect = rules.frames == framing::octet && data[0] >= 128;
  rules.long_lines = static_cast<long_line_action>(data[0] / 3 % 3);
  rules.max_line = data[1] < 200 ? data[1] + 1u : (data[1] - 199u) * 500u;
  const bool tight = data[2] % 8 == 0;  // then the budget cuts too, and only what must always hold is looked at
  const std::size_t step = 1 + data[2] / 8;
  const bool company = data[3] % 2 != 0;
  const std::size_t repeat = data[3] >= 248 ? 4000 : 1;  // to come by the ends of blocks, which takes long

  const std::string_view given(reinterpret_cast<const char*>(data) + 4, size - 4);
  std::string text;
  for (std::size_t i = 0; i < repeat && text.size() < 1'500'000; ++i) text += given;

  block_pool pool;
  read_memory memory(pool, tight ? 64 : 64 * 1024 * 1024);
  const auto from = std::make_shared<const source>();
  kept_batches out, others;
  input_counters counters, other_counters;
  line_framer framer(memory, rules, from, out, counters);
  line_framer second(memory, rules, from, others, other_counters), third(memory, rules, from, others, other_counters);
  support::reference_framer reference(rules);

  std::string_view rest = text;
  for (std::size_t turn = 0; !rest.empty(); ++turn) {
    const auto part = rest.substr(0, repeat == 1 ? step : step * 997);
    read(framer, part);
    reference.read(part);
    rest.remove_prefix(part.size());
    if (company && turn % 3 == 0) read(second, part);
    if (company && turn % 7 == 0) read(third, part.substr(0, 1));
    if (tight) require(memory.carry_bytes() <= 64);
  }
  framer.finish({});
  second.finish({});
  third.finish({});
  reference.finish();
  require(memory.carry_bytes() == 0);

  const auto lines = out.lines();
  tally all;
  for (const auto& each : lines) all += {1, each.size() + 1};
  require(counters.lines == all.lines && counters.bytes == all.bytes);
  if (!tight) {
    require(lines == reference.lines);
    require(counters.long_lines == reference.long_lines && counters.framing_errors == reference.framing_errors);
  } else if (rules.frames != framing::octet && rules.long_lines == long_line_action::split) {
    std::string ours, theirs;
    for (const auto& each : lines) ours += each;
    for (const auto& each : reference.lines) theirs += each;
    require(ours == theirs);
  }
  return 0;
}
