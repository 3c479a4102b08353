#pragma once
/// The command line and the environment, made into a request. Words are only told apart here; what they mean is
/// checked by make_config. Main thread, before anything starts.
#include <logrelay/config.hpp>

#include <string>
#include <vector>

namespace logrelay {

struct command_line {
  relay_request request;
  std::string file;  ///< of --config; empty: none
  enum class action { run, check, print_config, help, version } what = action::run;
  std::vector<std::string> doubts;  ///< what is no mistake, but probably not what was meant: for a warning each
};

/// Reads argv, then LOGRELAY_… for every long option that argv leaves out (all but --help and --version: images often
/// set LOGRELAY_VERSION for themselves; an empty variable counts as not set), then the file of --config for what neither
/// says; its inputs and outputs stand before those of the command line. All mistakes are reported; none when --help or
/// --version is asked for, which wins over everything else.
command_line read_command_line(int argc, char** argv, const registries& known, mistakes& wrong);

struct command_line_option {
  option_row row;
  char letter;  ///< of its short form; 0: none
  bool flag;    ///< stands alone; a value, then, only comes behind a '='
};

/// Every option that the command line has, in the order of --help.
std::vector<command_line_option> command_line_options();

/// What --help prints: every option from its row, in 80 columns.
std::string help_text(const registries& known);

}  // namespace logrelay
