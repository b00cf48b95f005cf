#pragma once
#include <cstdint>
#include <mutex>
#include <string>

namespace parlance::http {

/// What clients brought that lies beyond the log's end. A copy of a whole folder that is older than what was acknowledged cannot be told
/// from inside: its log, its sealed mark and its rows agree. Only who was answered since then knows better, so it is remembered for the
/// operator, until the process ends. Threads: any.
class LossBook {
 public:
  struct Told {
    std::uint64_t positions = 0;  ///< anybody who may ask can make one up
    std::uint64_t cursors = 0;    ///< under this keyring's key: they were given out
    std::string first{};          ///< what the first of them asked for, and what there is
  };
  void position(const std::string& detail) { note(&Told::positions, detail); }
  void cursor(const std::string& detail) { note(&Told::cursors, detail); }
  [[nodiscard]] Told told() const {
    const std::lock_guard lock(mutex_);
    return told_;
  }

 private:
  void note(std::uint64_t Told::*which, const std::string& detail) {
    const std::lock_guard lock(mutex_);
    ++(told_.*which);
    // What was signed says more than what was not.
    const bool first_cursor = which == &Told::cursors && told_.cursors == 1;
    if (told_.first.empty() || first_cursor) told_.first = detail;
  }
  mutable std::mutex mutex_;  ///< guards what follows
  Told told_;
};

}  // namespace parlance::http
