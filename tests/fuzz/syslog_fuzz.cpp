// Whatever comes as a message of syslog: what is found are views into the line, the message ends where the line does, and
// structured data that is accepted can be walked to its end.
#include "require.hpp"

#include <logrelay/decode/structured_data.hpp>
#include <logrelay/decode/syslog.hpp>

#include <cstdint>

namespace {

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace logrelay;
  if (size == 0) return 0;
  const bool local = data[0] % 2 != 0;
  const std::string_view line(reinterpret_cast<const char*>(data) + 1, size - 1);
  const wall_time now{std::chrono::seconds(1'795'356'301)};
  record found;
  found.message = line;
  decode_syslog(line, now, local, found);

  const auto within = [&](std::string_view view) {
    return view.empty() || (view.data() >= line.data() && view.data() + view.size() <= line.data() + line.size());
  };
  for (const auto view : {found.host, found.app, found.pid, found.msgid, found.sd, found.message}) require(within(view));
  require(found.severity >= -1 && found.severity < 8 && found.facility >= -1 && found.facility < 24);
  require((found.severity < 0) == (found.facility < 0));
  if (!found.message.empty()) {
    const char* const end = found.message.data() + found.message.size();
    const auto behind = line.substr(static_cast<std::size_t>(end - line.data()));
    require(behind.empty() || behind == "\n" || behind == std::string_view("\0", 1) || behind == std::string_view("\n\0", 2));
  }
  // Without a priority a host stands only behind a time, or before Cisco's mnemonic.
  if (!found.time) require(found.host.empty() || found.severity >= 0 || line.find('%') != line.npos);
  require(structured_data_size(found.sd) == found.sd.size());
  sd_cursor cursor(found.sd);
  std::string plain, escaped;
  for (sd_cursor::parameter each; cursor.next(each);) {
    require(!each.id.empty() && within(each.id) && within(each.name) && within(each.value));
    plain.clear(), escaped.clear();
    append_sd_plain(each.value, plain);
    append_sd_escaped(plain, escaped);
    std::string again;
    append_sd_plain(escaped, again);
    require(again == plain);
  }
  for (const std::string_view ours : {std::string_view(R"([fields@32473 env="b"])"), found.sd}) {
    std::string merged;
    append_sd_merged(found.sd, ours, merged);
    require(structured_data_size(merged) == merged.size());
  }
  return 0;
}
