#include <logrelay/output/gelf_chunks.hpp>

#include <algorithm>
#include <cstring>
#include <random>

namespace logrelay {

gelf_chunks::gelf_chunks(std::size_t chunk_bytes) : chunk_bytes_(chunk_bytes) {
  std::random_device random;  // others send to the same place
  id_ = std::uint64_t{random()} << 32 | random();
}

std::span<mmsghdr> gelf_chunks::datagrams(std::string_view message, std::size_t sent) {
  const std::size_t part = chunk_bytes_ - header_bytes;
  const std::size_t count = (message.size() + part - 1) / part;
  headers_.resize(count);
  pieces_.resize(count);
  messages_.assign(count, {});
  for (std::size_t i = 0; i < count; ++i) {
    auto& header = headers_[i];
    header = {'\x1e', '\x0f'};
    std::memcpy(header.data() + 2, &id_, sizeof id_);
    header[10] = static_cast<char>(i);
    header[11] = static_cast<char>(count);
    const auto text = message.substr(i * part, part);
    pieces_[i] = {iovec{header.data(), header.size()}, iovec{const_cast<char*>(text.data()), text.size()}};
    messages_[i].msg_hdr.msg_iov = pieces_[i].data();
    messages_[i].msg_hdr.msg_iovlen = pieces_[i].size();
  }
  return std::span(messages_).subspan(std::min(sent, count));
}

}  // namespace logrelay
