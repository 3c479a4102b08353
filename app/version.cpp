#include "version.hpp"

#include <CLI/Version.hpp>
#include <boost/version.hpp>
#include <fmt/format.h>
#include <openssl/opensslv.h>
#include <spdlog/version.h>
#include <zlib.h>
#include <zstd.h>

namespace logrelay {

std::string version_text() {
  return fmt::format(
      "logrelay {}\n"
      "Built with {} {}, Boost.Asio {}.{}, spdlog {}.{}.{}, fmt {}.{}.{}, CLI11 {}, OpenSSL {}, zlib {}, zstd {}, RE2.\n",
      LOGRELAY_VERSION,
#ifdef __clang__
      "Clang", __clang_version__,
#else
      "GCC", __VERSION__,
#endif
      BOOST_VERSION / 100000, BOOST_VERSION / 100 % 1000, SPDLOG_VER_MAJOR, SPDLOG_VER_MINOR, SPDLOG_VER_PATCH, FMT_VERSION / 10000,
      FMT_VERSION / 100 % 100, FMT_VERSION % 100, CLI11_VERSION, OPENSSL_VERSION_STR,
      ZLIB_VERSION, ZSTD_VERSION_STRING);
}

}  // namespace logrelay
