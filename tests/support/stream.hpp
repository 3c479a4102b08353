#pragma once
/// What a process that we start has as its stdin, stdout or stderr.
#include <string>
#include <utility>

namespace logrelay::support {

class stream {
 public:
  enum class kind { null, pipe, collected, file, descriptor, inherited, closed };

  static stream null() { return {kind::null, {}, -1}; }
  /// For stdin: a pipe whose other end process::write uses.
  static stream pipe() { return {kind::pipe, {}, -1}; }
  /// For stdout and stderr: a pipe that is read into memory.
  static stream collected() { return {kind::collected, {}, -1}; }
  /// Read, or created and emptied for writing.
  static stream file(std::string path) { return {kind::file, std::move(path), -1}; }
  /// One of ours, which stays ours.
  static stream descriptor(int number) { return {kind::descriptor, {}, number}; }
  static stream inherited() { return {kind::inherited, {}, -1}; }
  static stream closed() { return {kind::closed, {}, -1}; }

  [[nodiscard]] kind what() const { return kind_; }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] int number() const { return number_; }

 private:
  stream(kind what, std::string path, int number) : kind_(what), path_(std::move(path)), number_(number) {}

  kind kind_;
  std::string path_;
  int number_;
};

}  // namespace logrelay::support
