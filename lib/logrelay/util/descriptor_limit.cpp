#include <logrelay/util/descriptor_limit.hpp>

#include <fmt/format.h>
#include <sys/resource.h>

namespace logrelay {
namespace {

rlim_t before = 0;  // a fact about the process, set once before there are threads; 0: not raised

}  // namespace

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  const rlim_t old = limit.rlim_cur;
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) == 0) before = old;
}

original_descriptor_limit::original_descriptor_limit() {
  rlimit limit{};
  if (before == 0 || ::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = before;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

original_descriptor_limit::~original_descriptor_limit() {
  if (before != 0) raise_descriptor_limit();
}

std::string restore_descriptor_limit() { return before == 0 ? ":" : fmt::format("ulimit -S -n {}", before); }

}  // namespace logrelay
