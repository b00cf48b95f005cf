#pragma once
#include <string_view>
#include <vector>

#include "tools/parlance/demo_shop.h"
#include "tools/parlance/server.h"

/// The shop's desk on a running engine.
namespace parlance::tools::demo {

/// The ids the engine gave.
struct Shop {
  std::vector<AgentId> agents;  ///< in the order of colleagues()
  std::vector<QueueId> queues;  ///< in the order of DeskQueue
  std::vector<TagId> tags;      ///< in the order of ShopTag
  [[nodiscard]] QueueId operator[](DeskQueue queue) const { return queues[static_cast<std::size_t>(queue)]; }
  [[nodiscard]] TagId operator[](ShopTag tag) const { return tags[static_cast<std::size_t>(tag)]; }
};
/// Makes people, queues, tags and promises; may be repeated.
[[nodiscard]] Result<Shop> set_up_shop(Node& node);

/// A request of the demo's; `key` names it, so that it may be repeated; empty: it is not.
[[nodiscard]] Request request_of(Node& node, Actor actor, Slot slot, std::string_view key, Action action);
[[nodiscard]] Request arrival(Node& node, std::string_view key, Arrive arrive);

}  // namespace parlance::tools::demo
