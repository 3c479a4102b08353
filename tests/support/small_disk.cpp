#include <support/small_disk.hpp>

#include <logrelay/util/fd.hpp>

#include <fcntl.h>
#include <sys/mount.h>

#include <filesystem>
#include <string>

namespace logrelay::support {

std::optional<small_disk> small_disk::mount(std::uint64_t bytes) {
  temp_folder folder;
  const auto options = "size=" + std::to_string(bytes);
  if (::mount("tmpfs", folder.path().c_str(), "tmpfs", MS_NOSUID | MS_NODEV, options.c_str()) < 0) return std::nullopt;
  return small_disk(std::move(folder));
}

small_disk::~small_disk() {
  // Lazily: a program that is on its way out may still hold a file there.
  if (!folder_.path().empty()) ::umount2(folder_.path().c_str(), MNT_DETACH);
}

void small_disk::fill() const {
  const fd file(::open((*this / "filler").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  const std::string page(4096, 'x');
  while (::write(file.get(), page.data(), page.size()) > 0) {
  }
}

void small_disk::make_room() const { std::filesystem::remove(*this / "filler"); }

}  // namespace logrelay::support
