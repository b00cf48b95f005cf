#include "adapters/http/live_core.h"

#include <algorithm>
#include <deque>
#include <map>
#include <mutex>
#include <unordered_map>

namespace parlance::http {
namespace {

constexpr std::size_t subscription_id_bytes_max = 64;
constexpr std::size_t positions_bytes_max = 4096;
constexpr std::int64_t retry_ms_max = 512;
constexpr std::int64_t tick_ms = 1'000;
constexpr std::size_t feed_cache_max = 16;
constexpr std::int64_t cost_share = 20;  ///< a topic takes at most one part in so many of the executor's time

enum class Watching : std::uint8_t { idle = 1, viewing = 2, typing = 3 };
std::string_view to_text(Watching state) {
  switch (state) {
    case Watching::idle: return "idle";
    case Watching::viewing: return "viewing";
    case Watching::typing: break;
  }
  return "typing";
}

std::string quoted(std::string_view text) { return json::serialize(json::string(text)); }

bool reached(const Offsets& at, const Offsets& wanted) {
  for (std::size_t p = 0; p < std::min(at.size(), wanted.size()); ++p)
    if (at[p] < wanted[p]) return false;
  return true;
}

}  // namespace

struct LiveCore::Impl : std::enable_shared_from_this<Impl> {
  struct Client;
  struct Follower;
  struct Subscriber {
    Client* client;
    std::string id;
  };
  /// A topic with those who subscribed to it.
  struct Shared {
    std::shared_ptr<Topic> topic;
    std::vector<Subscriber> subscribers;
    std::optional<Offsets> at;  ///< of its state where that is later than the last round
    std::shared_ptr<const std::string> snapshot;
    std::int64_t snapshot_at = 0;
    std::int64_t refreshed_at = 0;
    std::int64_t cost_ms = 0;  ///< of the last refresh
    bool stale = false;
    bool names_stale = false;
    std::set<ConversationId> viewers_told;  ///< of those it shows
  };
  struct Viewing {
    Watching state = Watching::viewing;
    std::int64_t typed_at = 0;
  };
  struct Client final : StreamHandler, std::enable_shared_from_this<Client> {
    Client(std::shared_ptr<Impl> c, Caller who, Still s)
        : core(std::move(c)), caller(std::move(who)), still(std::move(s)) {}
    void on_open(std::shared_ptr<Stream> opened) override {
      post([opened = std::move(opened)](Impl& impl, const std::shared_ptr<Client>& self) mutable {
        self->stream = std::move(opened);
        impl.opened(self);
      });
    }
    void on_text(std::string text) override {
      post([text = std::move(text)](Impl& impl, const std::shared_ptr<Client>& self) {
        impl.heard(*self, text);
      });
    }
    void on_drained() override {}
    void on_close() override {
      post([](Impl& impl, const std::shared_ptr<Client>& self) { impl.closed(*self); });
    }
    template <class Work> void post(Work work) {
      core->executor.post(
          [self = shared_from_this(), work = std::move(work)]() mutable { work(*self->core, self); });
    }

    const std::shared_ptr<Impl> core;
    Caller caller;
    const Still still;
    // The executor's:
    std::shared_ptr<Stream> stream;  ///< null before it opens and once it is closed
    std::map<std::string, Shared*> subscriptions;
    std::optional<std::string> presence;  ///< the id of the subscription to all presence
    std::vector<StreamPiece> round;
    std::map<ConversationId, Viewing> viewing;
    std::optional<Offsets> resume;  ///< where the subscriptions that follow it at once go on
    std::int64_t resume_at = 0;
    std::optional<Offsets> waits_for;
    std::int64_t waits_until = 0;
    bool gave_up_waiting = false;
    std::deque<std::string> deferred;
    std::int64_t heard_at = 0;
    std::int64_t checked_at = 0;
  };
  struct Follower final : StreamHandler, std::enable_shared_from_this<Follower> {
    Follower(std::shared_ptr<Impl> c, FeedQuery q, std::optional<FeedPlace> from, std::string_view why,
             Still s)
        : core(std::move(c)), query(std::move(q)), place(std::move(from)), reset(why), still(std::move(s)) {}
    void on_open(std::shared_ptr<Stream> opened) override {
      post([opened = std::move(opened)](Impl& impl, const std::shared_ptr<Follower>& self) mutable {
        self->stream = std::move(opened);
        impl.opened(self);
      });
    }
    void on_text(std::string) override {}
    void on_drained() override {
      post([](Impl& impl, const std::shared_ptr<Follower>& self) { impl.pull(*self); });
    }
    void on_close() override {
      post([](Impl& impl, const std::shared_ptr<Follower>& self) { impl.closed(*self); });
    }
    template <class Work> void post(Work work) {
      core->executor.post(
          [self = shared_from_this(), work = std::move(work)]() mutable { work(*self->core, self); });
    }

