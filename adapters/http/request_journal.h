#pragma once
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "adapters/http/message.h"
#include "engine/ports/journal.h"

/// What the journal says of requests. Inside adapters/http only.
///
/// A request that failed by our fault (5xx) or was slow has a line always, any other where the level is debug. A line has the route, the
/// ids in the path, who asked, the status, the problem's code and its trace id. It never has what the client sent: no query, no header, no
/// body, and of a path only what is an id of ours.
namespace parlance::http {

struct Observed;

/// Slower answers have a line.
inline constexpr std::chrono::milliseconds slow_request{1000};
/// Of requests that failed or were slow, so many lines a second at most, after a burst of so many; the next line says how many
/// were left out. What makes every request fail is told once, as a condition.
inline constexpr double request_lines_per_second = 10;
inline constexpr double request_lines_burst = 50;

/// Those of a path's parts that are ids of ours.
[[nodiscard]] std::vector<std::string> ids_among(const std::vector<std::string>& parts);

/// Threads: any.
class RequestJournal {
 public:
  /// `journal` null: nothing is said.
  explicit RequestJournal(Journal* journal) : journal_(journal) {}
  void answered(const Observed& observed, const HttpResponse& response,
                std::chrono::steady_clock::duration took);

 private:
  /// Whether one more line may be written; then `left_out` is how many were not since the last.
  [[nodiscard]] bool may_say(std::uint64_t& left_out);

  Journal* journal_;
  std::mutex mutex_;  // guards what follows
  double lines_ = request_lines_burst;
  std::chrono::steady_clock::time_point filled_ = std::chrono::steady_clock::now();
  std::uint64_t left_out_ = 0;
};

}  // namespace parlance::http
