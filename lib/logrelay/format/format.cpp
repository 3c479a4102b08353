#include <logrelay/format/format.hpp>

#include <logrelay/decode/json.hpp>
#include <logrelay/decode/packed.hpp>
#include <logrelay/decode/priority.hpp>
#include <logrelay/decode/syslog.hpp>

namespace logrelay {

void line_view::decode() const {
  if (decoded_) return;
  decoded_ = true;
  fields_.message = line_;
  switch (from_.decode) {
    case decoding::none: return;
    case decoding::syslog: return decode_syslog(line_, time_, from_.local, fields_);
    case decoding::json: return decode_json(line_, fields_, unescaped_);
    case decoding::packed: return decode_packed(line_, fields_);
    case decoding::prefix: break;
  }
  const priority found = leading_priority(line_);
  if (found.value < 0) return;
  fields_.severity = found.value & 7;
  // sd-daemon's `<3>` means a level only, and 0, kern, is nothing that a program behind a pipe could be.
  fields_.facility = found.value < 8 ? -1 : found.value >> 3;
  fields_.message.remove_prefix(found.width);
}

}  // namespace logrelay