    const std::shared_ptr<Impl> core;
    const FeedQuery query;
    std::optional<FeedPlace> place;
    const std::string_view reset;
    const Still still;
    std::shared_ptr<Stream> stream;
    std::optional<FeedPlace> told;  ///< the last place sent
    std::int64_t sent_at = 0;
    std::int64_t checked_at = 0;
  };
  struct FeedText {
    FeedQuery query;
    FeedPlace from, to;
    Offsets until;
    std::shared_ptr<const std::string> text;
  };

  Impl(Ports ports, LiveLimits l)
      : source(std::move(ports.source)), executor(ports.executor), clock(ports.clock), limits(l) {}

  // ---- following the log ----

  /// Nobody was there: what happened meanwhile is told to nobody.
  void first_client() {
    seen = until = published = source->reach().next;
    changed.clear();
    all_changed = false;
    dirty_viewers.clear();
    published_text = std::make_shared<const std::string>(source->cursor({published, 0, 0}));
  }

  void pump() {
    if (clients.empty() && followers.empty()) return;
    if (catch_up()) post_pump();
    for (const auto& follower : std::vector(followers.begin(), followers.end())) pull(*follower.second);
    if (!clients.empty() && seen != published) want_round();
  }
  void post_pump() {
    if (pump_posted.exchange(true)) return;
    executor.post([weak = weak_from_this()] {
      const auto self = weak.lock();
      if (!self) return;
      self->pump_posted = false;
      self->pump();
    });
  }

  /// Gathers what changed, in a bounded piece. True: there is more to read.
  bool catch_up() {
    const LiveSource::Reach reach = source->reach();
    until = reach.next;
    if (reach.more_soon) {
      executor.after(retry_ms, [weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->post_pump();
      });
      retry_ms = std::min(retry_ms * 2, retry_ms_max);
    } else {
      retry_ms = 1;
    }
    if (clients.empty()) {
      seen = until;
      return false;
    }
    Offset behind = 0;
    for (std::size_t p = 0; p < seen.size(); ++p) behind += until[p] - std::min(seen[p], until[p]);
    if (behind == 0) return false;
    retry_ms = 1;
    if (behind > limits.jump_records) return everything_changed(), false;
    std::size_t left = limits.records_a_turn;
    for (std::size_t p = 0; p < seen.size() && left != 0; ++p) {
      if (seen[p] >= until[p]) continue;
      const Offset from = seen[p];
      const auto next =
          source->changes(static_cast<PartitionId>(p), from, until[p], left,
                          [&](WorkspaceId workspace, const StreamId& stream) { note(workspace, stream); });
      // What cannot be read here cannot be told apart: every topic is looked at again, and says itself what is wrong.
      if (!next) return everything_changed(), false;
      seen[p] = *next;
      left -= std::min<std::size_t>(left, static_cast<std::size_t>(*next - from));
    }
    return !reached(seen, until);
  }
  void everything_changed() {
    seen = until;
    all_changed = true;
  }
  void note(WorkspaceId workspace, const StreamId& stream) {
    Changes& of = changed[workspace];
    if (stream.category == Category::conversation) {
      if (of.conversations.size() >= limits.changed_max)
        of.everything = true;
      else
        of.conversations.insert(ConversationId::from(stream.id));
    } else if (stream.category == Category::settings || stream.category == Category::desk ||
               stream.category == Category::adoption) {
      // Presence, offers and load are none of them: they change all day long, and rename nobody.
      of.names = true;
    }
  }

  // ---- rounds ----

  [[nodiscard]] std::int64_t now() const { return clock.boot_ms(); }

  void want_round() {
    if (round_wanted) return;
    round_wanted = true;
    const std::int64_t wait = last_round + limits.round_ms - now();
    const auto run = [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->round();
    };
    if (wait <= 0)
      executor.post(run);
    else
      executor.after(wait, run);
  }

  void round() {
    round_wanted = false;
    if (clients.empty()) return;
    if (catch_up()) post_pump();
    source->forget_texts();
    const Offsets at = seen;
    const auto text = std::make_shared<const std::string>(source->cursor({at, 0, 0}));
    bool left_stale = false;
    for (auto& [key, shared] : topics) {
      mark(*shared);
      if (!shared->stale) continue;
      // What takes long to work out may not take up all the time there is.
      if (now() - shared->refreshed_at < std::max(shared->topic->pause_ms(), shared->cost_ms * cost_share)) {
        left_stale = true;
        continue;
      }
      refresh(*shared, at);
    }
    for (auto& [key, shared] : topics) shared->at.reset();
    tell_viewers();
    changed.clear();
    all_changed = false;
    source->round_over();
    // A client that has only some of a round's messages goes on from the round before.
    for (auto& [number, client] : clients) {
      for (std::size_t i = 0; i < client->round.size(); ++i) {
        if (i + 1 == client->round.size()) client->round[i].resume = text;
        send(*client, std::move(client->round[i]));
      }
      client->round.clear();
    }
    published = at;
    published_text = text;
    last_round = now();
    rounds.fetch_add(1, std::memory_order_relaxed);
    if (left_stale) want_round();
    go_on_with_deferred();
  }

