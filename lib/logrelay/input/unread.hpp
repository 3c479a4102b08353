#pragma once
/// What an input that was asked to stop has still to read: what was ready then, which nobody but us can read any more. Each
/// stream or socket of it has a share of the input's count, which reports read. Reader's thread, but for the count.
#include <sys/ioctl.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace logrelay {

/// Bytes that are ready in a descriptor, as the kernel tells; of datagrams those of the first.
[[nodiscard]] inline std::size_t ready_bytes(int descriptor) {
  int bytes = 0;
  return ::ioctl(descriptor, FIONREAD, &bytes) == 0 ? static_cast<std::size_t>(bytes) : 0;
}

class unread_share {
 public:
  explicit unread_share(std::atomic<std::uint64_t>& of) : of_(of) {}

  void owe(std::size_t bytes) {
    settle(bytes_);
    bytes_ = bytes;
    of_.fetch_add(bytes, std::memory_order_relaxed);
  }
  void settle(std::size_t bytes) {
    bytes = std::min(bytes, bytes_);
    bytes_ -= bytes;
    of_.fetch_sub(bytes, std::memory_order_relaxed);
  }
  void settle_all() { settle(bytes_); }
  [[nodiscard]] bool owes() const { return bytes_ > 0; }

 private:
  std::atomic<std::uint64_t>& of_;
  std::size_t bytes_ = 0;
};

}  // namespace logrelay
