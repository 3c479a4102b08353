// A spool's folder in which anything may be wrong. The first byte chooses: a segment that is all the fuzzer's own, or a
// good spool in which the fuzzer overwrites, cuts and removes. What is read must be lines of ours in order, or of the
// fuzzer's own making; the reader comes to an end, and the spool goes on.
#include "require.hpp"

#include "../support/simulated_disk.hpp"
#include "../support/spooled_lines.hpp"

#include <logrelay/error.hpp>
#include <logrelay/spool/spool.hpp>


namespace {

using namespace logrelay;
using namespace logrelay::support;

constexpr spool_limits limits{.most_bytes = 64 * 1024, .segment_bytes = 700};

const folder_image& good_spool() {
  static const folder_image image = [] {
    simulated_disk disk;
    block_pool pool;
    const auto from = std::make_shared<const source>();
    spool it(disk, limits, pool, [](const std::string&) {});
    it.open();
    for (std::uint64_t i = 0; i < 12; ++i) {
      const batch lines = numbered_batch(pool, i * 2, 2, from);
      it.append({&lines, 1});
    }
    it.close(true);
    return disk.image();
  }();
  return image;
}

// Four bytes each: which file and what to do, where, and with what.
folder_image spoilt(std::string_view edits) {
  folder_image image = good_spool();
  for (; edits.size() >= 4; edits.remove_prefix(4)) {
    if (image.empty()) break;
    auto at = image.begin();
    std::advance(at, static_cast<unsigned char>(edits[0]) / 4 % image.size());
    const std::size_t where = static_cast<unsigned char>(edits[1]) * 256u + static_cast<unsigned char>(edits[2]);
    switch (edits[0] & 3) {
      case 0:
        if (!at->second.empty()) at->second[where % at->second.size()] = edits[3];
        break;
      case 1: at->second.resize(where % 2000); break;
      case 2: image.erase(at); break;
      default: image[segment_name(where % 30)] = std::string(at->second); break;
    }
  }
  return image;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view given(reinterpret_cast<const char*>(data) + 1, size - 1);
  const bool own = data[0] % 2 == 0;
  simulated_disk disk(own ? folder_image{{segment_name(0), std::string(given)}} : spoilt(given));
  disk.remembers = false;
  block_pool pool;
  spool it(disk, limits, pool, [](const std::string&) {});
  try {
    it.open();
  } catch (const error&) {
    return 0;  // another version
  }
  const auto read_all = [&] {
    tally all;
    for (;;) {
      const auto got = it.read();
      require(got.what != spool::found::failed);
      if (got.what == spool::found::nothing) return all;
      if (got.what == spool::found::hole) all += got.lost;
      if (got.what == spool::found::lines && !got.lines.marker) all += got.lines.count;
    }
  };
  const auto settled = it.settled();
  require(own || settled.lines + read_all().lines == it.end().lines);
  if (own) read_all();
  const auto from = std::make_shared<const source>();
  const auto end = it.end().lines;
  if (end > std::uint64_t{1} << 62) return 0;
  const batch more = numbered_batch(pool, end, 3, from);
  require(it.append({&more, 1}).bytes == more.size);
  require(read_all() == more.count);
  require(it.settle(it.end(), true) == 0 && it.close(true) == 0);
  return 0;
}
