#pragma once
/// Descriptors that a relay is started with, beside the pipes and terminals of <support/sockets.hpp>. Assert on failure.
#include <support/process.hpp>
#include <support/sockets.hpp>

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/socket.h>

#include <array>
#include <string>

namespace logrelay::support {

struct socket_ends {
  fd ours;
  fd theirs;
};
inline socket_ends make_socket_pair() {
  std::array<int, 2> ends{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
  return {fd(ends[0]), fd(ends[1])};
}

inline fd open_file(const std::string& path, int flags) {
  fd file(::open(path.c_str(), flags | O_CLOEXEC, 0644));
  REQUIRE(file);
  return file;
}

/// The writing end of a FIFO that somebody reads, or is about to.
inline fd open_fifo(const std::string& path) {
  fd fifo;
  REQUIRE(eventually([&] {
    fifo.reset(::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
    return static_cast<bool>(fifo);
  }));
  return fifo;
}

/// The flags of its open file description, which whoever inherited it shares.
inline int flags_of(const fd& descriptor) { return ::fcntl(descriptor.get(), F_GETFL); }

inline process_options reads(const fd& input) { return {.input = stream::descriptor(input.get())}; }
inline process_options writes(const fd& output) {
  return {.input = stream::pipe(), .output = stream::descriptor(output.get())};
}

}  // namespace logrelay::support
