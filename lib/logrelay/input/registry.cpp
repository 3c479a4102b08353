#include <logrelay/input/registry.hpp>

#include <logrelay/input/command_input.hpp>
#include <logrelay/input/datagram_input.hpp>
#include <logrelay/input/descriptor_input.hpp>
#include <logrelay/input/relp_input.hpp>
#include <logrelay/input/socket_input.hpp>
#include <logrelay/input/syslog_input.hpp>
#include <logrelay/input/tail_input.hpp>
#include <logrelay/input/tls_input.hpp>

namespace logrelay {

std::vector<input_kind> standard_inputs() {
  return {stdin_input_kind, fd_input_kind, fifo_input_kind, tcp_input_kind, udp_input_kind, unix_input_kind, unixgram_input_kind,
          tls_input_kind, syslog_input_kind, syslog_tcp_input_kind, syslog_tls_input_kind, relp_input_kind, relp_tls_input_kind,
          stdout_input_kind, stderr_input_kind, tail_input_kind};
}

}  // namespace logrelay
