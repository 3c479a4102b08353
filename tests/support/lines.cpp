#include <support/lines.hpp>

#include <support/temp_folder.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>

namespace logrelay::support {
namespace {

constexpr std::size_t digits = 10;

std::filesystem::path data_folder() {
  const char* given = std::getenv("LOGRELAY_TEST_DATA");
  return given ? std::filesystem::path(given) : std::filesystem::path(LOGRELAY_SOURCE) / "../shared/data/loghub";
}

std::string loghub_text() {
  std::string text;
  std::error_code ec;
  if (!std::filesystem::is_directory(data_folder(), ec)) return text;
  for (const auto& name : names_in(data_folder())) {
    if (name.ends_with(".log")) text += read_file((data_folder() / name).string()) + "\n";
  }
  return text;
}

std::string made_up_text() {
  std::string text;
  for (int i = 0; i < 20000; ++i) {
    text += fmt::format("Nov 22 14:{:02}:{:02} host-{} service[{}]: request {:08x} from 192.0.2.{} took {} ms{}\n",
                        i / 60 % 60, i % 60, i % 7, 1000 + i % 311, i * 2654435761U, i % 250, i % 997,
                        std::string(static_cast<std::size_t>(i * 31 % 120), '.'));
  }
  return text;
}

struct origin {
  std::string name;
  std::string text;
};

const origin& real_text() {
  static const origin found = [] {
    if (auto text = loghub_text(); !text.empty()) return origin{"loghub", std::move(text)};
    constexpr auto package_log = "/var/log/dpkg.log";
    if (file_size(package_log) > 100000) {
      try {
        return origin{package_log, read_file(package_log)};
      } catch (const std::exception&) {  // unreadable: made up it is
      }
    }
    return origin{"made up", made_up_text()};
  }();
  return found;
}

std::optional<std::uint64_t> number_of(std::string_view line, std::size_t length) {
  std::uint64_t number = 0;
  if (line.size() + 1 != length || line.size() < digits) return std::nullopt;
  const auto result = std::from_chars(line.data(), line.data() + digits, number);
  if (result.ec != std::errc() || result.ptr != line.data() + digits) return std::nullopt;
  const auto rest = line.substr(digits);
  if (!rest.empty() && (rest.front() != ' ' || rest.find_first_not_of('x', 1) != std::string_view::npos))
    return std::nullopt;
  return number;
}

constexpr std::string_view marker_start = "logrelay: dropped ";

}  // namespace

std::string real_lines(std::size_t bytes) {
  const auto& text = real_text().text;
  std::string result;
  result.reserve(bytes);
  while (result.size() < bytes) result.append(text, 0, bytes - result.size());
  const auto end = result.rfind('\n');
  if (end != std::string::npos) result.resize(end + 1);
  return result;
}

std::string real_lines_origin() { return real_text().name; }

std::string numbered_lines(std::uint64_t first, std::uint64_t count, std::size_t length) {
  std::string text;
  text.reserve(count * length);
  const auto padding = length > digits + 1 ? " " + std::string(length - digits - 2, 'x') : "";
  for (auto i = first; i < first + count; ++i) text += fmt::format("{:010}{}\n", i, padding);
  return text;
}

std::string equal_lines(std::uint64_t count, std::size_t length) {
  const auto line = std::string(length - 1, 'x') + "\n";
  std::string text;
  text.reserve(count * length);
  for (std::uint64_t i = 0; i < count; ++i) text += line;
  return text;
}

sequence read_sequence(std::string_view text, std::size_t length) {
  sequence result;
  std::uint64_t expected = 0;
  for (std::string_view rest = text; !rest.empty();) {
    const auto end = std::min(rest.find('\n'), rest.size());
    const auto line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.starts_with(marker_start)) {
      std::uint64_t dropped = 0;
      std::from_chars(line.data() + marker_start.size(), line.data() + line.size(), dropped);
      ++result.markers;
      result.announced += dropped;
      continue;
    }
    const auto number = number_of(line, length);
    if (!number) {
      ++result.foreign;
      continue;
    }
    if (result.lines == 0) result.first = *number;
    if (result.lines != 0 && *number < expected) ++result.misplaced;
    if (*number > expected) result.missing += *number - expected;
    ++result.lines;
    result.last = *number;
    expected = *number + 1;
  }
  return result;
}

std::string to_string(const sequence& s) {
  return fmt::format("{} lines, {} to {}; {} missing, {} misplaced, {} foreign; {} markers that tell of {} dropped",
                     s.lines, s.first, s.last, s.missing, s.misplaced, s.foreign, s.markers, s.announced);
}

std::uint64_t count_newlines(std::string_view text) {
  return static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

std::string difference(std::string_view got, std::string_view wanted) {
  if (got == wanted) return {};
  const auto parted = std::mismatch(got.begin(), got.end(), wanted.begin(), wanted.end());
  const auto place = static_cast<std::size_t>(parted.first - got.begin());
  const auto around = [place](std::string_view text) {
    const auto from = place - std::min<std::size_t>(place, 20);
    std::string shown;
    for (const char c : text.substr(std::min(from, text.size()), 60)) {
      shown += c == '\n'             ? "\\n"
               : c >= ' ' && c < 127 ? std::string(1, c)
                                     : fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
    return shown;
  };
  return fmt::format("{} bytes in place of {}; from byte {}: \"{}\" in place of \"{}\"", got.size(), wanted.size(),
                     place, around(got), around(wanted));
}

std::vector<std::string> split_lines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

}  // namespace logrelay::support
