#include <logrelay/decode/structured_data.hpp>

#include <algorithm>
#include <array>

namespace logrelay {
namespace {

constexpr std::array<bool, 256> is_name = [] {
  std::array<bool, 256> all{};
  for (std::size_t c = ' ' + 1; c < 0x7f; ++c) all[c] = c != '=' && c != ']' && c != '"' && c != '[';
  return all;
}();

std::size_t name_size(std::string_view text) {
  std::size_t size = 0;
  while (size < text.size() && is_name[static_cast<unsigned char>(text[size])]) ++size;
  return size;
}

/// Behind the opening quote: where the closing one is; npos: nowhere.
std::size_t value_size(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '"') return at;
    if (text[at] == '\\') ++at;
  }
  return std::string_view::npos;
}

/// ` name="value"` off the front.
bool take_parameter(std::string_view& rest, sd_cursor::parameter& to) {
  std::string_view text = rest;
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  if (text.size() == rest.size()) return false;
  const std::size_t name = name_size(text);
  if (name == 0 || text.substr(name, 2) != "=\"") return false;
  const std::size_t value = value_size(text.substr(name + 2));
  if (value == std::string_view::npos) return false;
  to.name = text.substr(0, name);
  to.value = text.substr(name + 2, value);
  rest = text.substr(name + 2 + value + 1);
  return true;
}

bool take_id(std::string_view& rest, std::string_view& id) {
  if (!rest.starts_with('[')) return false;
  const std::size_t size = name_size(rest.substr(1));
  if (size == 0) return false;
  id = rest.substr(1, size);
  rest.remove_prefix(1 + size);
  return true;
}

bool take_end(std::string_view& rest) {
  std::string_view text = rest;
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  if (!text.starts_with(']')) return false;
  rest = text.substr(1);
  return true;
}

bool has(std::string_view sd, std::string_view id) {
  sd_cursor cursor(sd);
  for (sd_cursor::parameter each; cursor.next(each);)
    if (each.id == id) return true;
  return false;
}

bool has(std::string_view sd, std::string_view id, std::string_view name) {
  sd_cursor cursor(sd);
  for (sd_cursor::parameter each; cursor.next(each);)
    if (each.id == id && each.name == name) return true;
  return false;
}

bool share_an_id(std::string_view theirs, std::string_view ours) {
  sd_cursor cursor(ours);
  for (sd_cursor::parameter each; cursor.next(each);)
    if (theirs.find(each.id) != std::string_view::npos && has(theirs, each.id)) return true;
  return false;
}

void append_parameter(const sd_cursor::parameter& one, std::string& to) {
  to.append(" ").append(one.name).append("=\"").append(one.value).append("\"");
}

void append_parameters_of(std::string_view sd, std::string_view id, std::string& to) {
  sd_cursor cursor(sd);
  for (sd_cursor::parameter each; cursor.next(each);)
    if (each.id == id && !each.name.empty()) append_parameter(each, to);
}

}  // namespace

std::size_t structured_data_size(std::string_view text) {
  std::string_view rest = text;
  std::size_t whole = 0;
  sd_cursor::parameter ignored;
  while (take_id(rest, ignored.id)) {
    while (take_parameter(rest, ignored)) {}
    if (!take_end(rest)) return whole;
    whole = text.size() - rest.size();
  }
  return whole;
}

bool sd_cursor::next(parameter& to) {
  const bool begins = id_.empty() && take_id(rest_, id_);
  to = {id_, {}, {}};
  if (take_parameter(rest_, to)) return true;
  if (!begins) {
    if (id_.empty() || !take_end(rest_)) return false;
    id_ = {};
    return next(to);
  }
  if (!take_end(rest_)) return false;
  id_ = {};
  return true;  // an element without parameters
}

void append_sd_plain(std::string_view value, std::string& to) {
  for (std::size_t at = 0; at < value.size(); ++at) {
    const bool escapes = value[at] == '\\' && at + 1 < value.size() &&
                         (value[at + 1] == '"' || value[at + 1] == '\\' || value[at + 1] == ']');
    to += value[escapes ? ++at : at];
  }
}

void append_sd_escaped(std::string_view value, std::string& to) {
  for (const char c : value) {
    if (c == '"' || c == '\\' || c == ']') to += '\\';
    to += c;
  }
}

void append_sd_merged(std::string_view theirs, std::string_view ours, std::string& to) {
  if (!share_an_id(theirs, ours)) {
    to.append(theirs).append(ours);
    return;
  }
  std::string_view open;  // the id of the element that is being written
  const auto close = [&] {
    if (open.empty()) return;
    append_parameters_of(ours, open, to);
    to += ']';
  };
  sd_cursor cursor(theirs);
  for (sd_cursor::parameter each; cursor.next(each);) {
    if (each.id.data() != open.data()) {
      close();
      to.append("[").append(open = each.id);
    }
    if (!each.name.empty() && !has(ours, open, each.name)) append_parameter(each, to);
  }
  close();
  open = {};
  sd_cursor others(ours);
  for (sd_cursor::parameter each; others.next(each);) {
    if (each.id.data() == open.data()) continue;
    open = each.id;
    if (has(theirs, open)) continue;
    to.append("[").append(open);
    append_parameters_of(ours, open, to);
    to += ']';
  }
}

}  // namespace logrelay