  void mark(Shared& shared) {
    const auto it = changed.find(shared.topic->workspace());
    const Changes* changes = it == changed.end() ? nullptr : &it->second;
    const bool names = all_changed || (changes != nullptr && changes->names);
    shared.names_stale = shared.names_stale || names;
    shared.stale = shared.stale || all_changed || (changes != nullptr && shared.topic->concerns(*changes)) ||
                   (shared.topic->depends_on_time() && now() - shared.refreshed_at >= limits.timed_ms);
  }

  void refresh(Shared& shared, const Offsets& at) {
    const std::int64_t begun = now();
    auto refreshed = shared.topic->refresh(at, shared.names_stale);
    shared.refreshed_at = now();
    shared.cost_ms = shared.refreshed_at - begun;
    if (!refreshed)
      return;  // it stays stale and is tried again with the next change, or when time has passed
    shared.stale = shared.names_stale = false;
    if (refreshed->told == Topic::Told::nothing) return;
    shared.snapshot.reset();
    if (refreshed->told == Topic::Told::change) {
      for (Topic::Part& part : refreshed->parts) {
        const std::string cursor = cursor_of(part, at);
        const auto body = std::make_shared<const std::string>(std::move(part.data));
        for (const Subscriber& s : shared.subscribers)
          s.client->round.push_back(framed("change", s.id, cursor, body));
      }
    } else {
      const std::string cursor = source->cursor({at, 0, 0});
      for (const Subscriber& s : shared.subscribers) {
        s.client->round.push_back(reset_frame(s.id, refreshed->why));
        if (auto frame = snapshot_frame(shared, s.id, cursor)) s.client->round.push_back(std::move(*frame));
      }
    }
  }

  [[nodiscard]] std::string cursor_of(const Topic::Part& part, Offsets at) const {
    if (part.before) at[part.before->first] = part.before->second;
    return source->cursor({std::move(at), 0, 0});
  }

  static StreamPiece framed(std::string_view op, const std::string& id, const std::string& cursor,
                            std::shared_ptr<const std::string> body) {
    StreamPiece piece;
    piece.head.reserve(64 + id.size() + cursor.size());
    piece.head += "{\"op\":\"";
    piece.head += op;
    piece.head += "\",\"id\":" + quoted(id) + ",\"cursor\":\"" + cursor + "\",\"data\":";
    piece.body = std::move(body);
    piece.tail = "}";
    return piece;
  }
  static StreamPiece reset_frame(const std::optional<std::string>& id, std::string_view why) {
    StreamPiece piece;
    piece.head =
        "{\"op\":\"reset\",\"id\":" + (id ? quoted(*id) : "null") + ",\"reason\":" + quoted(why) + "}";
    return piece;
  }
  std::optional<StreamPiece> snapshot_frame(Shared& shared, const std::string& id,
                                            const std::string& cursor) {
    if (!shared.snapshot || now() - shared.snapshot_at >= limits.snapshot_ms) {
      auto text = shared.topic->snapshot();
      if (!text) return error_frame(id, text.error().rule, text.error().detail, {});
      shared.snapshot = std::make_shared<const std::string>(std::move(*text));
      shared.snapshot_at = now();
    }
    return framed("snapshot", id, cursor, shared.snapshot);
  }

  void send(Client& client, StreamPiece piece) {
    if (!client.stream) return;
    sent.fetch_add(1, std::memory_order_relaxed);
    if (!piece.resume) piece.resume = published_text;
    client.stream->send(std::move(piece));
  }

  // ---- clients ----

  void opened(const std::shared_ptr<Client>& client) {
    const std::uint64_t number = ++last_number;
    clients.emplace(number, client);
    client_count = clients.size();
    if (clients.size() == 1) first_client();
    if (!ticking) tick_later();
    client->heard_at = client->checked_at = now();
  }

  void closed(Client& client) {
    if (!client.stream) return;  // it never opened
    client.stream.reset();
    while (!client.subscriptions.empty()) drop(client, client.subscriptions.begin()->first);
    for (const auto& [conversation, viewing] : client.viewing)
      dirty_viewers[client.caller.workspace].insert(conversation);
    client.viewing.clear();
    std::erase_if(clients, [&](const auto& entry) { return entry.second.get() == &client; });
    client_count = clients.size();
    if (!dirty_viewers.empty()) want_round();
  }

