#pragma once
/// A variable of the environment for as long as it lives. One thread.
#include <cstdlib>

namespace logrelay::support {

class variable {
 public:
  variable(const char* name, const char* value) : name_(name) { ::setenv(name, value, 1); }
  variable(const variable&) = delete;
  variable& operator=(const variable&) = delete;
  ~variable() { ::unsetenv(name_); }

 private:
  const char* name_;
};

}  // namespace logrelay::support
