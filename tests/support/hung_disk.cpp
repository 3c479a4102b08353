#include <support/hung_disk.hpp>

#include <support/process.hpp>

#include <logrelay/error.hpp>

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

namespace logrelay::support {

std::unique_ptr<hung_disk> hung_disk::mount() {
  if (::geteuid() != 0 || !has("mkfs.ext4") || !has("mount")) return nullptr;
  std::unique_ptr<hung_disk> made(new hung_disk);
  const auto image = made->folder_ / "image";
  write_file(image, "");
  std::filesystem::resize_file(image, 256 << 20);
  std::filesystem::create_directory(*made / "");
  if (run({"mkfs.ext4", "-q", "-F", image}).status != 0) return nullptr;
  made->mounted_ = run({"mount", "-o", "loop", image, *made / ""}).status == 0;
  return made->mounted_ ? std::move(made) : nullptr;
}

hung_disk::~hung_disk() {
  go_on();
  if (mounted_) ::umount2((*this / "").c_str(), MNT_DETACH);
}

// A child lets it go on as soon as nobody holds the pipe open any more: not even our KILL leaves a disk that hangs.
void hung_disk::hang() {
  const fd root(::open((*this / "").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  int ends[2];
  if (!root || ::pipe2(ends, O_CLOEXEC) < 0) throw system_error("hang a disk", errno);
  fd waits(ends[0]);
  hanging_ = fd(ends[1]);
  thawer_ = ::fork();
  if (thawer_ < 0) throw system_error("fork", errno);
  if (thawer_ == 0) {
    ::setpgid(0, 0);
    ::close(ends[1]);
    char nothing = 0;
    while (::read(ends[0], &nothing, 1) < 0 && errno == EINTR) {}
    ::ioctl(root.get(), FITHAW, 0);
    ::_exit(0);
  }
  if (::ioctl(root.get(), FIFREEZE, 0) < 0) throw system_error("freeze a disk", errno);
}

void hung_disk::go_on() {
  if (!hanging_) return;
  hanging_.reset();
  ::waitpid(std::exchange(thawer_, 0), nullptr, 0);
}

}  // namespace logrelay::support
