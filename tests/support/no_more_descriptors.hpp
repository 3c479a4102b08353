#pragma once
/// While it lives nobody in this process gets a descriptor, or `more` at most; those that there are stay. One at a time.
#include <logrelay/util/fd.hpp>

#include <sys/resource.h>
#include <unistd.h>

#include <stdexcept>

namespace logrelay::support {

class no_more_descriptors {
 public:
  explicit no_more_descriptors(int more = 0) {
    if (::getrlimit(RLIMIT_NOFILE, &before_) != 0) throw std::runtime_error("getrlimit");
    const fd lowest_free(::dup(0));
    rlimit none = before_;
    none.rlim_cur = static_cast<rlim_t>(lowest_free.get() + more);
    if (::setrlimit(RLIMIT_NOFILE, &none) != 0) throw std::runtime_error("setrlimit");
  }
  ~no_more_descriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  no_more_descriptors(const no_more_descriptors&) = delete;
  no_more_descriptors& operator=(const no_more_descriptors&) = delete;

 private:
  rlimit before_{};
};

}  // namespace logrelay::support
