#include <logrelay/input/descriptor_input.hpp>

#include <logrelay/config.hpp>
#include <logrelay/input/file_reader.hpp>
#include <logrelay/input/stream_input.hpp>
#include <logrelay/shared_rows.hpp>
#include <logrelay/util/inherited.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>

namespace logrelay {

namespace {

bool is_connection(int socket) {
  int type = 0, listens = 0;
  socklen_t size = sizeof type;
  ::getsockopt(socket, SOL_SOCKET, SO_TYPE, &type, &size);
  ::getsockopt(socket, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size);
  return type == SOCK_STREAM && listens == 0;
}

class descriptor_input : public stream_input {
 public:
  descriptor_input(const input_config& config, int number) : stream_input(config), number_(number) {
    if (number == STDIN_FILENO) stream_ = "stdin";
  }

  void prepare() override {
    kind_ = kind_of(number_);
    const int flags = ::fcntl(number_, F_GETFL);
    if (kind_ == descriptor_kind::closed) {
      if (number_ == STDIN_FILENO) return;  // nothing to read: an empty input
      throw error(fmt::format("unable to read from descriptor {}: {}", number_, error_text(EBADF)));
    }
    if ((flags & O_ACCMODE) == O_WRONLY) throw error(fmt::format("unable to read from descriptor {}: it is open for writing only", number_));
    struct stat what {};
    ::fstat(number_, &what);
    if (S_ISDIR(what.st_mode)) throw error(fmt::format("unable to read from descriptor {}: {}", number_, error_text(EISDIR)));

    if (kind_ == descriptor_kind::socket && !is_connection(number_))
      throw error(fmt::format("unable to read from descriptor {}: it is a socket, but no connection", number_));

    manner_ = kind_ == descriptor_kind::socket ? read_manner::socket : read_manner::shared;
    if (kind_ == descriptor_kind::pipe || kind_ == descriptor_kind::terminal) from_ = open_anew(number_, O_RDONLY);
    if (from_) manner_ = read_manner::nonblocking;
    if (!from_) from_ = fd(::fcntl(number_, F_DUPFD_CLOEXEC, 3));
    if (!from_) throw system_error(fmt::format("read from descriptor {}", number_), errno);
  }

  void unprepare() noexcept override { from_.reset(); }

  void start(reader& at) override {
    reader_ = &at;
    if (manner_ == read_manner::nonblocking) {
      if (kind_ == descriptor_kind::pipe) enlarge(from_);
      retire(number_, O_RDONLY);  // its writer sees us leave
    }
    if (!from_) {
      at.post([this] { reader_->ended(*this); });
    } else if (kind_ == descriptor_kind::regular || kind_ == descriptor_kind::other) {
      auto on_end = [this] {
        reader_->post([this] {
          file_.reset();
          reader_->ended(*this);
        });
      };
      file_ = std::make_unique<file_reader>(at, *this, std::move(from_), std::move(on_end));
    } else {
      read_stream(at, std::move(from_), manner_, {});
    }
  }

  void stop(stop_kind how) noexcept override {
    if (file_) file_->stop();
    if (how == stop_kind::interrupt && number_ == STDIN_FILENO && kind_ == descriptor_kind::pipe) return owe_what_is_ready();
    stream_input::stop(how);
  }

  void give_up() noexcept override { file_.reset(); }

 protected:
  void stream_ended() override { reader_->ended(*this); }
  // A terminal that is no longer there says EIO.
  bool is_end(int error_number) const override {
    return stream_input::is_end(error_number) || (kind_ == descriptor_kind::terminal && error_number == EIO);
  }

 private:
  const int number_;
  descriptor_kind kind_ = descriptor_kind::closed;
  read_manner manner_ = read_manner::shared;
  fd from_;
  std::unique_ptr<file_reader> file_;
  reader* reader_ = nullptr;
};

constexpr option_row fifo_rows[] = {
    {"until-eof", option_type::yes_no, "no", "End when the last writer leaves, instead of waiting for the next one."},
    fifo_mode_row,
};

class fifo_input final : public stream_input {
 public:
  explicit fifo_input(const input_config& config)
      : stream_input(config), path_(config.where.rest), until_eof_(config.options.yes("until-eof")), mode_(config.options.mode("mode")) {}

  void prepare() override {
    made_ = ::mkfifo(path_.c_str(), mode_) == 0;
    if (!made_ && errno != EEXIST) throw system_error("make the FIFO " + path_, errno);
    if (made_) ::chmod(path_.c_str(), mode_);  // whatever the umask says
    struct stat there {};
    if (::stat(path_.c_str(), &there) != 0) throw system_error("open " + path_, errno);
    if (!S_ISFIFO(there.st_mode)) throw error(fmt::format("unable to open {} as a FIFO: it is none", path_));
    // Opened for both, it has a writer as long as we live, and so no end.
    from_.reset(::open(path_.c_str(), (until_eof_ ? O_RDONLY : O_RDWR) | O_NONBLOCK | O_CLOEXEC));
    if (!from_) throw system_error("open " + path_, errno);
    enlarge(from_);
  }

  void unprepare() noexcept override {
    from_.reset();
    if (std::exchange(made_, false)) ::unlink(path_.c_str());
  }

  void start(reader& at) override {
    reader_ = &at;
    read_stream(at, std::move(from_), read_manner::nonblocking, {});
  }

 protected:
  void stream_ended() override { reader_->ended(*this); }

 private:
  const std::string path_;
  const bool until_eof_;
  const unsigned mode_;
  bool made_ = false;
  fd from_;
  reader* reader_ = nullptr;
};

int number_of(const input_config& config) { return read_descriptor(config.where).value_or(-1); }

void check_stdin(const input_config&, mistakes&) {}

void check_fd(const input_config& config, mistakes& wrong) {
  if (number_of(config) < 0) wrong.add(fmt::format("input '{}': 'fd:' takes the number of an open descriptor, like fd:3", config.name));
}

void check_fifo(const input_config& config, mistakes& wrong) {
  if (config.where.rest.empty()) wrong.add(fmt::format("input '{}': a FIFO needs a path, like fifo:/run/app.fifo", config.name));
}

std::unique_ptr<input> make(const input_config& config) { return std::make_unique<descriptor_input>(config, number_of(config)); }

}  // namespace

const input_kind stdin_input_kind{"-", "-", "standard input", {}, check_stdin, make};
const input_kind fd_input_kind{"fd", "fd:N", "an inherited descriptor", {}, check_fd, make};
const input_kind fifo_input_kind{"fifo", "fifo:PATH", "a named pipe, made where there is none", fifo_rows, check_fifo,
                                 [](const input_config& config) -> std::unique_ptr<input> { return std::make_unique<fifo_input>(config); }};

}  // namespace logrelay
