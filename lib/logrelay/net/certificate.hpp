#pragma once
/// Whose a certificate is: its names, RFC 6125, and its fingerprint. Any thread.
#include <string>

struct x509_st;

namespace logrelay {

/// Whether the certificate is for this name; or for this address, where it is one.
[[nodiscard]] bool is_for(x509_st* certificate, const std::string& name);
/// For whom it is, as far as a message has room for that: "a.example.com, b.example.com or 192.0.2.1".
[[nodiscard]] std::string names_of(const x509_st* certificate);
/// By SHA-256, 64 small hexadecimal digits.
[[nodiscard]] std::string fingerprint_of(const x509_st* certificate);

}  // namespace logrelay
