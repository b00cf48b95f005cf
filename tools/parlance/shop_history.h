#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tools/parlance/demo_shop.h"

namespace parlance::tools::demo {

/// One thing that happens in one conversation.
struct Step {
  enum class What : std::uint8_t {
    arrive,
    route,
    claim,
    reply,
    note,
    tag,
    urgent,
    snooze,
    wait_customer,
    wait_third_party,
    resolve,
    rate,
    timers  ///< what the engine does by itself then, if it still has to
  };
  Instant at;
  std::size_t conversation = 0;
  std::size_t number = 0;   ///< within its conversation, from 1
  std::size_t message = 0;  ///< the number of the customer's last message up to here
  What what = What::arrive;
  std::size_t agent = 0;  ///< of the staff
  std::string text;
  ShopTag tag{};
  Instant until;  ///< of a snooze
  int score = 0;  ///< of a rating, 1 to 5
};

struct HistoryPlan {
  std::uint64_t seed = 1;
  std::size_t conversations = 0;
  Instant begin, end;
};

/// What happens in the shop from `begin` to `end`, in the order of time. The seed alone decides who writes and what; when, follows from
/// the hours of the days before `end` as well. Pure, and the same on every machine. Memory: a few bytes a conversation, and the
/// stories that are going on.
class ShopHistory {
 public:
  /// `staff` outlives it.
  ShopHistory(const HistoryPlan& plan, std::span<const Colleague> staff);
  ~ShopHistory();
  struct Next {
    const Case* told = nullptr;  ///< null: it is over
    const Step* step = nullptr;
  };
  /// Both live until the next call.
  [[nodiscard]] Next next();

 private:
  struct Story;
  [[nodiscard]] std::unique_ptr<Story> open(std::size_t conversation) const;

  HistoryPlan plan_;
  std::span<const Colleague> staff_;
  std::vector<std::pair<Instant, std::uint32_t>> starts_;  // the next one last
  std::vector<std::unique_ptr<Story>> stories_;            // a heap, the next step first
  bool moved_ = false;                                     // the first story's step was given
};

}  // namespace parlance::tools::demo
