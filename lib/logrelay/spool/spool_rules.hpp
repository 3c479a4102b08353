#pragma once
/// What a spooling queue is asked to do, and what it is given for it.
#include <logrelay/core/memory_queue.hpp>
#include <logrelay/messages.hpp>
#include <logrelay/spool/disk.hpp>
#include <logrelay/spool/spool.hpp>

#include <functional>
#include <memory>
#include <string>

namespace logrelay {

struct spool_rules {
  enum class begins : std::uint8_t { at_once, when_full };  ///< a spool, a spill
  enum class safety : std::uint8_t {
    none,   ///< survives the end of the process, not that of the machine
    timed,  ///< safe after `sync_every` at the latest
    batch,  ///< safe before it is taken
  };

  queue_rules memory;  ///< half of its capacity is for lines on their way to the disk, half for those that come from it
  begins disk = begins::at_once;
  spool_limits limits;
  safety sync = safety::timed;
  std::chrono::milliseconds sync_every{1000};
};

struct spool_parts {
  spool_rules rules;
  std::string name;                            ///< of the output
  std::string folder;                          ///< for messages
  std::function<std::unique_ptr<disk>()> open;  ///< may throw error
  std::function<void(disk&)> unmake = [](disk&) {};  ///< takes back what open() made
  std::function<void(disk&, uid_t user, gid_t group)> give = [](disk&, uid_t, gid_t) {};  ///< makes that theirs
  std::function<void(disk&)> release = [](disk&) {};  ///< the queue has left, and another may have it
  std::function<void(severity, std::string_view)> say;
};

}  // namespace logrelay
