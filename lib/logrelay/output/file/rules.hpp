#pragma once
/// What a user asked of a file output, checked and ready. Immutable once the output is made; any thread.
#include <logrelay/output/file/part_names.hpp>

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace logrelay {

/// Which parts stay: those that all of the given limits allow. The live file is never counted nor removed.
struct keep_rules {
  std::optional<std::uint64_t> parts{};
  std::optional<std::uint64_t> bytes{};        ///< of all parts together
  std::optional<std::chrono::seconds> age{};
  std::uint64_t free_bytes = 0;                ///< of the file system; 0: no matter

  [[nodiscard]] bool any() const { return parts || bytes || age || free_bytes > 0; }
};

enum class sync_when : std::uint8_t { never, at_close, every, always };

struct file_rules {
  std::string path;        ///< with strftime's conversions where by_time; %% is a percent sign there
  bool by_time = false;
  bool fields = false;     ///< there are fields in it, so that it stands for many files
  std::size_t max_files = 100;  ///< of these, open at once
  bool utc = false;        ///< of by_time, every and at
  bool append = true;
  bool share = false;      ///< with other relays that share it, too
  std::optional<unsigned> mode;         ///< of a new file; nothing: 0666 less the umask
  std::optional<unsigned> folder_mode;  ///< of a new folder; nothing: 0777 less the umask
  std::optional<uid_t> user;            ///< owner of new files and folders
  std::optional<gid_t> group;
  std::uint64_t rotate_bytes = 0;       ///< 0: never for its size
  std::chrono::seconds every{0};        ///< 0: never by the clock
  std::chrono::seconds at{0};           ///< since midnight
  naming names = naming::time;
  compression compress = compression::none;
  int level = 0;
  keep_rules keep;
  std::string link;          ///< the path of a symbolic link to the live file; empty: none
  sync_when sync = sync_when::never;
  std::chrono::milliseconds sync_every{0};
  std::string after_rotate;  ///< a command for sh; empty: none
  std::chrono::milliseconds after_rotate_most{std::chrono::hours(1)};  ///< that it may take
  std::optional<char> terminator = '\n';  ///< of its lines, where they have one

  [[nodiscard]] bool rotates() const { return rotate_bytes > 0 || every.count() > 0 || by_time; }
};

/// A bit of a file's mode: the file is not finished. It is set as long as the file is written to, as long as a part has
/// still to be synced, compressed or told about, and stays where that was cut short by a crash, so that the next start
/// knows what to go on with. For a regular file Linux gives it no meaning, so that it widens nobody's rights, and
/// `ls -l` shows it as T. multilog's way, the owner's right to execute as a sign of the opposite, would widen them.
inline constexpr unsigned unfinished = 01000;

}  // namespace logrelay
