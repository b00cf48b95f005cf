#pragma once
#include <memory>
#include <string>

namespace parlance::tools {

/// What a service manager is told (sd_notify). Where none asked to be told, nothing happens. Threads: any.
void tell_ready(const std::string& status);
void tell_stopping();

/// While it lives, the manager gives the start more time: reading a long log is not a start that hangs.
class Starting {
 public:
  explicit Starting(const std::string& status);
  ~Starting();
  Starting(const Starting&) = delete;
  Starting& operator=(const Starting&) = delete;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace parlance::tools
