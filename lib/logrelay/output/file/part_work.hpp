#pragma once
/// The steps that finish one part: see upkeep.hpp. Made anew for each try; upkeep's thread.
#include <logrelay/output/file/upkeep.hpp>
#include <logrelay/util/fd.hpp>

#include <sys/stat.h>

namespace logrelay {

struct part_job {
  part_site where;
  std::string plain;  ///< empty: look for parts that are not finished
  file_identity which;
  unsigned tries = 0;
  steady_time not_before{};
};

/// How a try ended.
struct work_result {
  int error_number = 0;      ///< 0: finished, or there is no such part any more
  std::string doing = {};    ///< "compress a.log.1", where it failed
  std::string notice = {};   ///< something to say although it is finished
};

class part_work {
 public:
  part_work(const file_rules& rules, file_system& files, std::mutex& names, waiter& until)
      : rules_(rules), files_(files), names_(names), until_(until) {}

  work_result finish(part_job& job);

 private:
  [[nodiscard]] int find(part_job& job);
  enum class found : std::uint8_t { nothing, other, it };
  [[nodiscard]] int look(const std::string& name, file_identity which, found& what);
  [[nodiscard]] int end_last_line();
  [[nodiscard]] int pack_it(part_job& job);
  [[nodiscard]] int open_packed(const std::string& name);
  [[nodiscard]] int give_name(part_job& job, const std::string& made);
  [[nodiscard]] int tell(const part_job& job, std::string& notice);

  const file_rules& rules_;
  file_system& files_;
  std::mutex& names_;
  waiter& until_;
  fd folder_, part_, packed_;
  std::string name_;  // of the part now
  bool was_live_ = false, packed_already_ = false;
  struct stat facts_ {};
};

/// Renames unless there is something of the new name already (then EEXIST), also where the file system cannot do both
/// at once: the name is ours, and we hold the lock. Returns an errno or 0.
[[nodiscard]] int rename_new(file_system& files, int folder, const std::string& from, const std::string& to);

}  // namespace logrelay