  StreamPiece error_frame(const std::optional<std::string>& id, std::string_view code,
                          std::string_view detail, const std::vector<Fault>& faults) {
    json::array errors;
    for (const Fault& fault : faults)
      errors.push_back(
          json::object{{"pointer", fault.pointer}, {"code", fault.code}, {"detail", fault.detail}});
    StreamPiece piece;
    piece.head = json::serialize(json::object{{"op", "error"},
                                              {"id", id ? json::value(*id) : json::value(nullptr)},
                                              {"code", code},
                                              {"detail", detail},
                                              {"errors", std::move(errors)}});
    return piece;
  }
  void fail(Client& client, const std::optional<std::string>& id, const Error& error) {
    send(client, error_frame(id, error.rule, error.detail, {}));
  }
  void fail(Client& client, const std::optional<std::string>& id, const std::vector<Fault>& faults) {
    send(client, error_frame(id, faults.front().code, "the message has faults: see errors", faults));
  }

  void heard(Client& client, const std::string& text) {
    if (!client.stream) return;
    client.heard_at = now();
    if (client.waits_for) {
      if (client.deferred.size() >= limits.deferred_max)
        return client.stream->close(close_code::policy, "too many messages");
      client.deferred.push_back(text);
      return;
    }
    auto message = parse_json(text);
    if (!message) return client.stream->close(close_code::bad_payload, message.error().detail.substr(0, 120));
    std::vector<Fault> faults;
    Fields fields(*message, "", faults);
    if (!faults.empty()) return fail(client, std::nullopt, faults);
    const std::string op = fields.text("op", 40, true);
    if (!faults.empty()) return fail(client, std::nullopt, faults);
    // It is meant for the subscriptions that follow: what is opened later has no past here.
    if (op != "subscribe" || now() - client.resume_at >= limits.resume_ms) client.resume.reset();
    if (op == "subscribe") return subscribe(client, fields, faults, text);
    if (op == "unsubscribe") return unsubscribe(client, fields, faults);
    if (op == "resume") return resume(client, fields, faults);
    if (op == "viewing") return view(client, fields, faults);
    if (op == "ping") {
      fields.finish();
      if (!faults.empty()) return fail(client, std::nullopt, faults);
      StreamPiece pong;
      pong.head = "{\"op\":\"pong\"}";
      return send(client, std::move(pong));
    }
    fail(client, std::nullopt,
         invalid("live.unknown_op", "op is subscribe, unsubscribe, resume, viewing or ping"));
  }

  void subscribe(Client& client, Fields& fields, std::vector<Fault>& faults, const std::string& message) {
    const std::string id = fields.text("id", subscription_id_bytes_max, true);
    const std::string what = fields.text("what", 40, true);
    std::optional<std::string> cursor;
    if (fields.has("cursor")) cursor = fields.text("cursor", 2048, true);
    std::optional<Offsets> at_least;
    if (fields.has("at_least")) {
      auto wanted = source->read_at_least(fields.text("at_least", positions_bytes_max, true));
      if (wanted)
        at_least = std::move(*wanted);
      else
        fields.fault("at_least", wanted.error().rule, wanted.error().detail);
    }
    const std::optional<std::string> named = id.empty() ? std::nullopt : std::optional(id);
    if (!faults.empty()) return fail(client, named, faults);
    if (client.subscriptions.contains(id) || client.presence == id)
      return fail(client, id, invalid("live.id_taken", "a subscription has that id; unsubscribe it first"));
    if (client.subscriptions.size() + (client.presence ? 1 : 0) >= limits.subscriptions_max)
      return fail(client, id,
                  {Errc::overloaded, "live.too_many_subscriptions",
                   "at most " + std::to_string(limits.subscriptions_max) + " subscriptions a connection"});
    // As with a cursor: the whole message again, once the views are there. What is asked for may not be there before.
    if (at_least && !reached(published, *at_least)) {
      if (!client.gave_up_waiting) return wait_for(client, *at_least, message);
      return fail(client, id, unavailable("view_behind", "the views have not applied that yet; ask again"));
    }
    if (what == "presence") return subscribe_to_presence(client, id, fields, faults);
    auto topic = source->topic(client.caller, what, fields, faults);
    if (topic && faults.empty()) fields.finish();
    if (!faults.empty()) return fail(client, id, faults);
    if (!topic) return fail(client, id, topic.error());

    std::optional<Offsets> from = client.resume;
    bool lost = false;
    if (cursor) {
      auto place = source->read_cursor(*cursor);
      from = place ? std::optional(place->next) : std::nullopt;
      if (from && !reached(published, *from)) {
        // The whole message again, once the views are there.
        if (!client.gave_up_waiting) return wait_for(client, *from, message);
        from.reset();
      }
      lost = !from;
    }
    Shared* shared = share(client, id, std::move(*topic));
    if (shared == nullptr) return;
    shared->subscribers.push_back({&client, id});
    client.subscriptions.emplace(id, shared);
    subscription_count.fetch_add(1, std::memory_order_relaxed);
    introduce(client, *shared, id, from, lost);
  }

