#pragma once
/// Programs that everybody has, on the other side of a relay: rsyslogd, logger, socat, nc, syslog-ng and loggen, and the
/// real lines that they exchange with it. A program that is not installed is told of, and its tests are left out.
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <support/lines.hpp>
#include <support/peer_program.hpp>
#include <support/sink.hpp>

#include "relay_under_test.hpp"

namespace logrelay::support {

inline constexpr std::size_t real_line_count = 50'000;

/// Real lines as syslog carries them: none is empty, and none ends in a carriage return or a space.
inline std::string syslog_lines(std::size_t count = real_line_count) {
  std::string text;
  std::size_t taken = 0;
  for (auto& line : split_lines(real_lines(count * 300))) {
    line.erase(line.find_last_not_of("\r ") + 1);
    if (line.empty() || line.size() > 1000) continue;
    text += line + "\n";
    if (++taken == count) return text;
  }
  throw std::runtime_error("there are too few real lines");
}

/// Whether all of these are installed; says so where they are not.
inline bool have(const std::vector<std::string>& programs) {
  for (const auto& each : programs) {
    if (has(each)) continue;
    WARN("left out: " << each << " is not installed");
    return false;
  }
  return true;
}

inline bool eventually_holds(const std::string& path, std::size_t bytes) {
  return eventually([&] { return file_size(path) >= bytes; });
}

/// What stands behind the first `mark` of each line.
inline std::string behind(std::string_view text, std::string_view mark) {
  std::string rests;
  for (const auto& line : split_lines(text)) {
    const auto at = line.find(mark);
    rests += (at == std::string::npos ? "NO MARK: " + line : line.substr(at + mark.size())) + "\n";
  }
  return rests;
}

inline std::uint16_t free_udp_port() { return port_of(bound_udp()); }

/// An rsyslogd of our own: it writes messages as they came to out.log, and knows nothing of the machine's.
inline process start_rsyslog(const temp_folder& folder, const std::string& input_and_action) {
  write_file(folder / "rsyslog.conf",
             "global(workDirectory=\"" + folder.path().string() +
                 "\" maxMessageSize=\"64k\" parser.escapeControlCharactersOnReceive=\"off\")\n"
                 "main_queue(queue.size=\"100000\" queue.workerThreads=\"1\" queue.timeoutEnqueue=\"60000\")\n"
                 "template(name=\"raw\" type=\"string\" string=\"%rawmsg%\\n\")\n"
                 "template(name=\"bare\" type=\"string\" string=\"%rawmsg%\")\n" +
                 input_and_action);
  return process({"rsyslogd", "-n", "-C", "-f", folder / "rsyslog.conf", "-i", folder / "rsyslog.pid"});
}

inline std::string to_file(const temp_folder& folder) {
  return "action(type=\"omfile\" file=\"" + folder / "out.log" +
         "\" template=\"raw\" asyncWriting=\"off\" flushOnTXEnd=\"on\")\n";
}

/// A port of the kernel's choice, which it only asks for when it has a file to write it to.
inline std::string from_tcp(const temp_folder& folder, bool octet_counted) {
  return "module(load=\"imtcp\")\ninput(type=\"imtcp\" address=\"127.0.0.1\" port=\"0\" listenPortFileName=\"" +
         folder / "port" + "\" SupportOctetCountedFraming=\"" + (octet_counted ? "on" : "off") + "\")\n";
}

/// One of syslog-ng's programs; says so where it is not there.
inline std::optional<peer_program> syslog_ng_program(const std::string& name) {
  std::string why;
  auto found = find_syslog_ng(name, why);
  if (!found) WARN("left out: " << why);
  return found;
}

/// A syslog-ng of our own, with these sources, destinations and logs. What it gets it takes as it is.
inline process start_syslog_ng(const peer_program& program, const temp_folder& folder, const std::string& config) {
  write_file(folder / "syslog-ng.conf",
             "@version: 3.35\noptions { keep-hostname(yes); use-dns(no); stats-freq(0); flush-lines(100); frac-digits(6); };\n" + config);
  std::vector<std::string> command{program.path,       "-F", "--no-caps",    "-f", folder / "syslog-ng.conf", "-R",
                                   folder / "persist", "-p", folder / "pid", "-c", folder / "control"};
  if (!program.modules.empty()) command.push_back("--module-path=" + program.modules);
  return process(command, {.environment = program.environment});
}

}  // namespace logrelay::support
