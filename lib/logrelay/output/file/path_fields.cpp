#include <logrelay/output/file/path_fields.hpp>

#include <logrelay/format/template.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace logrelay {
namespace {

/// Takes one piece off the front of `rest`: a field with its braces, or text up to the next one, its braces single.
std::pair<std::string, bool> take_piece(std::string_view& rest) {
  std::string text;
  while (!rest.empty()) {
    if (rest.starts_with("{{") || rest.starts_with("}}")) {
      text += rest.front();
      rest.remove_prefix(2);
    } else if (rest.front() == '{') {
      if (!text.empty()) break;
      const auto end = std::min(rest.find('}'), rest.size() - 1) + 1;
      text = rest.substr(0, end);
      rest.remove_prefix(end);
      return {text, true};
    } else {
      text += rest.front();
      rest.remove_prefix(1);
    }
  }
  return {text, false};
}

void append_safely(std::string_view value, bool by_time, std::string& to) {
  for (const char c : value) {
    const auto code = static_cast<unsigned char>(c);
    if (c == '%' && by_time)
      to += "%%";
    else
      to += c == '/' || code < 0x20 || code == 0x7f ? '_' : c;
  }
}

}  // namespace

bool has_fields(std::string_view path) { return path.find('{') != std::string_view::npos; }

bool has_conversions(std::string_view path) {
  while (!path.empty()) {
    const auto [text, field] = take_piece(path);
    if (!field && text.find('%') != std::string::npos) return true;
  }
  return false;
}

void check_path_fields(std::string_view path, std::string_view whose, mistakes& wrong) {
  template_format().check(path, whose, wrong);
  bool ends_in_field = false;
  for (auto rest = path; !rest.empty();) {
    const auto [text, field] = take_piece(rest);
    ends_in_field = field;
    if (!field) continue;
    if (text.starts_with("{time") || text.starts_with("{stamp") || text.starts_with("{tai64n"))
      wrong.add(fmt::format("{}: write the time into a path as %Y-%m-%d, not as {}", whose, text));
    if (text == "{line}" || text == "{message}" || text == "{sd}")
      wrong.add(fmt::format("{}: a path with {} in it would be a file for each line", whose, text));
    if (text.find('/') != std::string::npos) wrong.add(fmt::format("{}: there is a '/' within {}", whose, text));
  }
  // A sender could call its file as somebody else's rotated one.
  if (ends_in_field)
    wrong.add(fmt::format("{}: a path may not end in a field: put something behind it, such as '.log'", whose));
}

std::string path_fields::common_file(std::string_view path) {
  std::string before;
  while (!path.empty()) {
    const auto [text, field] = take_piece(path);
    if (field) break;
    before += text;
  }
  return before.substr(0, before.rfind('/') + 1).append(common_name);
}

path_fields::path_fields(std::string_view path, bool by_time) : by_time_(by_time) {
  for (auto rest = path;;) {
    const auto slash = rest.find('/');
    component one;
    std::size_t fields = 0, literal_bytes = 0;
    for (auto text = rest.substr(0, slash); !text.empty();) {
      auto [read, field] = take_piece(text);
      fields += field ? 1 : 0;
      literal_bytes += field ? 0 : read.size();
      if (field)
        one.pieces.push_back({{}, template_format().make(read, {})});
      else
        one.pieces.push_back({std::move(read), nullptr});
    }
    if (fields > 0) one.longest_value = literal_bytes < longest ? (longest - literal_bytes) / fields : 1;
    components_.push_back(std::move(one));
    if (slash == std::string_view::npos) return;
    rest.remove_prefix(slash + 1);
  }
}

void path_fields::append(const line_view& line, std::string& to) {
  for (std::size_t i = 0; i < components_.size(); ++i) {
    if (i > 0) to += '/';
    const auto begins = to.size();
    bool filled = false;
    for (const auto& each : components_[i].pieces) {
      if (!each.field) {
        to += each.literal;
        continue;
      }
      filled = true;
      value_.clear();
      each.field->append(line, value_);
      append_safely(std::string_view(value_).substr(0, components_[i].longest_value), by_time_, to);
    }
    const auto made = std::string_view(to).substr(begins);
    const bool folder = i + 1 < components_.size();
    if (filled && (made.empty() || made == "." || made == ".." || (folder && made == common_name))) to.replace(begins, std::string::npos, "_");
  }
}

}  // namespace logrelay