  /// The topic of that key, refreshed where it is new; null where that failed, which the client is told.
  Shared* share(Client& client, const std::string& id, std::shared_ptr<Topic> topic) {
    const auto known = topics.find(topic->key());
    if (known != topics.end()) return known->second.get();
    (void)catch_up_whole();
    auto refreshed = topic->refresh(seen, false);
    if (!refreshed) {
      fail(client, id, refreshed.error());
      return nullptr;
    }
    auto shared = std::make_unique<Shared>();
    shared->topic = std::move(topic);
    shared->refreshed_at = now();
    if (seen != published) {
      shared->at = seen;
      want_round();
    }
    const std::string key = shared->topic->key();
    topic_count.fetch_add(1, std::memory_order_relaxed);
    return topics.emplace(key, std::move(shared)).first->second.get();
  }
  /// Reads up to what is applied now, but no further than one turn's records.
  bool catch_up_whole() {
    const bool more = catch_up();
    if (more) post_pump();
    return !more;
  }

  void introduce(Client& client, Shared& shared, const std::string& id, const std::optional<Offsets>& from,
                 bool lost) {
    const Offsets& at = shared.at ? *shared.at : published;
    if (from && shared.topic->resumes()) {
      auto since = shared.topic->since(*from);
      if (since && *since) {
        for (Topic::Part& part : **since)
          send(client, framed("change", id, cursor_of(part, at),
                              std::make_shared<const std::string>(std::move(part.data))));
        return tell_viewers_of(client, shared);
      }
      send(client, reset_frame(id, "too_much_changed"));
    } else if (lost) {
      send(client, reset_frame(id, "cursor.unknown"));
    }
    const std::string cursor = shared.at ? source->cursor({at, 0, 0}) : *published_text;
    if (auto frame = snapshot_frame(shared, id, cursor)) send(client, std::move(*frame));
    tell_viewers_of(client, shared);
  }

  void unsubscribe(Client& client, Fields& fields, std::vector<Fault>& faults) {
    const std::string id = fields.text("id", subscription_id_bytes_max, true);
    fields.finish();
    if (!faults.empty()) return fail(client, std::nullopt, faults);
    if (client.presence == id) {
      client.presence.reset();
      return;
    }
    if (!client.subscriptions.contains(id))
      return fail(client, id,
                  Error{Errc::not_found, "live.no_such_subscription", "no subscription has that id"});
    drop(client, id);
  }
  void drop(Client& client, std::string id) {
    const auto it = client.subscriptions.find(id);
    Shared* shared = it->second;
    client.subscriptions.erase(it);
    subscription_count.fetch_sub(1, std::memory_order_relaxed);
    std::erase_if(shared->subscribers,
                  [&](const Subscriber& s) { return s.client == &client && s.id == id; });
    if (!shared->subscribers.empty()) return;
    topic_count.fetch_sub(1, std::memory_order_relaxed);
    topics.erase(std::string(shared->topic->key()));
  }

  void resume(Client& client, Fields& fields, std::vector<Fault>& faults) {
    const std::string cursor = fields.text("cursor", 2048, true);
    fields.finish();
    if (!faults.empty()) return fail(client, std::nullopt, faults);
    auto place = source->read_cursor(cursor);
    if (!place) {
      client.resume.reset();
      return send(client, reset_frame(std::nullopt, place.error().rule));
    }
    client.resume = place->next;
    client.resume_at = now();
    if (!reached(published, place->next) && !client.gave_up_waiting)
      wait_for(client, place->next, std::nullopt);
  }
  /// What a client had seen may not be applied again yet after a restart: until it is, its messages wait.
  void wait_for(Client& client, Offsets offsets, std::optional<std::string> first) {
    client.waits_for = std::move(offsets);
    client.waits_until = now() + limits.resume_ms;
    if (first) client.deferred.push_front(std::move(*first));
    want_round();
    post_pump();
  }
  void go_on_with_deferred() {
    for (const auto& [number, client] : clients) {
      if (!client->waits_for) continue;
      const bool there = reached(published, *client->waits_for);
      if (!there && now() < client->waits_until) continue;
      client->waits_for.reset();
      client->resume_at = now();
      client->gave_up_waiting = !there;
      if (!there) {
        client->resume.reset();
        send(*client, reset_frame(std::nullopt, "views_behind"));
      }
      auto deferred = std::exchange(client->deferred, {});
      for (const std::string& text : deferred) heard(*client, text);
      client->gave_up_waiting = false;
    }
  }

