#pragma once
#include <chrono>
#include <cstdint>
#include <string>

namespace parlance::tools {

/// Tells on stderr how far long work has come, never on stdout: on a terminal a bar with rate and time left, drawn at most ten
/// times a second and wiped at the end; otherwise one line each five seconds, so short work says nothing. Threads: one.
class Progress {
 public:
  /// `unit` is what `total` counts, such as "records". `quiet`: says nothing at all.
  Progress(std::string doing, std::string unit, std::uint64_t total, bool quiet = false);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// The total is known better now.
  void set_total(std::uint64_t total) { total_ = total; }
  /// `done` of the total are done. Cheap enough for each record.
  void at(std::uint64_t done) {
    if (done >= next_look_) look(done);
  }

 private:
  using SteadyClock = std::chrono::steady_clock;
  void look(std::uint64_t done);
  void wipe();

  std::string doing_, unit_;
  std::uint64_t total_;
  bool terminal_;
  SteadyClock::time_point start_ = SteadyClock::now(), told_ = start_, looked_ = start_;
  std::uint64_t next_look_ = 1, looked_at_ = 0;
  bool drawn_ = false;
};

}  // namespace parlance::tools
