#pragma once
/// What formats with fields write for a line: what the output's options say, else what the line carries, else what is
/// known of where it came from. Belongs to one format and its thread; no I/O after its making.
#include <logrelay/format/format.hpp>
#include <logrelay/options.hpp>

#include <array>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace logrelay {

/// The options `facility`, `severity`, `host`, `app`, `pid`, `msgid`, `sd` and `field`.
[[nodiscard]] option_rows record_rows();
/// The same without those that RFC 3164 has no place for.
[[nodiscard]] option_rows plain_record_rows();
/// What of them is wrong in itself.
void check_record_options(const option_values& options, std::string_view whose, mistakes& wrong);

class record_values {
 public:
  record_values();  ///< without options
  explicit record_values(const option_values& options);

  [[nodiscard]] level severity(const line_view& line) const { return severity_.value_or(line.severity()); }
  [[nodiscard]] int facility(const line_view& line) const { return facility_ < 0 ? line.facility() : facility_; }  ///< -1: not known
  [[nodiscard]] int priority(const line_view& line) const;  ///< of a facility that is not known: user
  /// What the line says, else the address of a peer elsewhere, else this host.
  [[nodiscard]] std::string_view host(const line_view& line) const;
  [[nodiscard]] std::string_view this_host() const { return this_host_; }
  [[nodiscard]] std::string_view app(const line_view& line) const { return app_.empty() ? line.app() : app_; }
  [[nodiscard]] std::string_view pid(const line_view& line);
  [[nodiscard]] std::string_view msgid(const line_view& line) const { return msgid_.empty() ? line.fields().msgid : msgid_; }
  /// That of the line with ours; whose it is, append_sd_merged() says. Until the next call.
  [[nodiscard]] std::string_view sd(const line_view& line);
  /// Ours, for a format that writes static fields as such.
  void add_sd(std::string_view more);
  using static_field = std::pair<std::string, std::string>;
  [[nodiscard]] std::span<const static_field> fields() const { return fields_; }

 private:
  const std::string this_host_;
  std::optional<level> severity_;
  int facility_ = -1;
  std::string host_, app_, pid_, msgid_, sd_;
  std::vector<static_field> fields_;
  std::int64_t peer_pid_ = -1;  // what peer_pid_text_ says
  std::string peer_pid_text_;
  std::string merged_sd_;
};

}  // namespace logrelay
