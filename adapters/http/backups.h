#pragma once
#include <string>

#include <boost/json.hpp>

#include "engine/base/error.h"

namespace parlance::http {

/// Backups of the server that runs, for the routes that start and show them. Threads: any.
class Backups {
 public:
  virtual ~Backups() = default;
  /// Begins one, in `dir` or, where that is empty, in the server's own place; keeps the newest `keep` alone unless that is 0. `locked`
  /// "backup.running" where one is under way.
  [[nodiscard]] virtual Result<void> start(const std::string& dir, std::size_t keep) = 0;
  /// Of the one under way, or else of the last: state running, done or failed, and more; empty where there was none.
  [[nodiscard]] virtual boost::json::object status() = 0;
};

}  // namespace parlance::http
