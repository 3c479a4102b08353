#include <logrelay/output/file_output.hpp>

#include <logrelay/output/file/options.hpp>

#include <poll.h>

namespace logrelay {
namespace {

file_system& real_files() {
  static file_system files;
  return files;
}

std::unique_ptr<output> make(const output_config& config) {
  static const time_source real_time;
  return std::make_unique<file_output>(read_file_rules(config), real_time);
}

}  // namespace

const output_kind file_output_kind{"file", "[file:]PATH", "files, appended to, rotated between lines", file_option_rows(),
                                   check_file_options, make};

file_output::file_output(file_rules rules, const time_source& clock) : file_output(std::move(rules), clock, real_files()) {}

file_output::file_output(file_rules rules, const time_source& clock, file_system& files)
    : rules_(std::move(rules)), parts_(rules_, files, clock), file_({rules_, files, clock, parts_, say_}, rules_.path) {}

void file_output::set_speaker(speaker say) {
  say_ = say;
  parts_.set_speaker(std::move(say));
}

result file_output::open(waiter&) {
  auto how = file_.open();
  alarm_.set(file_.due());
  return how;
}

write_result file_output::write(const outgoing& lines) {
  auto how = file_.write(lines);
  alarm_.set(file_.due());
  return how;
}

interest file_output::idle() const { return {alarm_.descriptor(), POLLIN}; }

result file_output::idle_event() {
  alarm_.clear();
  auto how = file_.tick();
  alarm_.set(file_.due());
  return how;
}

result file_output::finish(waiter& wait) {
  parts_.finish(wait);
  return {};
}

}  // namespace logrelay
