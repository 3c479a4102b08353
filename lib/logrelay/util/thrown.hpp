#pragma once
/// What an exception says to a user: what could not be had, and the way out where there is one. Any thread.
#include <exception>
#include <string>

namespace logrelay {

[[nodiscard]] std::string reason_of(const std::exception& thrown);
/// The same for whatever it is; not null.
[[nodiscard]] std::string reason_of(const std::exception_ptr& thrown);

}  // namespace logrelay
