#include <logrelay/config_file.hpp>

#include <logrelay/util/fd.hpp>
#include <logrelay/util/near_miss.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <sstream>

namespace logrelay {
namespace {

// More is no configuration, but a file that was named by mistake.
constexpr std::size_t most_bytes = 16 * 1024 * 1024;

constexpr std::array<std::string_view, 1> endpoint_key{"endpoint"};

using kind = given_option::kind;

/// TOML's tables made into a request, entry by entry, in the order of the file.
class request_reader {
 public:
  request_reader(const std::string& name, mistakes& wrong) : name_(name), wrong_(wrong) {}

  relay_request read(const toml::table& root) {
    relay_request all;
    for (const auto& [key, node] : in_order(root)) {
      if (key->str() == "input")
        read_tables(*key, *node, all.input_tables);
      else if (key->str() == "output")
        read_tables(*key, *node, all.output_tables);
      else if (key->str() == "command")
        read_command(*key, *node, all.command);
      else if (node->is_table() || node->is_array_of_tables())
        add(*key, fmt::format("unknown table '{}'{}", key->str(), did_you_mean(key->str(), std::array<std::string_view, 2>{"input", "output"})));
      else
        read_option(*key, *node, all.global);
    }
    return all;
  }

  [[nodiscard]] std::string place(const toml::source_region& where) const {
    return fmt::format("{}:{}:{}", name_, where.begin.line, where.begin.column);
  }

 private:
  using entry = std::pair<const toml::key*, const toml::node*>;

  static std::vector<entry> in_order(const toml::table& table) {
    std::vector<entry> all;
    for (const auto& [key, node] : table) all.emplace_back(&key, &node);
    std::stable_sort(all.begin(), all.end(), [](const entry& one, const entry& other) {
      return one.first->source().begin < other.first->source().begin;
    });
    return all;
  }

  void add(const toml::key& key, const std::string& what) {
    const mistakes::at here(wrong_, place(key.source()));
    wrong_.add(what);
  }

  void read_tables(const toml::key& key, const toml::node& node, std::vector<endpoint_table>& into) {
    if (!node.is_array_of_tables()) return add(key, fmt::format("'{0}' is no array of tables: write [[{0}]] before each one's keys", key.str()));
    for (const auto& each : *node.as_array()) into.push_back(read_endpoint(*each.as_table()));
  }

  endpoint_table read_endpoint(const toml::table& table) {
    endpoint_table read{{}, {}, place(table.source())};
    for (const auto& [key, node] : in_order(table)) {
      if (key->str() != "endpoint") {
        if (const auto meant = did_you_mean(key->str(), endpoint_key); !table.contains("endpoint") && !meant.empty()) {
          add(*key, fmt::format("unknown option '{}'{}", key->str(), meant));
          continue;
        }
        read_option(*key, *node, read.options);
        continue;
      }
      read.at = place(key->source());
      read.endpoint = read_string(*key, *node);
    }
    return read;
  }

  void read_command(const toml::key& key, const toml::node& node, std::vector<std::string>& into) {
    const auto* words = node.as_array();
    if (!words || words->empty() || !words->is_homogeneous<std::string>())
      return add(key, "'command' is no array of strings: write it like [\"./server\", \"--port\", \"8080\"]");
    for (const auto& each : *words) into.push_back(read_string(key, each));
  }

  std::string read_string(const toml::key& key, const toml::node& node) {
    const auto* text = node.as_string();
    if (!text)
      add(key, fmt::format("'{}' is no string", key.str()));
    else if (text->get().find('\0') != std::string::npos)
      add(key, fmt::format("'{}' has a NUL in it", key.str()));
    else
      return text->get();
    return {};
  }

  void read_option(const toml::key& key, const toml::node& node, given_options& into) {
    if (const auto* several = node.as_array()) {
      if (several->empty()) return add(key, fmt::format("'{}' has no value: leave it out, or give it one", key.str()));
      for (const auto& each : *several) read_value(key, each, true, into);
    } else {
      read_value(key, node, false, into);
    }
  }

  void read_value(const toml::key& key, const toml::node& node, bool among_several, given_options& into) {
    given_option read{std::string(key.str()), {}, place(among_several ? node.source() : key.source()), kind::text, among_several};
    if (node.is_string()) {
      read.text = read_string(key, node);
      if (read.text.empty() && !node.as_string()->get().empty()) return;  // said already
    } else if (const auto* yes = node.as_boolean()) {
      read.what = kind::boolean;
      read.text = yes->get() ? "yes" : "no";
    } else if (const auto* number = node.as_integer()) {
      const bool octal = (number->flags() & toml::value_flags::format_as_octal) != toml::value_flags::none;
      read.what = octal ? kind::octal : kind::integer;
      read.text = octal ? fmt::format("{:04o}", number->get()) : fmt::format("{}", number->get());
    } else if (node.is_table() || node.is_array()) {
      return add(key, fmt::format("'{}' is {}: no option is", key.str(), node.is_table() ? "a table" : "an array of arrays"));
    } else {
      read.what = kind::other;
      std::ostringstream written;
      node.visit([&](const auto& value) {
        if constexpr (toml::is_floating_point<decltype(value)> || toml::is_chronological<decltype(value)>) written << value.get();
      });
      read.text = written.str();
    }
    into.push_back(std::move(read));
  }

  const std::string& name_;
  mistakes& wrong_;
};

std::string read_text(const std::string& path) {
  const fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) throw system_error("read the configuration " + path, errno);
  std::string text;
  for (std::array<char, 16 * 1024> part;;) {
    const ssize_t got = ::read(file.get(), part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw system_error("read the configuration " + path, errno);
    if (got == 0) return text;
    text.append(part.data(), static_cast<std::size_t>(got));
    if (text.size() > most_bytes) throw error(fmt::format("unable to read the configuration {}: it is larger than 16 MiB", path));
  }
}

}  // namespace

relay_request parse_config(std::string_view text, const std::string& name, mistakes& wrong) {
  request_reader reader(name, wrong);
  try {
    return reader.read(toml::parse(text, name));
  } catch (const toml::parse_error& e) {
    const mistakes::at here(wrong, reader.place(e.source()));
    wrong.add(std::string(e.description()));
    return {};
  }
}

relay_request read_config_file(const std::string& path, mistakes& wrong) {
  try {
    return parse_config(read_text(path), path, wrong);
  } catch (const error& e) {
    wrong.add(e.what());
    return {};
  }
}

}  // namespace logrelay
