#include <logrelay/util/inherited.hpp>

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <string>

namespace logrelay {

descriptor_kind kind_of(int number) {
  struct stat what {};
  const int flags = ::fcntl(number, F_GETFL);
  if (flags < 0 || (flags & O_PATH) != 0 || ::fstat(number, &what) != 0) return descriptor_kind::closed;
  if (S_ISREG(what.st_mode)) return descriptor_kind::regular;
  if (S_ISFIFO(what.st_mode)) return descriptor_kind::pipe;
  if (S_ISSOCK(what.st_mode)) return descriptor_kind::socket;
  if (S_ISCHR(what.st_mode) && ::isatty(number) == 1) return descriptor_kind::terminal;
  return descriptor_kind::other;
}

fd open_anew(int number, int access) {
  const auto path = "/proc/self/fd/" + std::to_string(number);
  return fd(::open(path.c_str(), access | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
}

void retire(int number, int access) {
  const fd null(::open("/dev/null", access | O_CLOEXEC));
  if (null) ::dup2(null.get(), number);
}

void hold_place(int number) {
  if (::fcntl(number, F_GETFD) >= 0 || errno != EBADF) return;
  fd nothing(::open("/", O_PATH));
  if (nothing.get() == number)
    static_cast<void>(nothing.release());
  else
    ::dup2(nothing.get(), number);
}

void fill_standard_descriptors() {
  for (int number = 0; number <= 2; ++number) hold_place(number);
}

}  // namespace logrelay
