#include <logrelay/error.hpp>

#include <fmt/format.h>

#include <cerrno>
#include <system_error>

namespace logrelay {

std::string error_text(int error_number) {
  auto text = std::system_category().message(error_number);
  return error_number == EMFILE ? text + ", raise `ulimit -n`" : text;
}

error system_error(std::string_view tried, int error_number) {
  return error(fmt::format("unable to {}: {}", tried, error_text(error_number)));
}

}  // namespace logrelay
