// A program whose loggers stand in a file: run with its name, here app.toml.
#include <logrelay/embed/configure.hpp>

#include <spdlog/spdlog.h>

#include <cstdio>
#include <stdexcept>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  try {
    // [configure]
    auto queued = logrelay::configure_file(argv[1]);  // throws what is wrong, each mistake with its line and column
    spdlog::get("login")->info("user {} logged in", 42);
    // []
    spdlog::info("nobody wants to know");
    spdlog::warn("the disk is {} % full", 97);
    const auto report = queued.stop(std::chrono::seconds(60));
    std::printf("delivered %lu\n", static_cast<unsigned long>(report.delivered()));
  } catch (const std::runtime_error& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
