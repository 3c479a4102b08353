#pragma once
/// Compresses one open file into another, in one member (gzip, RFC 1952) or frame (zstd, RFC 8878). Upkeep's thread.
#include <logrelay/output/file/file_system.hpp>
#include <logrelay/output/file/part_names.hpp>

#include <functional>

namespace logrelay {

/// From `from`'s offset to its end. Returns an errno, ECANCELED once `stopping` says so, or 0. `level` 0: the format's
/// own default.
[[nodiscard]] int pack(file_system& files, int from, int to, compression how, int level,
                       const std::function<bool()>& stopping);

}  // namespace logrelay
