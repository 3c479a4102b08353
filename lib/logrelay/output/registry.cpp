#include <logrelay/output/registry.hpp>

#include <logrelay/output/connection_output.hpp>
#include <logrelay/output/datagram_output.hpp>
#include <logrelay/output/descriptor_output.hpp>
#include <logrelay/output/exec_output.hpp>
#include <logrelay/output/fifo_output.hpp>
#include <logrelay/output/file_output.hpp>
#include <logrelay/output/null_output.hpp>
#include <logrelay/output/relp_output.hpp>
#include <logrelay/output/syslog_output.hpp>
#include <logrelay/output/tls_output.hpp>

namespace logrelay {

std::vector<output_kind> standard_outputs() {
  return {file_output_kind, stdout_output_kind, stderr_output_kind, fd_output_kind, fifo_output_kind, tcp_output_kind,
          udp_output_kind, unix_output_kind, unixgram_output_kind, journal_output_kind, tls_output_kind, syslog_output_kind,
          syslog_tcp_output_kind, syslog_tls_output_kind, relp_output_kind, relp_tls_output_kind, exec_output_kind, null_output_kind};
}

}  // namespace logrelay
