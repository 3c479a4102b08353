#include <logrelay/filter/match.hpp>
#include <logrelay/options.hpp>
#include <logrelay/util/quantity.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <stdexcept>

namespace logrelay {

namespace {

/// One value as its row's type understands it, or what is wrong with it: the end of a sentence that begins with it.
struct reading {
  std::string text;
  std::uint64_t number = 0;
  std::string wrong = {};
};

bool equal_in_any_case(std::string_view left, std::string_view right) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [&](char one, char other) { return lower(one) == lower(other); });
}

/// The parts of `text` between separators.
std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::optional<bool> parse_yes_no(std::string_view text) {
  for (const std::string_view word : {"yes", "true", "on", "1"})
    if (equal_in_any_case(text, word)) return true;
  for (const std::string_view word : {"no", "false", "off", "0"})
    if (equal_in_any_case(text, word)) return false;
  return std::nullopt;
}

std::optional<std::uint64_t> parse_mode(std::string_view text) {
  if (text.empty() || text.size() > 5 || text.find_first_not_of("01234567") != std::string_view::npos)
    return std::nullopt;
  std::uint64_t mode = 0;
  for (const char digit : text) mode = mode * 8 + static_cast<std::uint64_t>(digit - '0');
  return mode <= 07777 ? std::optional(mode) : std::nullopt;
}

std::optional<std::uint64_t> parse_number(option_type type, std::string_view text) {
  if (type == option_type::size) return parse_size(text);
  if (type == option_type::count) return parse_count(text);
  const auto duration = parse_duration(text);
  return duration ? std::optional(static_cast<std::uint64_t>(duration->count())) : std::nullopt;
}

std::string_view how_to_write(option_type type) {
  if (type == option_type::size) return "is no size: write it like 512, 64K, 64M or 1G";
  if (type == option_type::count) return "is no whole number: write it like 0 or 10";
  return "is no time: write it like 500ms, 10s, 5m, 1h or 7d";
}

reading read_number(const option_row& row, std::string_view text) {
  const auto number = parse_number(row.type, text);
  if (!number) return {std::string(text), 0, std::string(how_to_write(row.type))};
  if (!row.least.empty() && *number < parse_number(row.type, row.least).value())
    return {std::string(text), 0, fmt::format("is too little: write at least {}", row.least)};
  if (!row.most.empty() && *number > parse_number(row.type, row.most).value())
    return {std::string(text), 0, fmt::format("is too much: write at most {}", row.most)};
  return {std::string(text), *number};
}

reading read_choice(const option_row& row, std::string_view text) {
  std::vector<std::string_view> understood;
  for (const std::string_view choice : split(row.choices, '|')) {
    const auto synonyms = split(choice, '=');
    for (const std::string_view synonym : synonyms)
      if (equal_in_any_case(text, synonym)) return {std::string(synonyms.front())};
    understood.insert(understood.end(), synonyms.begin(), synonyms.end());
  }
  return {std::string(text), 0,
          fmt::format("is unknown{}: write {}", did_you_mean(text, understood), listed(choice_names(row)))};
}

reading read_regex(std::string_view text) {
  const auto mistake = regex_mistake(text);
  return {std::string(text), 0, mistake.empty() ? std::string() : "is no regular expression: " + mistake};
}

reading read_value(const option_row& row, std::string_view text) {
  switch (row.type) {
    case option_type::size:
    case option_type::duration:
    case option_type::count: return read_number(row, text);
    case option_type::choice: return read_choice(row, text);
    case option_type::regex: return read_regex(text);
    case option_type::yes_no:
      if (const auto yes = parse_yes_no(text)) return {*yes ? "yes" : "no", *yes ? 1u : 0u};
      return {std::string(text), 0, "is neither yes nor no"};
    case option_type::mode:
      if (const auto mode = parse_mode(text)) return {std::string(text), *mode};
      return {std::string(text), 0, "is no file mode: write it in octal, like 0640"};
    case option_type::text: break;
  }
  return {std::string(text), 0, text.empty() ? "is empty: write a value behind the '='" : ""};
}

/// Whether a file may say it by a value of this type; if not, the end of a sentence that begins with the value.
std::string wrong_type(const option_row& row, const given_option& given) {
  using kind = given_option::kind;
  if (given.among_several && !row.repeatable) return "is in an array: write one value";
  const bool says_yes_or_no = row.type == option_type::yes_no || row.fallback == "no";  // a text may be either too
  switch (given.what) {
    case kind::text: return {};
    case kind::boolean: return says_yes_or_no ? "" : "is a boolean: write a string";
    case kind::integer:
      if (row.type == option_type::mode) return "is a decimal number: write it in octal, like 0o640, or as a string";
      return row.type == option_type::yes_no ? "is a number: write true or false" : "";  // as text it can be written in one way
    case kind::octal: return row.type == option_type::mode ? "" : "is an octal number: write a decimal one, or a string";
    case kind::other: break;
  }
  return "is of a type that no option takes: write a string";
}

