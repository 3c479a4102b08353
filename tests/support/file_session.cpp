#include <support/file_session.hpp>

#include <support/temp_folder.hpp>

#include <logrelay/error.hpp>
#include <logrelay/output/file/retention.hpp>

#include <zlib.h>
#include <zstd.h>

#include <stdexcept>

namespace logrelay::support {
namespace {

constexpr int most_tries = 20;

std::string gunzipped(std::string_view packed) {
  z_stream stream{};
  if (::inflateInit2(&stream, MAX_WBITS + 16) != Z_OK) throw std::runtime_error("no inflate");
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string text;
  int how = Z_OK;
  while (how == Z_OK) {
    char piece[65536];
    stream.next_out = reinterpret_cast<Bytef*>(piece);
    stream.avail_out = sizeof piece;
    how = ::inflate(&stream, Z_NO_FLUSH);
    text.append(piece, sizeof piece - stream.avail_out);
  }
  ::inflateEnd(&stream);
  if (how != Z_STREAM_END || stream.avail_in != 0) throw std::runtime_error("a torn gzip file");
  return text;
}

std::string unzstd(std::string_view packed) {
  const std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx*)> context(::ZSTD_createDCtx(), ::ZSTD_freeDCtx);
  ZSTD_inBuffer from{packed.data(), packed.size(), 0};
  std::string text;
  std::size_t left = 1;
  while (from.pos < from.size) {
    char piece[65536];
    ZSTD_outBuffer to{piece, sizeof piece, 0};
    left = ::ZSTD_decompressStream(context.get(), &to, &from);
    if (::ZSTD_isError(left) != 0) throw std::runtime_error("a broken zstd file");
    text.append(piece, to.pos);
  }
  if (left != 0) throw std::runtime_error("a torn zstd file");
  return text;
}

}  // namespace

file_session::file_session(const file_rules& rules, fake_clock& clock, file_system& files)
    : rules_(rules), clock_(clock), files_(files) {
  make();
}

void file_session::make() {
  out_ = std::make_unique<file_output>(rules_, clock_, files_);
  out_->set_speaker([this](severity, std::string_view text) { said_.emplace_back(text); });
  out_->parts().without_thread();
}

void file_session::start() {
  for (int tries = 0;; ++tries) {
    try {
      out_->prepare();
      break;
    } catch (const error& e) {
      said_.emplace_back(e.what());
      if (tries == most_tries) throw;
      make();
    }
  }
  open();
}

void file_session::open() {
  for (int tries = 0;; ++tries) {
    const auto how = out_->open(wait_);
    if (how.what == outcome::done) return;
    said_.push_back(how.why);
    if (tries == most_tries) throw std::runtime_error(how.why);
    clock_.pass(std::chrono::milliseconds(500));
  }
}

void file_session::write(std::string_view text) {
  lines_to_write lines{std::string(text)};
  for (int tries = 0; lines.bytes() > 0;) {
    const auto how = out_->write(lines);
    lines.wrote(how.taken);
    written_ += how.taken;
    if (count_into) *count_into = written_;
    if (how.what != outcome::done) {
      said_.push_back(how.why);
      if (++tries == most_tries) throw std::runtime_error(how.why);
      open();
    }
    keep_up();
  }
}

void file_session::pass(std::chrono::milliseconds time) {
  clock_.pass(time);
  const auto how = out_->idle_event();
  if (how.what != outcome::done) {
    said_.push_back(how.why);
    open();
  }
}

void file_session::keep_up() {
  while (out_->parts().run_one()) {
  }
}

void file_session::close() {
  for (int tries = 0; tries < 3; ++tries) {
    keep_up();
    clock_.pass(std::chrono::seconds(10));
  }
  out_->close(0);
}

std::string unpacked_file(const std::string& path) {
  const auto text = read_file(path);
  if (path.ends_with(".gz")) return gunzipped(text);
  return path.ends_with(".zst") ? unzstd(text) : text;
}

std::vector<std::string> files_by_age(const file_rules& rules) {
  const split_path where(rules.path);
  file_system files;
  const fd folder(files.open(AT_FDCWD, where.folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC, 0));
  std::vector<found_part> parts;
  if (find_parts(files, folder.get(), part_names(where.name, rules.by_time, rules.utc, rules.names), where.name,
                 parts) != 0)
    throw std::runtime_error("no folder");
  std::vector<std::string> paths;
  for (const auto& each : parts) paths.push_back(where.folder + "/" + each.name.text());
  struct stat facts {};
  if (!rules.by_time && ::stat(rules.path.c_str(), &facts) == 0) paths.push_back(rules.path);
  return paths;
}

std::string text_by_age(const file_rules& rules) {
  std::string text;
  for (const auto& each : files_by_age(rules)) text += unpacked_file(each);
  return text;
}

}  // namespace logrelay::support
