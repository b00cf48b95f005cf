#pragma once
#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "engine/domain/vocabulary.h"

/// How much an agent can have to do at once, and how much that is.
namespace parlance {

/// `total` is for all channels together; a channel that is named has a limit of its own within that.
struct Capacity {
  struct OfChannel {
    Channel channel = Channel::none;
    std::uint16_t most = 0;
    bool operator==(const OfChannel&) const = default;
  };
  std::uint16_t total = 8;
  std::vector<OfChannel> channels;  ///< each channel once, ascending
  bool operator==(const Capacity&) const = default;
};
inline constexpr std::uint16_t capacity_max = 500;

/// Conversations counted by their channel.
struct Load {
  std::uint32_t total = 0;
  std::array<std::uint32_t, 16> by_channel{};
  bool operator==(const Load&) const = default;

  void add(Channel channel, std::int32_t count) {
    total += static_cast<std::uint32_t>(count);
    by_channel.at(std::min<std::size_t>(static_cast<std::size_t>(channel), by_channel.size() - 1)) +=
        static_cast<std::uint32_t>(count);
  }
  [[nodiscard]] std::uint32_t of(Channel channel) const {
    return by_channel.at(std::min<std::size_t>(static_cast<std::size_t>(channel), by_channel.size() - 1));
  }
};

/// The tighter of the two limits that hold for one more of `channel`: all together, or of that channel alone.
struct Room {
  std::uint32_t used = 0;
  std::uint32_t most = 0;
  [[nodiscard]] bool any() const { return used < most; }
};
[[nodiscard]] inline Room room_for(Channel channel, const Capacity& capacity, std::uint32_t used_total,
                                   std::uint32_t used_of_channel) {
  Room room{used_total, capacity.total};
  for (const Capacity::OfChannel& limit : capacity.channels) {
    if (limit.channel != channel) continue;
    const Room own{used_of_channel, limit.most};
    const auto left = [](const Room& r) { return static_cast<std::int64_t>(r.most) - r.used; };
    if (left(own) < left(room)) room = own;
  }
  return room;
}

}  // namespace parlance
