#include <logrelay/core/notice.hpp>

#include <logrelay/format/time_text.hpp>

#include <fmt/format.h>

#include <cstring>

namespace logrelay {

std::shared_ptr<const source> notice_source() {
  auto ours = std::make_shared<source>();
  ours->input = static_cast<std::size_t>(-1);
  ours->input_name = ours->app = "logrelay";
  ours->default_level = level::warning;
  return ours;
}

batch make_notice(const gap& lost, block_pool& pool, wall_time now, std::shared_ptr<const source> from) {
  const auto text = fmt::format("logrelay: dropped {} lines ({} bytes): {}, from {} to {}\n", lost.dropped.lines,
                                lost.dropped.bytes, drop_reason_name(lost.why), rfc3339_milliseconds(lost.from),
                                rfc3339_milliseconds(lost.to));
  auto memory = pool.take(text.size());
  std::memcpy(memory->data(), text.data(), text.size());
  const char* const data = memory->data();
  return {std::move(memory), data, static_cast<std::uint32_t>(text.size()), framing::newline, true, {}, now, std::move(from)};
}

}  // namespace logrelay
