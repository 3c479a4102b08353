#pragma once
/// Takes everything and keeps nothing: for trying out inputs and for measuring.
#include <logrelay/registry.hpp>

namespace logrelay {

extern const output_kind null_output_kind;

}  // namespace logrelay
