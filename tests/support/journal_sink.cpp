#include <support/journal_sink.hpp>

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace logrelay::support {
namespace {

// journal_field_valid() in systemd's journal-file.c
bool is_name(std::string_view name) {
  const auto fits = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; };
  return !name.empty() && name.size() <= 64 && name[0] != '_' && (name[0] < '0' || name[0] > '9') && std::all_of(name.begin(), name.end(), fits);
}

}  // namespace

journal_entry parse_journal_entry(std::string_view text, std::vector<std::string>& complaints) {
  journal_entry entry;
  while (!text.empty()) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) {
      complaints.emplace_back("no newline at the end");
      break;
    }
    auto line = text.substr(0, end);
    text.remove_prefix(end + 1);
    const auto equals = line.find('=');
    const std::string name(line.substr(0, equals));
    std::string value;
    if (equals != std::string_view::npos) {
      value = line.substr(equals + 1);
    } else {
      std::uint64_t size = 0;
      if (text.size() < sizeof size) {
        complaints.push_back(name + ": no length");
        break;
      }
      std::memcpy(&size, text.data(), sizeof size);  // little endian, as we are
      text.remove_prefix(sizeof size);
      if (text.size() <= size || text[size] != '\n') {
        complaints.push_back(name + ": not as long as it says");
        break;
      }
      value = text.substr(0, size);
      text.remove_prefix(size + 1);
    }
    if (!is_name(name)) complaints.push_back("'" + name + "' is no name");
    if (!entry.emplace(name, std::move(value)).second) complaints.push_back(name + ": twice");
  }
  return entry;
}

journal_sink::journal_sink(const std::string& path)
    : socket_(bound_unixgram(path)), wake_(::eventfd(0, EFD_CLOEXEC)), thread_([this] { serve(); }) {}

journal_sink::~journal_sink() {
  ::eventfd_write(wake_.get(), 1);
  thread_.join();
}

std::vector<journal_entry> journal_sink::entries() const {
  const std::lock_guard lock(mutex_);
  return entries_;
}

std::size_t journal_sink::count() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

std::size_t journal_sink::sealed() const {
  const std::lock_guard lock(mutex_);
  return sealed_;
}

std::vector<std::string> journal_sink::complaints() const {
  const std::lock_guard lock(mutex_);
  return complaints_;
}

void journal_sink::serve() {
  for (;;) {
    std::array<pollfd, 2> waits{pollfd{wake_.get(), POLLIN, 0}, pollfd{socket_.get(), POLLIN, 0}};
    ::poll(waits.data(), waits.size(), -1);
    if (waits[0].revents) return;
    const std::lock_guard lock(mutex_);
    take();
  }
}

void journal_sink::take() {
  std::vector<char> buffer(1 << 18);
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  iovec place{buffer.data(), buffer.size()};
  msghdr message{};
  message.msg_iov = &place;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const auto n = ::recvmsg(socket_.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (n < 0) return;
  std::string text(buffer.data(), static_cast<std::size_t>(n));
  if (const cmsghdr* header = CMSG_FIRSTHDR(&message)) {
    int descriptor = -1;
    std::memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
    if (n > 0) complaints_.emplace_back("a descriptor and bytes too");
    text = read_memory(fd(descriptor));
    ++sealed_;
  }
  entries_.push_back(parse_journal_entry(text, complaints_));
}

std::string journal_sink::read_memory(const fd& memory) {
  constexpr int all_seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;
  if (::fcntl(memory.get(), F_GET_SEALS) != all_seals) complaints_.emplace_back("memory that is not sealed");
  struct stat what {};
  ::fstat(memory.get(), &what);
  std::string text(static_cast<std::size_t>(what.st_size), '\0');
  if (::pread(memory.get(), text.data(), text.size(), 0) != what.st_size) complaints_.emplace_back("memory that cannot be read");
  return text;
}

}  // namespace logrelay::support