  // ---- presence ----

  void view(Client& client, Fields& fields, std::vector<Fault>& faults) {
    const auto conversation = parse_id<ConversationId>(fields.text("conversation", 40, true));
    if (!conversation && faults.empty())
      fields.fault("conversation", conversation.error().rule, conversation.error().detail);
    const std::string state = fields.text("state", 20, true);
    const bool left = state == "left";
    Watching as = Watching::viewing;
    if (state == "idle")
      as = Watching::idle;
    else if (state == "typing")
      as = Watching::typing;
    else if (!left && state != "viewing" && !state.empty())
      fields.fault("state", "unknown_state", "viewing, idle, typing or left");
    fields.finish();
    if (!faults.empty()) return fail(client, std::nullopt, faults);
    if (!client.caller.agent)
      return fail(client, std::nullopt, refused("agent.required", "this token speaks for no agent"));
    const auto it = client.viewing.find(*conversation);
    if (left) {
      if (it == client.viewing.end()) return;
      client.viewing.erase(it);
      return viewers_changed(client.caller.workspace, *conversation);
    }
    if (it != client.viewing.end()) {
      const bool same = it->second.state == as;
      it->second = {as, now()};
      if (!same) viewers_changed(client.caller.workspace, *conversation);
      return;
    }
    if (client.viewing.size() >= limits.viewed_max)
      return fail(client, std::nullopt,
                  {Errc::overloaded, "live.too_many_viewed",
                   "at most " + std::to_string(limits.viewed_max) + " conversations at a time"});
    const auto exists = source->exists(client.caller.workspace, *conversation);
    if (!exists) return fail(client, std::nullopt, exists.error());
    if (!*exists)
      return fail(client, std::nullopt,
                  Error{Errc::not_found, "conversation.not_found", "no conversation of that id"});
    client.viewing.emplace(*conversation, Viewing{as, now()});
    viewers_changed(client.caller.workspace, *conversation);
  }
  void viewers_changed(WorkspaceId workspace, ConversationId conversation) {
    dirty_viewers[workspace].insert(conversation);
    want_round();
  }

  /// By agent, the strongest of what their connections do.
  [[nodiscard]] std::map<AgentId, Watching> viewers_of(WorkspaceId workspace,
                                                       ConversationId conversation) const {
    std::map<AgentId, Watching> out;
    for (const auto& [number, client] : clients) {
      if (client->caller.workspace != workspace) continue;
      const auto it = client->viewing.find(conversation);
      if (it == client->viewing.end()) continue;
      Watching& state = out[client->caller.agent];
      state = std::max(state, it->second.state);
    }
    return out;
  }
  json::array viewers_json(WorkspaceId workspace, ConversationId conversation) {
    json::array out;
    for (const auto& [agent, state] : viewers_of(workspace, conversation))
      out.push_back(json::object{{"agent", source->agent(workspace, agent)}, {"state", to_text(state)}});
    return out;
  }
  std::shared_ptr<const std::string> viewers_body(WorkspaceId workspace, ConversationId conversation) {
    return std::make_shared<const std::string>(
        json::serialize(json::object{{"op", "viewers"},
                                     {"conversation", parlance::to_text(conversation)},
                                     {"data", viewers_json(workspace, conversation)}}));
  }
  static StreamPiece whole(std::shared_ptr<const std::string> body) {
    StreamPiece piece;
    piece.body = std::move(body);
    return piece;
  }
  [[nodiscard]] std::set<ConversationId> viewed_in(WorkspaceId workspace) const {
    std::set<ConversationId> out;
    for (const auto& [number, client] : clients)
      if (client->caller.workspace == workspace)
        for (const auto& [conversation, viewing] : client->viewing) out.insert(conversation);
    return out;
  }

  static bool cares(const Client& client, ConversationId conversation) {
    if (client.presence || client.viewing.contains(conversation)) return true;
    return std::ranges::any_of(client.subscriptions,
                               [&](const auto& s) { return s.second->topic->shows(conversation); });
  }

