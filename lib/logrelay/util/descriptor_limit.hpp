#pragma once
/// The process's limit of open descriptors: as many connections and files as the system allows us, while commands that
/// we run keep what we were started with (select(2) fails beyond 1024).
#include <string>

namespace logrelay {

/// Raises the soft limit to the hard one. First thing in main, before other threads.
void raise_descriptor_limit();
/// The old limit, while it lives: what is run meanwhile starts with it. Before other threads.
class original_descriptor_limit {
 public:
  original_descriptor_limit();
  ~original_descriptor_limit();
  original_descriptor_limit(const original_descriptor_limit&) = delete;
};
/// What a shell says to get the old limit back: "ulimit -S -n 1024", or ":" where nothing was raised. Any thread.
[[nodiscard]] std::string restore_descriptor_limit();

}  // namespace logrelay
