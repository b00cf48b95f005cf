#include "adapters/http/rate_limits.h"

#include <algorithm>
#include <cmath>

#include <boost/asio/ip/address.hpp>

namespace parlance::http {
namespace {

constexpr std::int64_t wait_seconds_max = 3600;

}  // namespace

std::string_view to_text(RateLimits::Kind kind) {
  switch (kind) {
    case RateLimits::Kind::session: return "session";
    case RateLimits::Kind::sign_in: return "sign_in";
    case RateLimits::Kind::lookup: return "lookup";
  }
  return "session";
}

RateLimits::Rate RateLimits::rate_of(Kind kind) const {
  switch (kind) {
    case Kind::session: return {options_.session_per_second, options_.session_burst};
    case Kind::sign_in: return {options_.sign_ins_per_minute / 60, options_.sign_ins_per_minute};
    case Kind::lookup: return {options_.lookups_per_minute / 60, options_.lookups_per_minute};
  }
  return {};
}

std::optional<std::int64_t> RateLimits::ask(Kind kind, std::string_view who,
                                            std::chrono::steady_clock::time_point now) {
  const Rate rate = rate_of(kind);
  std::string key(to_text(kind));
  key.append(" ").append(who);
  const std::lock_guard lock(mutex_);
  if (buckets_.size() >= rate_keys_max) forget_idle(now);
  const auto [it, fresh] = buckets_.try_emplace(std::move(key), Bucket{rate.burst, now});
  Bucket& bucket = it->second;
  const double seconds = std::chrono::duration<double>(now - bucket.at).count();
  bucket.left = std::min(rate.burst, bucket.left + seconds * rate.per_second);
  bucket.at = now;
  if (bucket.left >= 1) {
    --bucket.left;
    return std::nullopt;
  }
  ++refused_[static_cast<std::size_t>(kind)];
  if (rate.per_second <= 0) return wait_seconds_max;
  return std::clamp<std::int64_t>(std::llround(std::ceil((1 - bucket.left) / rate.per_second)), 1,
                                  wait_seconds_max);
}

/// Those whose bucket is full again by now. Where all are at their limit, all are forgotten: memory is bounded first.
void RateLimits::forget_idle(std::chrono::steady_clock::time_point now) {
  std::erase_if(buckets_, [&](const auto& one) {
    for (const Kind kind : {Kind::session, Kind::sign_in, Kind::lookup}) {
      if (!one.first.starts_with(to_text(kind))) continue;
      const Rate rate = rate_of(kind);
      const double seconds = std::chrono::duration<double>(now - one.second.at).count();
      return one.second.left + seconds * rate.per_second >= rate.burst;
    }
    return true;
  });
  if (buckets_.size() >= rate_keys_max) buckets_.clear();
}

std::uint64_t RateLimits::refused(Kind kind) const {
  const std::lock_guard lock(mutex_);
  return refused_[static_cast<std::size_t>(kind)];
}

std::string limited_address(std::string_view remote, std::string_view forwarded_for) {
  const auto plain = [](std::string_view text) -> std::optional<boost::asio::ip::address> {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    boost::system::error_code error;
    auto address = boost::asio::ip::make_address(std::string(text.substr(0, 64)), error);
    if (error) return std::nullopt;
    if (address.is_v6() && address.to_v6().is_v4_mapped())
      address = boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6());
    return address;
  };
  const auto of_peer = plain(remote);
  if (of_peer && !of_peer->is_loopback()) return of_peer->to_string();
  const std::size_t comma = forwarded_for.rfind(',');
  const auto said = plain(comma == std::string_view::npos ? forwarded_for : forwarded_for.substr(comma + 1));
  return said && !said->is_loopback() ? said->to_string() : std::string();
}

}  // namespace parlance::http
