#include <logrelay/input/tail/checkpoint.hpp>

#include <logrelay/error.hpp>
#include <logrelay/util/crc32c.hpp>
#include <logrelay/util/lock_holder.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <iterator>

namespace logrelay {
namespace {

constexpr std::string_view first_line = "logrelay-tail 1\n";
constexpr std::string_view hexadecimal = "0123456789ABCDEF";
constexpr std::size_t most_bytes = 64 * 1024 * 1024;

bool is_plain(char c) { return c > ' ' && c < 0x7f && c != '%'; }

void append_escaped(std::string_view path, std::string& to) {
  for (const char c : path) {
    if (is_plain(c)) {
      to += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    to += '%';
    to += hexadecimal[byte >> 4];
    to += hexadecimal[byte & 15];
  }
}

std::optional<std::string> unescaped(std::string_view text) {
  std::string path;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      if (!is_plain(text[i])) return {};
      path += text[i];
      continue;
    }
    if (text.size() - i < 3) return {};
    const auto high = hexadecimal.find(text[i + 1]), low = hexadecimal.find(text[i + 2]);
    if (high == std::string_view::npos || low == std::string_view::npos) return {};
    path += static_cast<char>(high << 4 | low);
    i += 2;
  }
  return path;
}

/// Takes words off the front of a line; any that is not as it should be makes all of it wrong.
class word_reader {
 public:
  explicit word_reader(std::string_view line) : rest_(line) {}
  std::string_view word() {
    const auto end = std::min(rest_.find(' '), rest_.size());
    const auto found = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    return found;
  }
  template <typename Number>
  Number number() {
    Number value = 0;
    const auto text = word();
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
    right_ = right_ && ec == std::errc() && end == text.data() + text.size() && !text.empty();
    return value;
  }
  [[nodiscard]] bool right() const { return right_; }

 private:
  std::string_view rest_;
  bool right_ = true;
};

std::optional<file_position> parse_line(std::string_view line) {
  word_reader words(line);
  file_position position;
  position.device = words.number<dev_t>();
  position.inode = words.number<ino_t>();
  position.offset = words.number<std::uint64_t>();
  position.head_size = words.number<std::uint32_t>();
  position.head_crc = words.number<std::uint32_t>();
  const auto state = words.word();
  position.done = state == "done";
  auto path = unescaped(words.word());
  if (!words.right() || !path || (!position.done && state != "open") || position.head_size > most_head_bytes) return {};
  position.path = std::move(*path);
  return position;
}

int write_all(const fd& to, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(to.get(), text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return 0;
}

std::optional<std::string> read_all(const fd& from) {
  std::string text;
  for (char part[16 * 1024];;) {
    const ssize_t n = ::read(from.get(), part, sizeof part);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 || text.size() > most_bytes) return {};
    if (n == 0) return text;
    text.append(part, static_cast<std::size_t>(n));
  }
}

}  // namespace

std::string to_text(const std::vector<file_position>& positions) {
  std::string text(first_line);
  for (const auto& each : positions) {
    fmt::format_to(std::back_inserter(text), "{} {} {} {} {} {} ", each.device, each.inode, each.offset, each.head_size, each.head_crc,
                   each.done ? "done" : "open");
    append_escaped(each.path, text);
    text += '\n';
  }
  const auto sum = crc32c(text);
  fmt::format_to(std::back_inserter(text), "end {} {}\n", positions.size(), sum);
  return text;
}

std::optional<std::vector<file_position>> parse_checkpoint(std::string_view text) {
  if (!text.starts_with(first_line) || !text.ends_with('\n')) return {};
  const auto last = text.rfind('\n', text.size() - 2) + 1;
  std::vector<file_position> positions;
  for (auto rest = text.substr(first_line.size(), last - std::min(last, first_line.size())); !rest.empty();) {
    const auto end = rest.find('\n');
    auto one = parse_line(rest.substr(0, end));
    if (!one) return {};
    positions.push_back(std::move(*one));
    rest.remove_prefix(end + 1);
  }
  const auto sum = crc32c(text.substr(0, last));
  if (text.substr(last) != fmt::format("end {} {}\n", positions.size(), sum)) return {};
  return positions;
}

checkpoint_file::checkpoint_file(std::string path) : path_(std::move(path)) {
  std::error_code ignored;  // the file will say it better
  std::filesystem::create_directories(std::filesystem::path(path_).parent_path(), ignored);
  while (!lock()) continue;
  const auto text = read_all(file_);
  if (!text) throw system_error("read the checkpoint " + path_, errno);
  struct stat what {};
  if (::fstat(file_.get(), &what) == 0) looked_ = what.st_mtim;
  if (made_) {
    const int error_number = replace({}, looked_);
    if (error_number == 0) return;
    ::unlink(path_.c_str());
    throw system_error("write the checkpoint " + path_, error_number);
  }
  auto read = parse_checkpoint(*text);
  damaged_ = !read;
  if (read) found_ = std::move(*read);
}

// False: somebody has put another in its place in the meantime.
bool checkpoint_file::lock() {
  file_.reset(::open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  made_ = static_cast<bool>(file_);
  if (!file_ && errno == EEXIST) file_.reset(::open(path_.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (!file_ && errno == ENOENT) return false;
  if (!file_) throw system_error("open the checkpoint " + path_, errno);
  if (::flock(file_.get(), LOCK_EX | LOCK_NB) != 0) {
    struct stat held {};
    ::fstat(file_.get(), &held);
    throw error(fmt::format("unable to use the checkpoint {}: {} has it", path_, lock_holder(held.st_dev, held.st_ino)));
  }
  struct stat ours {}, there {};
  return ::fstat(file_.get(), &ours) == 0 && ::stat(path_.c_str(), &there) == 0 && ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

// The new one is locked before it gets the name, so that the name is locked at every moment.
int checkpoint_file::replace(const std::vector<file_position>& positions, const timespec& looked) {
  const auto temporary = path_ + ".tmp";
  fd next(::open(temporary.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!next) return errno;
  int error_number = ::flock(next.get(), LOCK_EX | LOCK_NB) == 0 ? 0 : errno;
  if (error_number == 0) error_number = write_all(next, to_text(positions));
  const timespec times[2] = {looked, looked};
  if (error_number == 0 && ::futimens(next.get(), times) != 0) error_number = errno;
  if (error_number == 0 && ::rename(temporary.c_str(), path_.c_str()) != 0) error_number = errno;
  if (error_number != 0)
    ::unlink(temporary.c_str());
  else
    file_ = std::move(next);
  return error_number;
}

}  // namespace logrelay
