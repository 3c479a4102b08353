#pragma once
/// Where --report goes: a file that always holds one whole report, the newest, or stderr for "-". Main thread.
#include <logrelay/messages.hpp>
#include <logrelay/report.hpp>

#include <string>

namespace logrelay {

class report_file {
 public:
  /// Empty: nowhere, but USR1 still writes to stderr. Throws error when the file's folder cannot be written to.
  report_file(std::string path, messages& say);
  /// At exit, and on USR1.
  void write(const relay_report& report, bool asked = false);

 private:
  const std::string path_;
  messages& say_;
};

}  // namespace logrelay
