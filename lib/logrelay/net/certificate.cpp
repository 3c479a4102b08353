#include <logrelay/net/certificate.hpp>

#include <logrelay/net/address.hpp>
#include <logrelay/util/near_miss.hpp>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/x509v3.h>

#include <iterator>
#include <memory>
#include <string_view>
#include <vector>

namespace logrelay {
namespace {

constexpr std::size_t most_told = 5;

// Anybody may have written it: nothing in it may look like another message.
std::string harmless(const ASN1_STRING* text) {
  std::string plain(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)), static_cast<std::size_t>(ASN1_STRING_length(text)));
  for (char& c : plain)
    if (c < ' ' || c > '~') c = '?';
  return plain;
}

std::string address_text(const ASN1_OCTET_STRING* bytes) {
  char text[INET6_ADDRSTRLEN] = "";
  const int size = ASN1_STRING_length(bytes);
  if (size == 4 || size == 16) ::inet_ntop(size == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(bytes), text, sizeof text);
  return text;
}

}  // namespace

// An empty name is nobody's, whatever a certificate has.
bool is_for(x509_st* certificate, const std::string& name) {
  if (name.empty()) return false;
  if (is_ip(name)) return X509_check_ip_asc(certificate, name.c_str(), 0) == 1;
  return X509_check_host(certificate, name.data(), name.size(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, nullptr) == 1;
}

std::string names_of(const x509_st* certificate) {
  const std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)> all(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)), GENERAL_NAMES_free);
  const auto* const stack = reinterpret_cast<const OPENSSL_STACK*>(all.get());  // OpenSSL's own macros have casts of C
  std::vector<std::string> names;
  bool has_host = false;
  for (int i = 0; i < OPENSSL_sk_num(stack); ++i) {
    const auto* const one = static_cast<const GENERAL_NAME*>(OPENSSL_sk_value(stack, i));
    has_host |= one->type == GEN_DNS;
    if (one->type == GEN_DNS) names.push_back(harmless(one->d.dNSName));
    if (one->type == GEN_IPADD) names.push_back(address_text(one->d.iPAddress));
  }
  if (const auto* const subject = X509_get_subject_name(certificate); !has_host)  // then this one counts
    if (const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1); at >= 0)
      names.push_back(harmless(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at))));
  if (names.empty()) return "nobody";
  const auto others = names.size() > most_told ? names.size() - most_told : 0;
  if (others > 0) {
    names.resize(most_told);
    names.push_back(fmt::format("{} others", others));
  }
  return listed(std::vector<std::string_view>(names.begin(), names.end()));
}

std::string fingerprint_of(const x509_st* certificate) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  std::string text;
  if (X509_digest(certificate, EVP_sha256(), digest, &size) == 1)
    for (unsigned i = 0; i < size; ++i) fmt::format_to(std::back_inserter(text), "{:02x}", digest[i]);
  return text;
}

}  // namespace logrelay
