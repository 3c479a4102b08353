#pragma once
/// A socket that takes entries as systemd-journald does, and is stricter: what is not as its native protocol has it is a
/// complaint. Any thread may ask; the one that made it ends it.
#include <support/sockets.hpp>

#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace logrelay::support {

/// Fields by name; where one came twice, the complaint says so.
using journal_entry = std::map<std::string, std::string>;

/// Reads one entry; what is wrong with it is added to `complaints`.
[[nodiscard]] journal_entry parse_journal_entry(std::string_view text, std::vector<std::string>& complaints);

class journal_sink {
 public:
  explicit journal_sink(const std::string& path);
  ~journal_sink();

  [[nodiscard]] std::vector<journal_entry> entries() const;
  [[nodiscard]] std::size_t count() const;
  [[nodiscard]] std::size_t sealed() const;  ///< of them came as memory
  [[nodiscard]] std::vector<std::string> complaints() const;

 private:
  void serve();
  void take();
  [[nodiscard]] std::string read_memory(const fd& memory);

  fd socket_;
  fd wake_;
  mutable std::mutex mutex_;
  std::vector<journal_entry> entries_;
  std::vector<std::string> complaints_;
  std::size_t sealed_ = 0;
  std::thread thread_;
};

}  // namespace logrelay::support
