#include <catch2/catch.hpp>
#include <logrelay/net/certificate.hpp>
#include <support/certificates.hpp>
#include <support/temp_folder.hpp>

#include <openssl/pem.h>

#include <cstdio>
#include <memory>

namespace logrelay {
namespace {

using namespace logrelay::support;

using certificate_ptr = std::unique_ptr<X509, decltype(&X509_free)>;

certificate_ptr read(const std::string& path) {
  const std::unique_ptr<std::FILE, decltype(&std::fclose)> file(std::fopen(path.c_str(), "r"), std::fclose);
  REQUIRE(file);
  return {PEM_read_X509(file.get(), nullptr, nullptr, nullptr), X509_free};
}

certificate_ptr for_names(const std::string& names) {
  const temp_folder folder;
  return read(certificates(folder.path().string()).sign("one", names).cert);
}

}  // namespace

TEST_CASE("certificate: it is for the names and addresses that it has, and for no empty one") {
  if (!openssl_is_there()) return;
  const auto one = for_names("DNS:a.example.com,DNS:*.b.example.com,IP:192.0.2.1,IP:2001:db8::1");
  for (const auto* name : {"a.example.com", "A.EXAMPLE.COM", "x.b.example.com", "192.0.2.1", "2001:db8::1", "2001:db8:0::1"}) {
    CAPTURE(name);
    CHECK(is_for(one.get(), name));
  }
  for (const auto* name : {"", "example.com", "b.example.com", "y.x.b.example.com", "192.0.2.2", "::1"}) {
    CAPTURE(name);
    CHECK_FALSE(is_for(one.get(), name));
  }
  CHECK(names_of(one.get()) == "a.example.com, *.b.example.com, 192.0.2.1 or 2001:db8::1");
}

TEST_CASE("certificate: a message has room for five names") {
  if (!openssl_is_there()) return;
  CHECK(names_of(for_names("DNS:a,DNS:b,DNS:c,DNS:d,DNS:e,DNS:f,DNS:g").get()) == "a, b, c, d, e or 2 others");
}

}  // namespace logrelay
