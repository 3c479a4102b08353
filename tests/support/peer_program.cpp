#include <support/peer_program.hpp>

#include <support/process.hpp>

#include <filesystem>

namespace logrelay::support {

std::optional<peer_program> find_syslog_ng(const std::string& name, std::string& why) {
  if (has(name)) return peer_program{name, {}, {}};
  const auto unpacked = std::filesystem::path(LOGRELAY_SOURCE) / "build/syslog-ng";
  for (const std::string place : {"usr/sbin/", "usr/bin/"}) {
    const auto path = unpacked / (place + name);
    if (!std::filesystem::exists(path)) continue;
    std::string libraries, modules;
    for (const auto& each : std::filesystem::recursive_directory_iterator(unpacked / "usr/lib")) {
      if (!each.is_directory()) continue;
      libraries += each.path().string() + ":";
      if (std::filesystem::exists(each.path() / "libaffile.so")) modules = each.path().string();
    }
    peer_program found{path.string(), {{"LD_LIBRARY_PATH", libraries}, {"SYSLOGNG_PREFIX", (unpacked / "usr").string()}}, modules};
    const auto tried = run({found.path, "--help"}, {.environment = found.environment});
    if (tried.status == 0) return found;
    why = "the unpacked " + name + " does not run: " + tried.errors;
    return std::nullopt;
  }
  why = name + " is neither installed nor unpacked by packaging/test.sh";
  return std::nullopt;
}

}  // namespace logrelay::support
