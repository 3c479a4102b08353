#include <logrelay/error.hpp>

#include <fmt/format.h>

#include <system_error>

namespace logrelay {

std::string error_text(int error_number) { return std::system_category().message(error_number); }

error system_error(std::string_view tried, int error_number) {
  return error(fmt::format("unable to {}: {}", tried, error_text(error_number)));
}

}  // namespace logrelay