  void tell_viewers() {
    const auto dirty = std::exchange(dirty_viewers, {});
    for (const auto& [workspace, conversations] : dirty)
      for (const ConversationId conversation : conversations) {
        std::shared_ptr<const std::string> body;
        for (auto& [number, client] : clients) {
          if (client->caller.workspace != workspace || !cares(*client, conversation)) continue;
          if (!body) body = viewers_body(workspace, conversation);
          client->round.push_back(whole(body));
        }
      }
    // A conversation that came into a list brings its viewers along.
    std::map<WorkspaceId, std::set<ConversationId>> viewed;
    for (auto& [key, shared] : topics) {
      const WorkspaceId workspace = shared->topic->workspace();
      auto it = viewed.find(workspace);
      if (it == viewed.end()) it = viewed.emplace(workspace, viewed_in(workspace)).first;
      std::erase_if(shared->viewers_told, [&](ConversationId c) { return !shared->topic->shows(c); });
      for (const ConversationId conversation : it->second) {
        if (shared->viewers_told.contains(conversation) || !shared->topic->shows(conversation)) continue;
        shared->viewers_told.insert(conversation);
        const auto known = dirty.find(workspace);
        if (known != dirty.end() && known->second.contains(conversation)) continue;
        const auto body = viewers_body(workspace, conversation);
        for (const Subscriber& s : shared->subscribers) s.client->round.push_back(whole(body));
      }
    }
  }
  void tell_viewers_of(Client& client, Shared& shared) {
    for (const ConversationId conversation : viewed_in(client.caller.workspace))
      if (shared.topic->shows(conversation))
        send(client, whole(viewers_body(client.caller.workspace, conversation)));
  }

  void subscribe_to_presence(Client& client, const std::string& id, Fields& fields,
                             std::vector<Fault>& faults) {
    fields.finish();
    if (!faults.empty()) return fail(client, id, faults);
    if (client.presence)
      return fail(client, id, invalid("live.id_taken", "one subscription to presence a connection"));
    client.presence = id;
    json::array data;
    for (const ConversationId conversation : viewed_in(client.caller.workspace))
      data.push_back(json::object{{"conversation", parlance::to_text(conversation)},
                                  {"data", viewers_json(client.caller.workspace, conversation)}});
    send(client, framed("snapshot", id, *published_text,
                        std::make_shared<const std::string>(
                            json::serialize(json::object{{"data", std::move(data)}}))));
  }

  // ---- the feed's followers ----

  void opened(const std::shared_ptr<Follower>& follower) {
    followers.emplace(++last_number, follower);
    follower_count = followers.size();
    if (!ticking) tick_later();
    until = source->reach().next;
    follower->sent_at = follower->checked_at = now();
    StreamPiece first;
    first.head = "retry: 2000\n\n";
    if (!follower->place) {
      follower->place = FeedPlace{until, 0, 0};
      const std::string cursor = source->cursor(*follower->place);
      // Its `id` alone already tells a reader of the end where to go on.
      if (follower->reset.empty())
        first.head += "id: " + cursor + "\n\n";
      else
        first.head += "event: reset\nid: " + cursor +
                      "\ndata: " + json::serialize(json::object{{"reason", follower->reset}}) + "\n\n";
    }
    follower->told = follower->place;
    follower->stream->send(std::move(first));
    pull(*follower);
  }
  void closed(Follower& follower) {
    follower.stream.reset();
    std::erase_if(followers, [&](const auto& entry) { return entry.second.get() == &follower; });
    follower_count = followers.size();
  }

  /// One more piece, where the reader keeps up. When it is written the follower asks again.
  void pull(Follower& follower) {
    if (!follower.stream || reached(follower.place->next, until)) return;
    if (follower.stream->waiting_bytes() >= limits.feed_ahead_bytes) return;
    const FeedPlace before = *follower.place;
    const auto text = feed_text(follower);
    if (!text) {
      // The log cannot be read there: nothing may be left out in silence.
      return follower.stream->close(close_code::try_again_later, {});
    }
    if (!text->empty()) {
      follower.sent_at = now();
      follower.told = follower.place;
      StreamPiece piece;
      piece.body = text;
      follower.stream->send(std::move(piece));
    }
    if (*follower.place != before && !reached(follower.place->next, until))
      executor.post([weak = follower.weak_from_this()] {
        if (const auto self = weak.lock()) self->core->pull(*self);
      });
  }
  /// Those who follow the same from the same place share the text. Null on an error.
  std::shared_ptr<const std::string> feed_text(Follower& follower) {
    for (const FeedText& known : feed_cache)
      if (known.from == *follower.place && known.query == follower.query && known.until == until) {
        follower.place = known.to;
        return known.text;
      }
    FeedText made{follower.query, *follower.place, *follower.place, until, nullptr};
    auto text = source->feed(follower.query, made.to, until, limits.feed_events_a_piece);
    if (!text) return nullptr;
    made.text = std::make_shared<const std::string>(std::move(*text));
    follower.place = made.to;
    feed_cache.push_back(made);
    if (feed_cache.size() > feed_cache_max) feed_cache.pop_front();
    return made.text;
  }

  // ---- what time brings ----

