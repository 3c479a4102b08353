#pragma once
#include <string>

namespace logrelay {

/// What --version prints: the version, and what the program was built with.
std::string version_text();

}  // namespace logrelay
