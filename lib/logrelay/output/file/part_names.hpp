#pragma once
/// The names of a live file's parts, the files that it was before it rotated. Pure; immutable; any thread.
///
///     PATH.20261122T140501.123456Z       the time of its rotation in UTC, of fixed width, so that names sort by age
///     PATH.1                             with naming=number: 1 is the newest
///     PATH.1.gz, PATH.20261122….zst      compressed
///
/// Where PATH has strftime conversions in its last component, earlier live files are parts as well: all-2026-11-22.log.
/// A name is a part's only if writing what was read out of it gives exactly that name again: what merely looks like one
/// is not ours, and nothing that is not ours is ever touched.
#include <logrelay/util/clock.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace logrelay {

enum class naming : std::uint8_t { time, number };
enum class compression : std::uint8_t { none, gzip, zstd };

/// ".gz", ".zst" or nothing.
[[nodiscard]] std::string_view suffix(compression how);

/// Behind the name of a packed part that is not whole yet: a.log.1.gz.tmp.
inline constexpr std::string_view being_packed = ".tmp";

struct part_name {
  std::string plain;             ///< without the suffix of its compression
  compression packed = compression::none;
  std::int64_t period = 0;       ///< what strftime's conversions say, as seconds since 1970
  std::int64_t microseconds = 0; ///< since 1970, of naming=time
  std::uint32_t number = 0;      ///< of naming=number
  bool was_live = false;         ///< the live file of an earlier period, never rotated within it

  [[nodiscard]] std::string text() const { return plain + std::string(suffix(packed)); }
  /// By age: the oldest first.
  friend bool operator<(const part_name& a, const part_name& b);
};

class part_names {
 public:
  /// `base`: the last component of PATH, with strftime's conversions where `by_time`.
  part_names(std::string base, bool by_time, bool utc, naming how)
      : base_(std::move(base)), by_time_(by_time), utc_(utc), how_(how) {}

  [[nodiscard]] const std::string& base() const { return base_; }
  /// The part that this name is of, if it is exactly of our form.
  [[nodiscard]] std::optional<part_name> read(std::string_view name) const;

  /// `live` is the name of the live file, as it is now.
  [[nodiscard]] static std::string at_time(std::string_view live, std::int64_t microseconds);
  [[nodiscard]] static std::string at_number(std::string_view live, std::uint32_t number);

 private:
  [[nodiscard]] std::optional<part_name> read_plain(std::string_view name) const;
  [[nodiscard]] bool read_base(std::string_view text, part_name& into) const;

  std::string base_;
  bool by_time_, utc_;
  naming how_;
};

/// strftime(3) of `pattern`, in local time or UTC; empty where that gives nothing or more than a file's name may have.
[[nodiscard]] std::string render(const std::string& pattern, wall_time now, bool utc);

}  // namespace logrelay
