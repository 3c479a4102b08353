#include <logrelay/config_text.hpp>

#include <logrelay/util/quantity.hpp>
#include <logrelay/util/utf8.hpp>

#include <fmt/format.h>

#include <cstdint>
#include <iterator>
#include <limits>

namespace logrelay {
namespace {

class toml_writer {
 public:
  toml_writer(mistakes& wrong) : wrong_(wrong) {}

  void option(const option_row& row, const std::vector<std::string>& texts) {
    const bool number = row.type == option_type::count &&
                        parse_count(texts.back()).value_or(0) <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    text_ += row.name;
    text_ += " = ";
    if (row.repeatable)
      strings(texts);
    else if (row.type == option_type::yes_no)
      text_ += texts.back() == "yes" ? "true" : "false";
    else if (number)
      text_ += fmt::format("{}", *parse_count(texts.back()));  // TOML has no leading zeros
    else
      string(texts.back());
    text_ += '\n';
  }

  template <typename Config>
  void endpoint(std::string_view which, const Config& config) {
    if (!text_.empty()) text_ += '\n';
    text_ += fmt::format("[[{}]]\nendpoint = ", which);
    string(config.where.where);
    text_ += '\n';
    for (const auto& each : config.options.all_given()) option(each.row, each.texts);
  }

  void command(const std::vector<std::string>& words) {
    text_ += "command = ";
    strings(words);
    text_ += '\n';
  }

  std::string text() { return std::move(text_); }

 private:
  void strings(const std::vector<std::string>& all) {
    text_ += '[';
    for (const auto& each : all) {
      if (&each != &all.front()) text_ += ", ";
      string(each);
    }
    text_ += ']';
  }

  void string(std::string_view value) {
    std::string scratch;
    if (as_utf8(value, scratch).data() != value.data()) wrong_.add(fmt::format("'{}' is no UTF-8, as all text in a configuration file has to be", value));
    text_ += '"';
    for (const char c : value) {
      if (c == '"' || c == '\\')
        text_ += {'\\', c};
      else if (static_cast<unsigned char>(c) < ' ' || c == '\x7f')
        fmt::format_to(std::back_inserter(text_), "\\u{:04X}", static_cast<unsigned>(c));
      else
        text_ += c;
    }
    text_ += '"';
  }

  mistakes& wrong_;
  std::string text_;
};

}  // namespace

std::string to_toml(const relay_config& config, mistakes& wrong) {
  toml_writer to(wrong);
  for (const auto& each : config.global.all_given()) to.option(each.row, each.texts);
  if (!config.command.empty()) to.command(config.command);
  for (const auto& each : config.inputs) to.endpoint("input", each);
  for (const auto& each : config.outputs) to.endpoint("output", each);
  return to.text();
}

}  // namespace logrelay
