// Any requests at all, of an administrator who is signed in, to the routes over the engine, the views and the log, whole and in memory:
// each is answered once, and never with a fault of our own.
//
// An input is requests one after the other, each ended by a line "%%" or the end: a line "METHOD TARGET", lines "name: value", an
// empty line, the body. $cnv, $msg, $agt, $que, $sub, $tag and $pos stand for ids and a position that are there.
#include <algorithm>
#include <map>

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

using namespace parlance;
using parlance::tests::ManualExecutor;
using parlance::tests::SeededRandom;
using parlance::tests::VirtualTime;

namespace {

constexpr std::size_t requests_max = 6;
constexpr Instant begin{1'764'000'000'000};

class Desk {
 public:
  Desk() {
    engine_.start();
    auto served = Views::open(log_, rows_, {});
    views_ = std::move(*served);
    api_.emplace(http::Api::Parts{
        engine_, log_, *views_, time_, executor_, executor_, [] { return std::vector<http::PageFile>{}; },
        "0", [this](std::function<void()> work) { executor_.post(std::move(work)); }, files_,
        [this](std::function<void()> work) { executor_.post(std::move(work)); }});
    settle();
    const AgentId agent =
        AgentId::from(done(OnDesk{desk::AddAgent{AgentId::from(make_raw_id(begin, workspace_.slot(), {1, 1})),
                                                 Role::admin,
                                                 {"Ann", "ann@example.com"},
                                                 {}}})
                          .made);
    const QueueId queue = QueueId::from(
        done(OnDesk{desk::AddQueue{QueueId::from(make_raw_id(begin, workspace_.slot(), {1, 2})), "post"}})
            .made);
    const TagId tag = TagId::from(make_raw_id(begin, workspace_.slot(), {1, 3}));
    (void)done(OnSettings{settings::AddTag{tag, "late"}});
    Arrive arrive;
    arrive.channel = Channel::email;
    arrive.account = "shop";
    arrive.address = "ada@example.com";
    arrive.store = store_id(keys_, workspace_, arrive.channel, arrive.account);
    arrive.content.text = "where is it?";
    arrive.content.order = "1234";
    arrive.at = begin;
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

  /// One request; whether it was a request.
  void ask(std::string_view text) {
    std::string whole(text);
    for (const auto& [name, id] : known_)
      for (std::size_t at = whole.find(name); at != std::string::npos; at = whole.find(name, at + id.size()))
        whole.replace(at, name.size(), id);
    std::string_view rest = whole;
    http::HttpRequest request;
    const std::string_view first = line_of(rest);
    const std::size_t blank = std::min(first.find(' '), first.size());
    request.method = first.substr(0, blank);
    // The server takes a method's characters alone for one.
    const bool is_method = std::ranges::all_of(request.method, [](char c) { return c >= 'A' && c <= 'Z'; });
    if (!is_method || request.method.empty()) return;
    if (!http::parse_target(first.substr(std::min(blank + 1, first.size())), request)) return;
    for (std::string_view line = line_of(rest); !line.empty(); line = line_of(rest)) {
      const std::size_t colon = line.find(": ");
      if (colon == std::string_view::npos) continue;
      std::string name(line.substr(0, colon));
      for (char& c : name)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
      request.headers.emplace_back(std::move(name), line.substr(colon + 2));
    }
    if (!request.has_header("authorization") && !request.has_header("cookie")) {
      request.headers.emplace_back("cookie", std::string(http::session_cookie) + "=" + session_);
      request.headers.emplace_back("parlance-request", "page");
    }
    if (!request.has_header("content-type")) request.headers.emplace_back("content-type", "application/json");
    request.body = rest;
    const bool head = request.method == "HEAD";

    const auto answers = std::make_shared<std::size_t>(0);
    const http::Respond respond = [answers, head](http::HttpResponse response) {
      ++*answers;
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
    };
    if (auto sink = api_->stream(request, [&] { return respond; })) {
      if (*sink != nullptr && request.body.size() <= (*sink)->bytes_max() && (*sink)->take(request.body))
        (*sink)->end();
      sink.reset();
    } else {
      api_->handle(std::move(request), respond);
    }
    for (int i = 0; i < 4 && *answers == 0; ++i) {
      settle();
      time_.advance(10'000);
    }
    settle();
    PARLANCE_ASSERT(*answers == 1, "each request is answered once");
  }
  void ask_all(std::string_view input) {
    for (std::size_t n = 0; n < requests_max && !input.empty(); ++n) {
      const std::size_t end = input.find("\n%%\n");
      ask(input.substr(0, std::min(end, input.size())));
      if (end == std::string_view::npos) return;
      input.remove_prefix(end + 4);
    }
  }

 private:
  static std::string_view line_of(std::string_view& rest) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return line;
  }
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

  VirtualTime time_{begin};
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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 50'000) return 0;
  Desk().ask_all(parlance::as_text({data, size}));
  return 0;
}
