#pragma once
/// The real system calls of the file output, counted; one of them fails, or is the last one before a kill. One thread.
#include <logrelay/output/file/file_system.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace logrelay::support {

class faulty_files final : public file_system {
 public:
  enum class fault {
    none,
    error,        ///< the call fails with `error_number` and does nothing
    short_write,  ///< a write takes half of what it is given
    kill,         ///< the call is done, then the process is killed
    half_kill,    ///< the same, and of a write only half is done
  };

  faulty_files() = default;
  /// `at`: which call, from 0.
  faulty_files(fault what, std::size_t at, int error_number = 0) : what_(what), at_(at), error_number_(error_number) {}

  /// The name of each call so far.
  [[nodiscard]] const std::vector<std::string>& calls() const { return calls_; }
  /// Every call from `at` on fails.
  void for_ever() { for_ever_ = true; }
  void recover() { what_ = fault::none; }
  /// What free_bytes says; 0: the truth.
  std::uint64_t free = 0;

  int open(int folder, const char* name, int flags, unsigned mode) override;
  ssize_t write(int file, const iovec* pieces, int n) override;
  ssize_t read(int file, void* to, std::size_t bytes) override;
  ssize_t read_at(int file, void* to, std::size_t bytes, off_t at) override;
  int truncate(int file, off_t size) override;
  int sync(int file) override;
  int sync_data(int file) override;
  int status(int file, struct stat& facts) override;
  int status(int folder, const char* name, struct stat& facts, int flags) override;
  int mode(int file, unsigned mode) override;
  int owner(int file, uid_t user, gid_t group) override;
  int times(int file, const timespec times[2]) override;
  int rename(int folder, const char* from, const char* to, unsigned flags) override;
  int remove(int folder, const char* name, int flags) override;
  int link_to(const char* target, int folder, const char* name) override;
  ssize_t read_link(int folder, const char* name, char* to, std::size_t bytes) override;
  int make_folder(const char* path, unsigned mode) override;
  int lock(int file, int how) override;
  int turn(int file, short how) override;
  int free_bytes(int folder, std::uint64_t& bytes) override;
  int names(int folder, const std::function<void(const char*)>& each) override;

 private:
  template <typename Call>
  auto counted(const char* name, Call call) -> decltype(call());

  fault what_ = fault::none;
  std::size_t at_ = 0;
  int error_number_ = 0;
  bool for_ever_ = false;
  std::vector<std::string> calls_;
};

}  // namespace logrelay::support
