#include <logrelay/output/null_output.hpp>

#include <logrelay/config.hpp>
#include <logrelay/output/output.hpp>

#include <fmt/format.h>

namespace logrelay {
namespace {

class null_output final : public output {
 public:
  result open(waiter&) override { return {}; }
  write_result write(const outgoing& lines) override { return {lines.bytes()}; }
  void close(std::size_t) noexcept override {}
};

void check(const output_config& config, mistakes& wrong) {
  if (!config.where.rest.empty()) wrong.add(fmt::format("output '{}': 'null:' takes nothing behind the colon", config.name));
}

}  // namespace

const output_kind null_output_kind{"null", "null:", "nowhere", {}, check,
                                   [](const output_config&) -> std::unique_ptr<output> { return std::make_unique<null_output>(); }};

}  // namespace logrelay
