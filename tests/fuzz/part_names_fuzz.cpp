// Names in a folder that anyone may write to: what is read as a part's name must give exactly that name again.
#include "require.hpp"

#include <logrelay/output/file/part_names.hpp>

#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace logrelay;
  if (size == 0 || size > 255) return 0;
  static const part_names all[] = {{"a.log", false, true, naming::time},
                                   {"a.log", false, true, naming::number},
                                   {"%Y-%m-%d.log", true, true, naming::time},
                                   {"%j.%H%M%S", true, true, naming::number}};
  const std::string_view name(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (name.find('\0') != std::string_view::npos || name.find('/') != std::string_view::npos) return 0;
  const auto& names = all[data[0] % 4];
  const auto read = names.read(name);
  if (!read) return 0;
  require(read->text() == name && !(*read < *read));
  const auto live =
      read->was_live ? read->plain
                     : read->plain.substr(0, read->plain.rfind('.', read->plain.size() - (read->number > 0 ? 1 : 9)));
  require(read->was_live || read->plain == (read->number > 0 ? part_names::at_number(live, read->number)
                                                             : part_names::at_time(live, read->microseconds)));
  return 0;
}
