#pragma once
/// What a fuzz target asks of whatever bytes come: where it does not hold, libFuzzer keeps the bytes.
#include <cstdlib>

inline void require(bool holds) {
  if (!holds) std::abort();
}
