#pragma once
#include <string>
#include <utility>
#include <vector>

#include "engine/ports/key_service.h"
#include "tests/simulation/ledger.h"
#include "tests/simulation/plan.h"
#include "tests/support/seeded_random.h"
#include "tools/parlance/shop_history.h"

namespace parlance::simulation {

/// Who is offered what.
using Offers = std::vector<std::pair<AgentId, ConversationId>>;

/// What a run's clients ask for: each command is invented from the seed and from what they were told, and entered in the ledger.
///
/// Not asked for, because the engine asks itself and does so in these runs: ReceiveForwarded, CreateSubject, LinkAddress, OnAdoption,
/// conversation::Tick, and of routing Follow, ExpireOffers, RefuseAssign and Review.
class Clients {
 public:
  /// How many orders messages name, and their numbers.
  static constexpr std::size_t orders = 5;
  [[nodiscard]] static std::string order(std::size_t n) { return "needle-order-" + std::to_string(n); }

  Clients(const Plan& plan, Ledger& ledger, tests::SeededRandom& random, const KeyService& keys,
          WorkspaceId workspace, Instant begin);

  /// What is done next, by the plan's weights; what cannot be done yet has become something that leads there.
  [[nodiscard]] Feature next();
  /// Not Feature::erasure. `offers` is wanted for accept and decline; where it is empty an agent comes online instead.
  Intent& invent(Feature feature, Instant now, const Offers& offers);
  /// The command that ends what the run must not leave open; null where nothing is.
  Intent* end_import();
  void learn(const Intent& intent, const Outcome& outcome);

 private:
  Intent& add(Feature feature, Request request, std::string text, bool keyed = true);
  [[nodiscard]] bool chance(std::size_t one_in) { return random_.one_in(one_in); }
  [[nodiscard]] std::string shop_text(bool customers);
  [[nodiscard]] std::string address(std::size_t n) const;
  [[nodiscard]] ConversationId some_conversation();
  template <class Command> Request on(ConversationId id, Command command);
  [[nodiscard]] Request of_workspace(Action action) const;
  template <class Draw> [[nodiscard]] auto one_of(const std::vector<Draw>& all) {
    return all[random_.below(all.size())];
  }
  template <class Draw> [[nodiscard]] Draw one_or_none(const std::vector<Draw>& all) {
    return all.empty() ? Draw{} : one_of(all);
  }
  [[nodiscard]] RawId fresh_id();
  Request message(Feature feature, const std::string& text, std::optional<std::size_t>& in_reply_to);
  Request outgoing(const std::string& text);
  template <class Arriving> Slot from_outside(Arriving& action, const std::string& text);
  Request conversation_work(Feature feature, const std::string& text, bool& keyed);
  Request words(const std::string& text);
  Request saved_view(const std::string& text);
  Request desk();
  Request desk_change(const std::string& text);
  Request import(const std::string& text, std::optional<std::size_t>& in_reply_to);
  [[nodiscard]] QueueRule rule();

  const Plan& plan_;
  Ledger& ledger_;
  tests::SeededRandom& random_;
  const KeyService& keys_;
  WorkspaceId workspace_;
  tools::demo::ShopHistory shop_;  ///< what people write
  Instant now_;
  Instant imported_until_;  ///< the time of the last line
  // What there is, as far as clients were told, or have made up themselves.
  std::vector<AgentId> agents_;
  std::vector<TagId> tags_;
  std::vector<QueueId> queues_;
  std::vector<SkillId> skills_;
  std::vector<TeamId> teams_;
  std::vector<TokenId> tokens_;
  std::vector<TypeId> types_;
  std::vector<std::pair<FieldId, FieldKind>> fields_;
  std::vector<std::pair<SubStateId, conversation::Phase>> sub_states_;
  std::vector<std::pair<ViewId, AgentId>> views_;
  std::vector<ConversationId> imported_;
  bool importing_ = false;
  std::map<ConversationId, Version> versions_;  ///< as last answered
};

}  // namespace parlance::simulation
