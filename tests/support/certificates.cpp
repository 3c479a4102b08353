#include <support/certificates.hpp>

#include <catch2/catch.hpp>
#include <support/process.hpp>

#include <stdexcept>
#include <vector>

namespace logrelay::support {
namespace {

std::string openssl(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "openssl");
  const auto done = run(arguments);
  if (done.status != 0) throw std::runtime_error("openssl: " + done.errors);
  return done.output;
}

const std::vector<std::string> new_key = {"req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"};

std::vector<std::string> with(std::vector<std::string> all, const std::vector<std::string>& more) {
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

}  // namespace

bool openssl_is_there() {
  if (has("openssl")) return true;
  WARN("left out: openssl is not installed");
  return false;
}

certificates::certificates(std::string folder) : folder_(std::move(folder)) {
  openssl(with(new_key, {"-subj", "/CN=Test authority", "-keyout", folder_ + "/ca.key", "-out", authority(), "-addext", "basicConstraints=critical,CA:TRUE"}));
}

certificates::pair certificates::sign(const std::string& name, const std::string& alternatives) const {
  openssl(with(new_key, {"-subj", "/CN=" + name, "-keyout", folder_ + "/" + name + ".key", "-out", folder_ + "/" + name + ".pem", "-addext",
                         "subjectAltName=" + alternatives, "-addext", "basicConstraints=critical,CA:FALSE", "-CA", authority(), "-CAkey",
                         folder_ + "/ca.key"}));
  return finish(name);
}

certificates::pair certificates::self_signed(const std::string& name, const std::string& alternatives) const {
  openssl(with(new_key, {"-subj", "/CN=" + name, "-keyout", folder_ + "/" + name + ".key", "-out", folder_ + "/" + name + ".pem", "-addext",
                         "subjectAltName=" + alternatives}));
  return finish(name);
}

certificates::pair certificates::finish(const std::string& name) const {
  pair made{folder_ + "/" + name + ".pem", folder_ + "/" + name + ".key", {}};
  const auto text = openssl({"x509", "-in", made.cert, "-noout", "-fingerprint", "-sha256"});
  made.fingerprint = "sha256:" + text.substr(text.find('=') + 1, 32 * 3 - 1);
  return made;
}

}  // namespace logrelay::support
