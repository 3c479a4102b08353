#pragma once
/// Fields in the path of a file: /var/log/{peer}/{level}-%Y-%m-%d.log. What they say comes from whoever sends the
/// lines, so it is made safe: in a value each `/` and each control character becomes `_`, a `%` is none of strftime's
/// conversions, and what is long is cut, so that a component of the path has at most 200 bytes; no component is empty, `.`
/// or `..`, and no folder has the common file's name. One listener's thread.
#include <logrelay/error.hpp>
#include <logrelay/format/format.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace logrelay {

/// Whether a path has fields in it.
[[nodiscard]] bool has_fields(std::string_view path);
/// Whether it has conversions of strftime's, outside of fields.
[[nodiscard]] bool has_conversions(std::string_view path);
void check_path_fields(std::string_view path, std::string_view whose, mistakes& wrong);

class path_fields final : public format {
 public:
  static constexpr std::size_t longest = 200;
  /// The file, in the folder before the first field, of lines that have none of their own.
  static constexpr std::string_view common_name = "logrelay.log";
  [[nodiscard]] static std::string common_file(std::string_view path);

  /// `path` has been checked. `by_time`: it has strftime's conversions, too.
  path_fields(std::string_view path, bool by_time);
  void append(const line_view& line, std::string& to) override;

 private:
  struct piece {
    std::string literal;
    std::unique_ptr<format> field;  ///< else
  };
  struct component {
    std::vector<piece> pieces;
    std::size_t longest_value = longest;
  };
  std::vector<component> components_;
  bool by_time_;
  std::string value_;
};

}  // namespace logrelay
