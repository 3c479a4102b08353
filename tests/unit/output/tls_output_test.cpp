#include <logrelay/config.hpp>

#include <catch2/catch.hpp>

namespace logrelay {
namespace {

std::string mistakes_of(const std::string& endpoint) {
  mistakes wrong;
  static_cast<void>(make_config({{}, {endpoint}, {}}, standard_registries(), wrong));
  return wrong.empty() ? "none" : wrong.texts().front();
}

TEST_CASE("an output with TLS has to know for whom the certificate of its peer is") {
  for (const std::string scheme : {"tls", "syslog+tls", "relp+tls"}) {
    const auto nameless = scheme + "://:6514";
    CHECK_THAT(mistakes_of(nameless), Catch::EndsWith("'" + nameless + "' needs a HOST, whose name the peer's certificate is checked for"));
    CHECK_THAT(mistakes_of(scheme + "://logs.example.com:6514,failover=:6514"), Catch::Contains("':6514' needs a HOST"));
    CHECK(mistakes_of(nameless + ",verify=none") == "none");
    CHECK(mistakes_of(nameless + ",peer-name=logs.example.com") == "none");
    CHECK(mistakes_of(nameless + ",fingerprint=sha256:" + std::string(64, 'a')) == "none");
  }
}

}  // namespace
}  // namespace logrelay
