#pragma once
/// Where a framer's lines go in a test: the bytes of all of them, one after the other.
#include <logrelay/core/line_framer.hpp>

#include <string>

namespace logrelay::support {

class published_text final : public batch_sink {
 public:
  void publish(batch&& lines) override { text += lines.bytes(); }
  std::string text;
};

}  // namespace logrelay::support