  void tick_later() {
    ticking = true;
    executor.after(tick_ms, [weak = weak_from_this()] {
      const auto self = weak.lock();
      if (!self) return;
      self->ticking = false;
      self->tick();
    });
  }
  void tick() {
    feed_cache.clear();
    if (clients.empty() && followers.empty()) return;
    tick_later();
    // Opened texts stay in memory for about a second: who was erased meanwhile is not shown to those who come later.
    source->forget_texts();
    for (auto& [key, shared] : topics)
      if (now() - shared->snapshot_at >= limits.snapshot_ms) shared->snapshot.reset();
    for (const auto& [number, client] : clients) {
      expire_presence(*client);
      if (!check(*client)) client->stream->close(close_code::policy, "unauthorized");
    }
    for (const auto& [number, follower] : followers) {
      if (!check(*follower)) {
        follower->stream->close(close_code::policy, {});
        continue;
      }
      if (now() - follower->sent_at < limits.heartbeat_ms) continue;
      follower->sent_at = now();
      StreamPiece beat;
      beat.head = ": \n\n";
      // What was passed over counts as read.
      if (follower->told != follower->place) beat.head = "id: " + source->cursor(*follower->place) + "\n\n";
      follower->told = follower->place;
      follower->stream->send(std::move(beat));
    }
    const bool timed = std::ranges::any_of(topics, [&](const auto& entry) {
      const Shared& shared = *entry.second;
      return shared.stale ||
             (shared.topic->depends_on_time() && now() - shared.refreshed_at >= limits.timed_ms);
    });
    const bool waiting =
        std::ranges::any_of(clients, [](const auto& entry) { return entry.second->waits_for.has_value(); });
    if (timed || waiting) want_round();
  }
  void expire_presence(Client& client) {
    const bool silent = now() - client.heard_at >= limits.presence_ms;
    for (auto it = client.viewing.begin(); it != client.viewing.end();) {
      Viewing& viewing = it->second;
      if (silent) {
        viewers_changed(client.caller.workspace, it->first);
        it = client.viewing.erase(it);
        continue;
      }
      if (viewing.state == Watching::typing && now() - viewing.typed_at >= limits.presence_ms) {
        viewing.state = Watching::viewing;
        viewers_changed(client.caller.workspace, it->first);
      }
      ++it;
    }
  }
  template <class Peer> bool check(Peer& peer) {
    if (now() - peer.checked_at < limits.recheck_ms) return true;
    peer.checked_at = now();
    return peer.still().has_value();
  }

  const std::shared_ptr<LiveSource> source;
  Executor& executor;
  const Clock& clock;
  const LiveLimits limits;
  std::atomic<bool> pump_posted{false};
  std::atomic<std::size_t> client_count{0}, follower_count{0}, subscription_count{0}, topic_count{0};
  std::atomic<std::uint64_t> rounds{0}, sent{0};

  // The executor's:
  std::map<std::uint64_t, std::shared_ptr<Client>> clients;
  std::map<std::uint64_t, std::shared_ptr<Follower>> followers;
  std::uint64_t last_number = 0;
  std::unordered_map<std::string, std::unique_ptr<Shared>> topics;
  Offsets seen;       ///< what changed before is in `changed`, or told
  Offsets until;      ///< what is applied, as last asked
  Offsets published;  ///< the last round's
  std::shared_ptr<const std::string> published_text = std::make_shared<const std::string>();
  std::map<WorkspaceId, Changes> changed;
  bool all_changed = false;
  std::map<WorkspaceId, std::set<ConversationId>> dirty_viewers;
  bool round_wanted = false;
  bool ticking = false;
  std::int64_t last_round = 0;
  std::int64_t retry_ms = 1;
  std::deque<FeedText> feed_cache;
};

LiveCore::LiveCore(Ports ports, LiveLimits limits)
    : impl_(std::make_shared<Impl>(std::move(ports), limits)) {}
LiveCore::~LiveCore() {
  // They hold one another; the executor runs no more.
  impl_->topics.clear();
  impl_->clients.clear();
  impl_->followers.clear();
}

void LiveCore::advanced() {
  if (impl_->client_count != 0 || impl_->follower_count != 0) impl_->post_pump();
}
bool LiveCore::has_room() const {
  return impl_->client_count + impl_->follower_count < impl_->limits.clients_max;
}
std::shared_ptr<StreamHandler> LiveCore::client(Caller caller, Still still) {
  return std::make_shared<Impl::Client>(impl_, std::move(caller), std::move(still));
}
std::shared_ptr<StreamHandler> LiveCore::follower(FeedQuery query, std::optional<FeedPlace> from,
                                                  std::string_view reset, Still still) {
  return std::make_shared<Impl::Follower>(impl_, std::move(query), std::move(from), reset, std::move(still));
}
LiveFigures LiveCore::figures() const {
  return {impl_->client_count, impl_->follower_count, impl_->subscription_count,
          impl_->topic_count,  impl_->rounds,         impl_->sent};
}

}  // namespace parlance::http
