#include <logrelay/output/file/pack.hpp>

#include <zlib.h>
#include <zstd.h>

#include <cerrno>
#include <memory>
#include <string_view>
#include <vector>

namespace logrelay {
namespace {

constexpr std::size_t piece_bytes = 128 * 1024;

int write_all(file_system& files, int to, std::string_view bytes) {
  while (!bytes.empty()) {
    const iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
    const auto n = files.write(to, &piece, 1);
    if (n < 0 && errno != EINTR) return errno;
    if (n > 0) bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return 0;
}

/// One way to compress. feed() appends to `out` what comes out; the last call, with `last`, everything.
class packer {
 public:
  virtual ~packer() = default;
  virtual int feed(std::string_view in, bool last, std::vector<char>& out) = 0;
};

class gzip_packer final : public packer {
 public:
  explicit gzip_packer(int level) {
    constexpr int gzip_header = 16;
    made_ = ::deflateInit2(&stream_, level == 0 ? Z_DEFAULT_COMPRESSION : level, Z_DEFLATED, MAX_WBITS + gzip_header, 8,
                           Z_DEFAULT_STRATEGY) == Z_OK;
  }
  ~gzip_packer() override {
    if (made_) ::deflateEnd(&stream_);
  }
  int feed(std::string_view in, bool last, std::vector<char>& out) override {
    if (!made_) return ENOMEM;
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    stream_.avail_in = static_cast<uInt>(in.size());
    do {
      const auto had = out.size();
      out.resize(had + piece_bytes);
      stream_.next_out = reinterpret_cast<Bytef*>(out.data() + had);
      stream_.avail_out = piece_bytes;
      ::deflate(&stream_, last ? Z_FINISH : Z_NO_FLUSH);
      out.resize(had + piece_bytes - stream_.avail_out);
    } while (stream_.avail_out == 0);
    return 0;
  }

 private:
  z_stream stream_{};
  bool made_ = false;
};

class zstd_packer final : public packer {
 public:
  explicit zstd_packer(int level) : context_(::ZSTD_createCCtx(), ::ZSTD_freeCCtx) {
    if (!context_) return;
    ::ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, level == 0 ? ZSTD_CLEVEL_DEFAULT : level);
    ::ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_checksumFlag, 1);
  }
  int feed(std::string_view in, bool last, std::vector<char>& out) override {
    if (!context_) return ENOMEM;
    ZSTD_inBuffer from{in.data(), in.size(), 0};
    for (;;) {
      const auto had = out.size();
      out.resize(had + piece_bytes);
      ZSTD_outBuffer to{out.data() + had, piece_bytes, 0};
      const auto left = ::ZSTD_compressStream2(context_.get(), &to, &from, last ? ZSTD_e_end : ZSTD_e_continue);
      out.resize(had + to.pos);
      if (::ZSTD_isError(left) != 0) return ENOMEM;  // all else would be a mistake of ours
      if (last ? left == 0 : from.pos == from.size) return 0;
    }
  }

 private:
  std::unique_ptr<ZSTD_CCtx, std::size_t (*)(ZSTD_CCtx*)> context_;
};

}  // namespace

int pack(file_system& files, int from, int to, compression how, int level, const std::function<bool()>& stopping) {
  std::unique_ptr<packer> packs;
  if (how == compression::gzip)
    packs = std::make_unique<gzip_packer>(level);
  else
    packs = std::make_unique<zstd_packer>(level);
  std::vector<char> in(piece_bytes), out;
  for (;;) {
    if (stopping()) return ECANCELED;
    const auto n = files.read(from, in.data(), in.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    out.clear();
    if (const int why = packs->feed({in.data(), static_cast<std::size_t>(n)}, n == 0, out); why != 0) return why;
    if (const int why = write_all(files, to, {out.data(), out.size()}); why != 0) return why;
    if (n == 0) return 0;
  }
}

}  // namespace logrelay
