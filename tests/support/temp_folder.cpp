#include <support/temp_folder.hpp>

#include <logrelay/error.hpp>
#include <logrelay/util/fd.hpp>

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <utility>

namespace logrelay::support {
namespace {

std::string made_below(const std::filesystem::path& parent) {
  auto name = (parent / "logrelay-XXXXXX").string();
  if (!::mkdtemp(name.data())) throw system_error("create " + name, errno);
  return name;
}

fd opened(const std::string& path, int flags) {
  fd file(::open(path.c_str(), flags | O_CLOEXEC, 0644));
  if (!file) throw system_error("open " + path, errno);
  return file;
}

std::string rest_of(const fd& file, const std::string& path) {
  std::string text;
  for (;;) {
    const auto had = text.size();
    text.resize(had + std::max<std::size_t>(had, 65536));
    const auto n = ::read(file.get(), text.data() + had, text.size() - had);
    if (n < 0 && errno != EINTR) throw system_error("read " + path, errno);
    text.resize(had + static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
    if (n == 0) return text;
  }
}

}  // namespace

temp_folder::temp_folder() : temp_folder(std::filesystem::temp_directory_path()) {}
temp_folder::temp_folder(const std::filesystem::path& parent) : path_(made_below(parent)) {}
temp_folder::temp_folder(temp_folder&& other) noexcept : path_(std::exchange(other.path_, {})) {}

temp_folder::~temp_folder() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

std::string read_file(const std::string& path) { return rest_of(opened(path, O_RDONLY), path); }

std::string read_if_there(const std::string& path) {
  const fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  return file ? rest_of(file, path) : std::string();
}

void write_file(const std::string& path, std::string_view text) {
  const auto file = opened(path, O_WRONLY | O_CREAT | O_TRUNC);
  while (!text.empty()) {
    const auto n = ::write(file.get(), text.data(), text.size());
    if (n < 0 && errno != EINTR) throw system_error("write " + path, errno);
    if (n > 0) text.remove_prefix(static_cast<std::size_t>(n));
  }
}

std::uint64_t file_size(const std::string& path) {
  struct stat facts {};
  return ::stat(path.c_str(), &facts) == 0 ? static_cast<std::uint64_t>(facts.st_size) : 0;
}

std::vector<std::string> names_in(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace logrelay::support
