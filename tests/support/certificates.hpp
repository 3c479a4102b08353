#pragma once
/// Certificates for tests of TLS, made afresh by openssl(1): an authority, and what it signs.
#include <string>
#include <string_view>

namespace logrelay::support {

/// Whether they can be made. False: the test says that it is left out.
[[nodiscard]] bool openssl_is_there();

class certificates {
 public:
  /// Files in `folder`: ca.pem. Throws where openssl is not there or fails.
  explicit certificates(std::string folder);

  struct pair {
    std::string cert, key;  ///< PEM files
    std::string fingerprint;  ///< "sha256:AB:CD:…"
  };
  /// NAME.pem and NAME.key, signed by the authority, for these names: "DNS:localhost,IP:127.0.0.1".
  [[nodiscard]] pair sign(const std::string& name, const std::string& alternatives) const;
  /// Signed by nobody but itself.
  [[nodiscard]] pair self_signed(const std::string& name, const std::string& alternatives) const;
  [[nodiscard]] std::string authority() const { return folder_ + "/ca.pem"; }

 private:
  [[nodiscard]] pair finish(const std::string& name) const;
  std::string folder_;
};

}  // namespace logrelay::support