reading read_fallback(const option_row& row) {
  reading read = read_value(row, row.fallback);
  if (!read.wrong.empty())
    throw std::logic_error(fmt::format("the default of option '{}', '{}', {}", row.name, row.fallback, read.wrong));
  return read;
}

}  // namespace

option_values parse_options(const given_options& given, std::span<const option_rows> tables, std::string_view whose,
                            mistakes& wrong) {
  option_values values;
  for (const option_rows rows : tables)
    for (const option_row& row : rows) {
      option_values::value value{&row, false, {}};
      if (!row.fallback.empty()) {
        reading fallback = read_fallback(row);
        value.texts.push_back(std::move(fallback.text));
        value.number = fallback.number;
      }
      values.values_.insert_or_assign(std::string(row.name), std::move(value));
    }
  std::vector<std::string_view> names;
  for (const auto& [name, value] : values.values_) names.push_back(name);

  const std::string who = whose.empty() ? "" : fmt::format("{}: ", whose);
  for (const given_option& each : given) {
    const auto& [name, text, at, what, among_several] = each;
    const std::string_view dashes = whose.empty() && at.empty() ? "--" : "";
    const std::optional<mistakes::at> place = at.empty() ? std::nullopt : std::optional<mistakes::at>(std::in_place, wrong, at);
    const auto found = values.values_.find(name);
    if (found == values.values_.end()) {
      wrong.add(fmt::format("{}unknown option '{}'{}", who, name, did_you_mean(name, names)));
      continue;
    }
    option_values::value& value = found->second;
    if (value.given && !value.row->repeatable) {
      wrong.add(fmt::format("{}option '{}{}' is given twice", who, dashes, name));
      continue;
    }
    reading read = read_value(*value.row, text);
    if (std::string type = wrong_type(*value.row, each); !type.empty()) read.wrong = std::move(type);
    if (!read.wrong.empty()) {
      wrong.add(fmt::format("{}'{}{}={}' {}", who, dashes, name, text, read.wrong));
      continue;
    }
    if (!value.given) value.texts.clear();
    value.given = true;
    value.texts.push_back(std::move(read.text));
    value.number = read.number;
  }
  return values;
}

std::vector<option_values::given_value> option_values::all_given() const {
  std::vector<given_value> all;
  for (const auto& [name, each] : values_)
    if (each.given) all.push_back({*each.row, each.texts});
  return all;
}

std::vector<std::string_view> choice_names(const option_row& row) {
  std::vector<std::string_view> names;
  for (const std::string_view choice : split(row.choices, '|')) names.push_back(choice.substr(0, choice.find('=')));
  return names;
}

bool option_values::given(std::string_view name) const { return find(name).given; }

bool option_values::has(std::string_view name) const { return !find(name).texts.empty(); }

bool option_values::yes(std::string_view name) const { return find(name, option_type::yes_no).number != 0; }

std::uint64_t option_values::size(std::string_view name) const { return find(name, option_type::size).number; }

std::chrono::milliseconds option_values::duration(std::string_view name) const {
  const std::uint64_t milliseconds = find(name, option_type::duration).number;
  return std::chrono::milliseconds(static_cast<std::chrono::milliseconds::rep>(milliseconds));
}

std::uint64_t option_values::count(std::string_view name) const { return find(name, option_type::count).number; }

unsigned option_values::mode(std::string_view name) const {
  return static_cast<unsigned>(find(name, option_type::mode).number);
}

const std::string& option_values::text(std::string_view name) const {
  static const std::string none;
  const value& found = find(name);
  if (found.row->type != option_type::text && found.row->type != option_type::choice &&
      found.row->type != option_type::regex)
    throw std::logic_error(fmt::format("option '{}' is no text", name));
  return found.texts.empty() ? none : found.texts.back();
}

std::vector<std::string> option_values::all(std::string_view name) const {
  const value& found = find(name);
  if (!found.row->repeatable) throw std::logic_error(fmt::format("option '{}' is not repeatable", name));
  return found.texts;
}

const option_values::value& option_values::find(std::string_view name) const {
  const auto found = values_.find(name);
  if (found == values_.end()) throw std::logic_error(fmt::format("no row has option '{}'", name));
  return found->second;
}

const option_values::value& option_values::find(std::string_view name, option_type type) const {
  const value& found = find(name);
  if (found.row->type != type) throw std::logic_error(fmt::format("option '{}' is of another type", name));
  return found;
}

}  // namespace logrelay
