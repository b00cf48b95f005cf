#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "adapters/http/api.h"
#include "adapters/http/json.h"
#include "adapters/memory/memory_blobs.h"
#include "adapters/memory/memory_keys.h"
#include "adapters/memory/memory_log.h"
#include "adapters/memory/memory_rows.h"
#include "engine/base/assert.h"
#include "engine/runtime/blind.h"
#include "engine/runtime/files.h"
#include "tests/support/manual_executor.h"
#include "tests/support/seeded_random.h"

/// The routes over the engine, the views and the log, whole and in memory.
namespace parlance::tests {

/// A desk with an agent, a queue, a tag and a customer's message, and the session of an administrator. Threads: one.
class ApiDesk {
 public:
  ApiDesk() {
    engine_.start();
    auto served = Views::open(log_, rows_, {});
    views_ = std::move(*served);
    api_.emplace(http::Api::Parts{
        engine_, log_, *views_, time_, executor_, executor_, [] { return std::vector<http::PageFile>{}; },
        "0", [this](std::function<void()> work) { executor_.post(std::move(work)); }, files_,
        [this](std::function<void()> work) { executor_.post(std::move(work)); }});
    settle();
    const AgentId agent =
        AgentId::from(done(OnDesk{desk::AddAgent{AgentId::from(make_raw_id(begun, workspace_.slot(), {1, 1})),
                                                 Role::admin,
                                                 {"Ann", "ann@example.com"},
                                                 {}}})
                          .made);
    const QueueId queue = QueueId::from(
        done(OnDesk{desk::AddQueue{QueueId::from(make_raw_id(begun, workspace_.slot(), {1, 2})), "post"}})
            .made);
    const TagId tag = TagId::from(make_raw_id(begun, workspace_.slot(), {1, 3}));
    (void)done(OnSettings{settings::AddTag{tag, "late"}});
    Arrive arrive;
    arrive.channel = Channel::email;
    arrive.account = "shop";
    arrive.address = "ada@example.com";
    arrive.store = store_id(keys_, workspace_, arrive.channel, arrive.account);
    arrive.content.text = "where is it?";
    arrive.content.order = "1234";
    arrive.at = begun;
    const Outcome opened = done(arrive, slot_of_address(keys_, workspace_, Channel::email, "ada@example.com"),
                                ActorKind::customer);
    known_ = {{"$cnv", to_text(ConversationId::from(opened.stream.id))},
              {"$msg", to_text(*opened.message)},
              {"$agt", to_text(agent)},
              {"$que", to_text(queue)},
              {"$sub", to_text(opened.subject)},
              {"$tag", to_text(tag)},
              {"$pos", to_text(opened.positions.front())}};
    http::Caller caller;
    caller.workspace = workspace_;
    caller.agent = agent;
    session_ = api_->access().make_session(caller, instant_max);
  }

  /// Words that stand for the ids of what is there, such as "$cnv".
  [[nodiscard]] const std::map<std::string, std::string>& known() const { return known_; }
  [[nodiscard]] Vault& vault() { return vault_; }

  /// The administrator's request, unless it says who asks. Never a fault of our own, and one answer.
  http::HttpResponse answer(http::HttpRequest request) {
    if (!request.has_header("authorization") && !request.has_header("cookie")) {
      request.headers.emplace_back("cookie", std::string(http::session_cookie) + "=" + session_);
      request.headers.emplace_back("parlance-request", "page");
    }
    if (!request.has_header("content-type")) request.headers.emplace_back("content-type", "application/json");
    const bool head = request.method == "HEAD";

    struct Answers {
      std::size_t count = 0;
      http::HttpResponse last;
    };
    const auto answers = std::make_shared<Answers>();
    const http::Respond respond = [answers, head](http::HttpResponse response) {
      ++answers->count;
      PARLANCE_ASSERT(response.status < 500 || response.status == 501 || response.status == 503,
                      "no request is answered with a fault of our own");
      if (response.source)
        for (std::uint64_t left = response.source->size(); left > 0;) {
          const auto piece = response.source->next();
          PARLANCE_ASSERT(piece && !piece->empty() && piece->size() <= left,
                          "a source gives what it promised");
          left -= piece->size();
        }
      if (!head && response.fixed.empty() && !response.source && !response.body.empty() &&
          response.type.find("json") != std::string::npos &&
          response.type.find("jsonl") == std::string::npos && response.body.size() < http::json_bytes_max)
        PARLANCE_ASSERT(!boost::json::parse(response.body).is_null() || response.body == "null",
                        "what is said to be JSON is");
      answers->last = std::move(response);
    };
    if (auto sink = api_->stream(request, [&] { return respond; })) {
      if (*sink != nullptr && request.body.size() <= (*sink)->bytes_max() && (*sink)->take(request.body))
        (*sink)->end();
      sink.reset();
    } else {
      api_->handle(std::move(request), respond);
    }
    for (int i = 0; i < 4 && answers->count == 0; ++i) {
      settle();
      time_.advance(10'000);
    }
    settle();
    PARLANCE_ASSERT(answers->count == 1, "each request is answered once");
    return std::move(answers->last);
  }

 private:
  void settle() {
    for (bool more = true; more;) {
      executor_.run();
      engine_.tick();
      more = executor_.run() > 0;
      const auto applied = views_->apply_available(time_.now());
      PARLANCE_ASSERT(applied.has_value(), "the views apply");
      api_.has_value() ? api_->views_advanced() : void();
      more = *applied > 0;
    }
  }
  Outcome done(Action action, std::optional<Slot> slot = {}, ActorKind by = ActorKind::system) {
    Request request;
    request.workspace = workspace_;
    request.slot = slot.value_or(workspace_.slot());
    request.actor = {by, {}};
    request.action = std::move(action);
    std::optional<Result<Outcome>> out;
    engine_.submit(std::move(request), [&](Result<Outcome> result) { out.emplace(std::move(result)); });
    settle();
    PARLANCE_ASSERT(out && *out, "what the desk begins with is done");
    return **out;
  }

  static constexpr Instant begun{1'764'000'000'000};
  VirtualTime time_{begun};
  MemoryKeys keys_{1};
  MemoryRows rows_;
  MemoryBlobs blobs_{std::make_shared<MemoryBlobStorage>()};
  std::shared_ptr<MemoryLogStorage> storage_ =
      std::make_shared<MemoryLogStorage>(MemoryLogOptions{.id = LogId::from({1, 1}), .partitions = 1});
  MemoryLog log_{storage_};
  MemoryVault vault_{storage_};
  SeededRandom random_{7};
  ManualExecutor executor_{time_};
  WorkspaceId workspace_ = default_workspace(LogId::from({1, 1}));
  Engine engine_{{log_, vault_, keys_, *rows_.open("fold").value(), random_, time_, {&executor_}}};
  Files files_{{blobs_, engine_.door(), vault_, random_, time_}};
  std::unique_ptr<Views> views_;
  std::optional<http::Api> api_;
  std::map<std::string, std::string> known_;
  std::string session_;
};

}  // namespace parlance::tests
