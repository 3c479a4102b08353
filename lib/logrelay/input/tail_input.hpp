#pragma once
/// `tail:PATH|GLOB`: files that others write, followed through rename, truncation, deletion and creation, from where the
/// last run came to. See tail/follower.
#include <logrelay/registry.hpp>

namespace logrelay {

extern const input_kind tail_input_kind;

}  // namespace logrelay
