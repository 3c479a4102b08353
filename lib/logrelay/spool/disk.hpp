#pragma once
/// The one folder that a spool lives in, as far as a spool needs it: a small interface, so that a test can fill it, hang
/// it, or pull its plug. One thread at a time. Nothing throws once it is open: a result is 0, or the errno of what went
/// wrong.
#include <logrelay/util/fd.hpp>

#include <sys/uio.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace logrelay {

class disk_file {
 public:
  virtual ~disk_file() = default;
  /// Writes all of `pieces` at `offset`. After a failure any part of it may be there.
  virtual int write(std::uint64_t offset, std::span<const iovec> pieces) = 0;
  /// Reads until `into` is full or the file ends; `got` is how much that was.
  virtual int read(std::uint64_t offset, std::span<char> into, std::size_t& got) = 0;
  /// What was written is on the medium when this returns 0.
  virtual int sync() = 0;
};

class disk {
 public:
  struct entry {
    std::string name;
    std::uint64_t size = 0;
  };

  virtual ~disk() = default;
  virtual int list(std::vector<entry>& files) = 0;
  /// A new file, or an old one emptied; for writing and reading.
  virtual int create(const std::string& name, std::unique_ptr<disk_file>& file) = 0;
  /// A file that is there; for reading, and for writing where it may be written.
  virtual int open(const std::string& name, std::unique_ptr<disk_file>& file) = 0;
  virtual int remove(const std::string& name) = 0;
  virtual int rename(const std::string& from, const std::string& to) = 0;
  /// Creations, removals and names are on the medium when this returns 0.
  virtual int sync_names() = 0;
};

/// A folder of the system. It is locked by flock(2) on the folder itself, so a lock never outlives its holder and leaves
/// no file behind.
class folder_disk final : public disk {
 public:
  enum class access { exclusive, look };  ///< a relay's, or beside one: no lock, nothing can be changed

  /// For a relay the folder is made where it is missing. Throws error: who holds it, or what else is wrong.
  folder_disk(std::string path, access how);
  /// Removes the folder again, if it was made here and is empty.
  void unmake() noexcept;
  /// If it was made here, it is theirs from now on; -1 as chown(2) has it.
  void give_to(uid_t user, gid_t group) noexcept;
  /// Nothing more will be done with it: another may have it.
  void unlock() noexcept;

  int list(std::vector<entry>& files) override;
  int create(const std::string& name, std::unique_ptr<disk_file>& file) override;
  int open(const std::string& name, std::unique_ptr<disk_file>& file) override;
  int remove(const std::string& name) override;
  int rename(const std::string& from, const std::string& to) override;
  int sync_names() override;

 private:
  const std::string path_;
  const access how_;
  fd folder_;
  bool made_ = false;
};

}  // namespace logrelay
