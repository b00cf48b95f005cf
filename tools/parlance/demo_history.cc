#include "tools/parlance/demo_history.h"

#include <algorithm>
#include <condition_variable>
#include <future>
#include <map>
#include <mutex>

#include "tools/parlance/import_line.h"
#include "tools/parlance/progress.h"
#include "tools/parlance/shop_lines.h"

namespace parlance::tools::demo {
namespace {

/// The answers that are still out, and which conversation each story became.
class Answers {
 public:
  explicit Answers(std::size_t conversations) : conversations_(conversations) {}

  http::Respond expect(std::size_t conversation, bool message) {
    {
      const std::lock_guard lock(mutex_);
      ++conversations_[conversation].out;
    }
    return [this, conversation, message](const http::HttpResponse& response) {
      json::error_code ignored;
      const json::value body = json::parse(response.body, ignored);
      const auto* id = message && body.is_object() ? body.get_object().if_contains("conversation") : nullptr;
      const auto known = id != nullptr && id->is_string()
                             ? parse_id<ConversationId>(std::string_view(id->get_string()))
                             : Result<ConversationId>(not_opened());
      const std::lock_guard lock(mutex_);
      Told& told = conversations_[conversation];
      --told.out;
      if (known) told.id = *known;
      // Two customers may have got the same address by chance; then a story may end before its last act.
      if (response.status >= 400 && response.status != 409 && !failed_)
        failed_ = unavailable("demo.refused", response.body);
      changed_.notify_all();
    };
  }
  /// Waits until all that was asked of the conversation is durable.
  Result<ConversationId> settle(std::size_t conversation) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return conversations_[conversation].out == 0; });
    return known(conversation);
  }
  /// Waits only where nobody can know its id yet.
  Result<ConversationId> find(std::size_t conversation) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock,
                  [&] { return conversations_[conversation].id || conversations_[conversation].out == 0; });
    return known(conversation);
  }
  Result<void> settle_all() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] {
      return std::ranges::all_of(conversations_, [](const Told& told) { return told.out == 0; });
    });
    if (failed_) return *failed_;
    return {};
  }

 private:
  struct Told {
    std::optional<ConversationId> id;
    std::size_t out = 0;
  };
  static Error not_opened() {
    return unavailable("demo.no_conversation", "a conversation of the history was never opened");
  }
  Result<ConversationId> known(std::size_t conversation) const {
    if (failed_) return *failed_;
    if (!conversations_[conversation].id) return not_opened();
    return *conversations_[conversation].id;
  }
  std::mutex mutex_;  // guards all below
  std::condition_variable changed_;
  std::vector<Told> conversations_;
  std::optional<Error> failed_;
};

/// Returns when every owner has decided what it was given so far, though perhaps nothing of it is durable.
void wait_until_decided(Node& node) {
  std::promise<void> done;
  node.engine().status([&](const std::vector<OwnerStatus>&) { done.set_value(); });
  done.get_future().wait();
}

/// What lines call the desk's own things.
std::map<std::string, std::string> names_of(const Shop& shop) {
  std::map<std::string, std::string> out;
  for (std::size_t i = 0; i < colleagues().size(); ++i)
    out.emplace("n" + name_of(colleagues()[i]), to_text(shop.agents[i]));
  for (std::size_t i = 0; i < queue_names().size(); ++i)
    out.emplace("n" + name_of(static_cast<DeskQueue>(i)), to_text(shop.queues[i]));
  return out;
}

}  // namespace

Result<void> write_history(Node& node, DemoClock& clock, const Shop& shop, const HistoryPlan& plan) {
  std::uint64_t total = 0;
  for (ShopHistory counted(plan, colleagues()); counted.next().step != nullptr;) ++total;
  ShopHistory history(plan, colleagues());
  Answers answers(plan.conversations);
  Progress progress("writing the shop's history", "acts", total);
  std::map<std::string, std::string> names = names_of(shop);
  http::Caller program;
  program.workspace = node.workspace();
  program.actor = {ActorKind::program, {}};
  program.role = Role::admin;
  program.scopes = Scope::agent | Scope::ingest | Scope::import | Scope::admin;
  std::uint64_t done = 0;
  for (auto next = history.next(); next.step != nullptr; next = history.next()) {
    const Step& step = *next.step;
    progress.at(++done);
    if (step.what == Step::What::timers) {
      // Timers are read from what is durable.
      if (auto settled = answers.settle(step.conversation); !settled) return settled.error();
      clock.set(step.at);
      node.engine().tick();
      wait_until_decided(node);
      continue;
    }
    if (!has_line(step.what)) continue;
    ImportLine line;
    if (read_import_line(line_of(next, plan.seed, colleagues()), line))
      return corrupt("demo.line", "a line of the shop's own is none");
    if (step.what != Step::What::arrive) {
      auto id = answers.find(step.conversation);
      if (!id) return id.error();
      for (const std::string& thing : line.touches)
        if (thing.starts_with("nc" + std::to_string(step.conversation)))
          names.insert_or_assign(thing, to_text(*id));
    }
    const bool named = replace_names(
        line,
        [](void* known, const std::string& called, std::string_view) -> std::optional<std::string> {
          const auto& all = *static_cast<const std::map<std::string, std::string>*>(known);
          const auto it = all.find(called);
          return it == all.end() ? std::nullopt : std::optional(it->second);
        },
        &names);
    if (!named) return corrupt("demo.line", "a line of the shop's own names nobody");
    clock.set(step.at);
    node.api().post(program, {line.path, line.key, line.as, {}, std::move(line.body)},
                    answers.expect(step.conversation, step.what == Step::What::arrive));
    wait_until_decided(node);
  }
  return answers.settle_all();
}

}  // namespace parlance::tools::demo
