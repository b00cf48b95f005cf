#pragma once
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

/// How often somebody may ask, by what for. Programs (tokens with the scope ingest, import or admin) have no limit.
namespace parlance::http {

struct RateLimitOptions {
  double session_per_second = 50;  ///< requests of one agent's page, once the burst is used up
  double session_burst = 100;
  double sign_ins_per_minute = 5;  ///< of one address that is not of this machine
  double lookups_per_minute = 30;  ///< of people by their address, of one agent
};
/// Whoever asks again within this time is remembered; beyond so many, those with nothing against them are forgotten.
inline constexpr std::size_t rate_keys_max = 100'000;

/// Threads: any.
class RateLimits {
 public:
  enum class Kind : std::uint8_t { session, sign_in, lookup };
  static constexpr std::size_t kinds = 3;
  explicit RateLimits(RateLimitOptions options) : options_(options) {}

  /// None: go on. Else: in so many seconds.
  [[nodiscard]] std::optional<std::int64_t> ask(Kind kind, std::string_view who,
                                                std::chrono::steady_clock::time_point now);
  /// Refused since the start.
  [[nodiscard]] std::uint64_t refused(Kind kind) const;

 private:
  struct Bucket {
    double left = 0;
    std::chrono::steady_clock::time_point at;
  };
  struct Rate {
    double per_second = 0, burst = 0;
  };
  [[nodiscard]] Rate rate_of(Kind kind) const;
  void forget_idle(std::chrono::steady_clock::time_point now);

  const RateLimitOptions options_;
  mutable std::mutex mutex_;  // guards what follows
  std::unordered_map<std::string, Bucket> buckets_;
  std::uint64_t refused_[kinds]{};
};

[[nodiscard]] std::string_view to_text(RateLimits::Kind kind);

/// Whose address counts: the peer's, or, where that is this machine's, what a proxy on it says of its client (the last of
/// X-Forwarded-For). Empty: this machine itself, which has no limit.
[[nodiscard]] std::string limited_address(std::string_view remote, std::string_view forwarded_for);

}  // namespace parlance::http
