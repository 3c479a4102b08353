#include <logrelay/util/thrown.hpp>

#include <logrelay/error.hpp>

#include <boost/system/system_error.hpp>
#include <fmt/format.h>

#include <new>
#include <system_error>

namespace logrelay {

std::string reason_of(const std::exception& thrown) {
  if (dynamic_cast<const std::bad_alloc*>(&thrown)) return "out of memory";
  // Asio's names the call that failed, and where in its own source.
  if (const auto* from = dynamic_cast<const boost::system::system_error*>(&thrown))
    return from->code().category() == boost::system::system_category() ? error_text(from->code().value()) : from->code().message();
  // Nothing but a thread that could not be made throws this of ours.
  if (const auto* from = dynamic_cast<const std::system_error*>(&thrown))
    return fmt::format("unable to start a thread: {}; raise `ulimit -u` or `ulimit -v`", from->code().message());
  return thrown.what();
}

std::string reason_of(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& e) {
    return reason_of(e);
  } catch (...) {
    return "something was thrown that is no std::exception";
  }
}

}  // namespace logrelay
