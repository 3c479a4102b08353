#pragma once
/// The user and group that a program started by root goes on as, once it has opened what only root may. Main thread; all
/// threads of the process change with it.
#include <sys/types.h>

#include <string>

namespace logrelay {

/// Becomes `user` (a name or a number) with that user's groups, or with `group` as the first of them; with only a `group`
/// the user stays. Empty: stays. There is no way back. Throws error where there is nobody of that name, or it may not be
/// done: nothing has changed then, or the program must not go on.
void become(const std::string& user, const std::string& group);

/// Who become() would make of us, as chown(2) has it: -1 stays as it is. Both are where we are not root. Throws error as that.
struct user_and_group {
  uid_t user = static_cast<uid_t>(-1);
  gid_t group = static_cast<gid_t>(-1);
};
[[nodiscard]] user_and_group who_comes(const std::string& user, const std::string& group);

/// The number of a user, who may be given by name or number. Throws error where there is nobody of that name.
[[nodiscard]] uid_t user_number(const std::string& user);

}  // namespace logrelay
