#include "tools/parlance/demo_desk.h"

#include <future>

#include "engine/runtime/blind.h"

namespace parlance::tools::demo {

Request request_of(Node& node, Actor actor, Slot slot, std::string_view key, Action action) {
  Request request;
  request.workspace = node.workspace();
  request.slot = slot;
  if (!key.empty()) request.command = command_id(node.engine().keys(), node.workspace(), "demo", key);
  request.actor = actor;
  request.action = std::move(action);
  return request;
}

Request arrival(Node& node, std::string_view key, Arrive arrive) {
  const KeyService& keys = node.engine().keys();
  arrive.store = store_id(keys, node.workspace(), arrive.channel, arrive.account);
  arrive.content.sender_address = arrive.address;
  arrive.language = parse_language(arrive.content.language_tag);
  const Slot slot = slot_of_address(keys, node.workspace(), arrive.channel, arrive.address);
  return request_of(node, {ActorKind::system, {}}, slot, key, std::move(arrive));
}

Result<Shop> set_up_shop(Node& node) {
  std::vector<std::future<Result<Outcome>>> answers;
  const auto ask = [&](std::string key, Action action) {
    auto promise = std::make_shared<std::promise<Result<Outcome>>>();
    answers.push_back(promise->get_future());
    node.engine().submit(
        request_of(node, {ActorKind::system, {}}, node.workspace().slot(), key, std::move(action)),
        [promise](Result<Outcome> result) { promise->set_value(std::move(result)); });
  };
  settings::Policy policy;
  policy.first_response_ms = first_response_ms;
  policy.auto_close_ms = auto_close_ms;
  ask("policy", OnSettings{settings::ChangePolicy{policy}});
  for (const std::string_view name : queue_names())
    ask("queue " + std::string(name), OnDesk{desk::AddQueue{{}, std::string(name)}});
  for (const std::string_view name : tag_names())
    ask("tag " + std::string(name), OnSettings{settings::AddTag{{}, std::string(name)}});
  for (const Colleague& one : colleagues())
    ask("agent " + std::string(one.email),
        OnDesk{desk::AddAgent{{}, one.role, {std::string(one.name), std::string(one.email)}, {}}});

  Shop shop;
  std::vector<RawId> made;
  std::optional<Error> failed;
  for (auto& answer : answers) {
    auto outcome = answer.get();
    if (!outcome)
      failed = outcome.error();
    else
      made.push_back(outcome->made);
  }
  if (failed) return *failed;
  std::size_t i = 1;
  for (std::size_t n = 0; n < queue_names().size(); ++n) shop.queues.push_back(QueueId::from(made[i++]));
  for (std::size_t n = 0; n < tag_names().size(); ++n) shop.tags.push_back(TagId::from(made[i++]));
  for (std::size_t n = 0; n < colleagues().size(); ++n) shop.agents.push_back(AgentId::from(made[i++]));
  return shop;
}

}  // namespace parlance::tools::demo
