#pragma once
/// While it lives nobody in this process gets a thread, whoever runs it; those that there are go on. One at a time.
#include <pthread.h>

#include <cstddef>
#include <stdexcept>

namespace logrelay::support {

class no_more_threads {
 public:
  no_more_threads() {
    pthread_attr_t huge;
    if (::pthread_getattr_default_np(&before_) != 0 || ::pthread_getattr_default_np(&huge) != 0) throw std::runtime_error("pthread_getattr_default_np");
    constexpr std::size_t more_than_there_is = std::size_t{1} << 46;
    ::pthread_attr_setstacksize(&huge, more_than_there_is);
    const int error_number = ::pthread_setattr_default_np(&huge);
    ::pthread_attr_destroy(&huge);
    if (error_number != 0) throw std::runtime_error("pthread_setattr_default_np");
  }
  ~no_more_threads() {
    ::pthread_setattr_default_np(&before_);
    ::pthread_attr_destroy(&before_);
  }
  no_more_threads(const no_more_threads&) = delete;
  no_more_threads& operator=(const no_more_threads&) = delete;

 private:
  pthread_attr_t before_{};
};

}  // namespace logrelay::support
