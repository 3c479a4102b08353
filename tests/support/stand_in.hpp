#pragma once
/// Puts a descriptor in the place of another one (stdin, stdout, stderr) for as long as it lives.
#include <logrelay/util/fd.hpp>

#include <fcntl.h>

namespace logrelay::support {

class stand_in {
 public:
  stand_in(int place, const fd& what) : place_(place), saved_(::fcntl(place, F_DUPFD_CLOEXEC, 100)) { ::dup2(what.get(), place); }
  ~stand_in() { ::dup2(saved_.get(), place_); }
  stand_in(const stand_in&) = delete;

 private:
  const int place_;
  const fd saved_;
};

}  // namespace logrelay::support
