#include "adapters/http/live_views.h"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include "adapters/http/list_query.h"
#include "adapters/http/positions.h"
#include "adapters/http/render.h"

namespace parlance::http {
namespace {

constexpr std::size_t items_max = 200;  ///< of one change of a conversation
constexpr std::size_t snapshot_items = 50;
constexpr Version read_at_once = 10;
constexpr std::size_t items_bytes_max = 512 * 1024;  ///< of one message, unless a single item is larger
constexpr std::size_t counts_max = 50;
constexpr std::size_t named_changes_max =
    200;  ///< more changed conversations than that are not looked at one by one
constexpr std::int64_t figures_pause_ms = 250;
constexpr std::size_t feed_records = 5'000;

/// What topics render with. Everything is read in the name of who subscribed first: whoever shares a topic has the same role in the
/// same workspace, and so may see the same.
struct View {
  Context& context;
  Call call;
  View(Context& c, const Caller& caller)
      : context(c), call(std::make_shared<Exchange>(Exchange{c, nullptr, {}, {}, caller, {}, nullptr})) {}
  [[nodiscard]] const Exchange& exchange() const { return *call; }
  [[nodiscard]] Views& views() const { return context.parts.views; }
  [[nodiscard]] Engine& engine() const { return context.parts.engine; }
  [[nodiscard]] WorkspaceId workspace() const { return call->caller.workspace; }
};

/// Tickets and their texts, looked up and rendered once a round for all topics.
class RoundTickets {
 public:
  explicit RoundTickets(Context& context) : context_(context) {}
  /// Null where there is none, or it cannot be read now.
  const Ticket* ticket(WorkspaceId workspace, ConversationId id) {
    const auto it = tickets_.find(id);
    if (it != tickets_.end())
      return it->second && it->second->workspace == workspace ? &*it->second : nullptr;
    auto read = context_.parts.views.ticket(workspace, id);
    const auto& kept = tickets_.emplace(id, read ? std::move(*read) : std::nullopt).first->second;
    return kept ? &*kept : nullptr;
  }
  const std::string& text(const View& view, const Ticket& ticket) {
    auto& known = texts_[{ticket.id, view.call->caller.role}];
    if (known.second.empty() || known.first != ticket)
      known = {ticket, json::serialize(ticket_json(view.exchange(), ticket))};
    return known.second;
  }
  void forget() {
    tickets_.clear();
    texts_.clear();
  }
  /// Something is shown of it that its ticket does not hold, such as who drafts an answer.
  void redraw(ConversationId id) { redrawn_.insert(id); }
  [[nodiscard]] bool redrawn(ConversationId id) const { return redrawn_.contains(id); }
  void round_over() {
    forget();
    redrawn_.clear();
  }

 private:
  Context& context_;
  std::unordered_map<ConversationId, std::optional<Ticket>> tickets_;
  std::map<std::pair<ConversationId, Role>, std::pair<Ticket, std::string>> texts_;
  std::set<ConversationId> redrawn_;
};

std::string key_of(std::string_view what, const Caller& caller, std::string_view rest) {
  return std::string(what) + " " + to_text(caller.workspace) + " " + std::string(to_text(caller.role)) + " " +
         std::string(rest);
}

json::array ids_json(const std::vector<ConversationId>& ids) {
  json::array out;
  out.reserve(ids.size());
  for (const ConversationId id : ids) out.push_back(json::string(to_text(id)));
  return out;
}

// ---- a list ----

class ListTopic final : public Topic {
 public:
  ListTopic(Context& context, RoundTickets& tickets, const Caller& caller, ListQuery query,
            const std::string& about)
      : view_(context, caller),
        tickets_(tickets),
        query_(std::move(query)),
        key_(key_of("list", caller, about)) {}

  const std::string& key() const override { return key_; }
  WorkspaceId workspace() const override { return view_.workspace(); }
  bool shows(ConversationId id) const override { return shown_.contains(id); }

  bool concerns(const Changes& changes) const override {
    if (changes.everything || changes.names || changes.conversations.size() > named_changes_max)
      return changes.any();
    return std::ranges::any_of(changes.conversations, [&](ConversationId id) {
      if (shown_.contains(id)) return true;
      const Ticket* ticket = tickets_.ticket(workspace(), id);
      return ticket == nullptr || passes(query_, *ticket, view_.call->now());
    });
  }

  bool depends_on_time() const override { return http::depends_on_time(query_); }

  Result<Refreshed> refresh(const Offsets&, bool names_changed) override {
    query_.now = view_.call->now();
    query_.time = view_.call->time_limit();
    auto found = view_.views().list(query_);
    if (!found) return found.error();
    std::vector<ConversationId> order;
    std::unordered_map<ConversationId, Ticket> shown;
    std::vector<const Ticket*> different;
    for (Ticket& ticket : found->tickets) {
      order.push_back(ticket.id);
      const auto before = shown_.find(ticket.id);
      const bool same = before != shown_.end() && before->second == ticket && !names_changed &&
                        !tickets_.redrawn(ticket.id);
      const auto& kept = shown.emplace(ticket.id, std::move(ticket)).first->second;
      if (!same) different.push_back(&kept);
    }
    std::vector<ConversationId> gone;
    for (const ConversationId id : order_)
      if (!shown.contains(id)) gone.push_back(id);
    const bool more = found->next.has_value();
    Refreshed out;
    if (!different.empty() || !gone.empty() || order != order_ || more != more_) {
      out.told = Told::change;
      out.parts.push_back({data(different, gone, order, more), std::nullopt});
    }
    order_ = std::move(order);
    shown_ = std::move(shown);
    more_ = more;
    return out;
  }

  Result<std::string> snapshot() const override {
    std::vector<const Ticket*> all;
    all.reserve(order_.size());
    for (const ConversationId id : order_) all.push_back(&shown_.at(id));
    return data(all, {}, order_, more_);
  }

 private:
  [[nodiscard]] std::string data(const std::vector<const Ticket*>& upserts,
                                 const std::vector<ConversationId>& removes,
                                 const std::vector<ConversationId>& order, bool more) const {
    std::string out = "{\"upserts\":[";
    for (std::size_t i = 0; i < upserts.size(); ++i) {
      if (i != 0) out += ',';
      out += tickets_.text(view_, *upserts[i]);
    }
    out += "],\"removes\":" + json::serialize(ids_json(removes)) +
           ",\"order\":" + json::serialize(ids_json(order)) + ",\"has_more\":" + (more ? "true" : "false") +
           "}";
    return out;
  }

  View view_;
  RoundTickets& tickets_;
  ListQuery query_;
  std::string key_;
  std::vector<ConversationId> order_;
  std::unordered_map<ConversationId, Ticket> shown_;
  bool more_ = false;
};

// ---- a conversation ----

class ConversationTopic final : public Topic {
 public:
  ConversationTopic(Context& context, RoundTickets& tickets, const Caller& caller, ConversationId id)
      : view_(context, caller),
        tickets_(tickets),
        id_(id),
        stream_{Category::conversation, id},
        partition_(context.parts.engine.partition_of(id.slot())),
        // Whole, a ticket says what its reader may undo: so each agent has a topic of their own.
        key_(key_of("conversation", caller, to_text(id) + " " + to_text(caller.agent))) {}

  const std::string& key() const override { return key_; }
  WorkspaceId workspace() const override { return view_.workspace(); }
  bool shows(ConversationId id) const override { return id == id_; }
  bool resumes() const override { return true; }
  bool concerns(const Changes& changes) const override {
    return changes.everything || changes.names || changes.conversations.contains(id_);
  }

  Result<Refreshed> refresh(const Offsets& at, bool names_changed) override {
    auto ticket = view_.views().ticket(workspace(), id_);
    if (!ticket) return ticket.error();
    if (!*ticket) return Error{Errc::not_found, "conversation.not_found", "no conversation of that id"};
    // Only what lies before `at`: what a cursor says was told is told, and nothing else.
    const auto version = version_at(last_ + 1, at);
    if (!version) return version.error();
    Refreshed out;
    const Version before = std::exchange(last_, *version);
    if (!started_) {
      started_ = true;
      ticket_ = std::move(**ticket);
      return out;
    }
    const bool same_ticket = ticket_ == **ticket && !tickets_.redrawn(id_);
    ticket_ = std::move(**ticket);
    if (last_ == before && same_ticket && !names_changed) return out;
    auto parts = this->parts(before + 1, last_);
    if (!parts) return parts.error();
    if (!*parts) {
      out.told = Told::reset;
      out.why = "too_much_changed";
    } else {
      out.told = Told::change;
      out.parts = std::move(**parts);
    }
    return out;
  }

  Result<std::string> snapshot() const override {
    // The last ones that fit; what came before them is read from the timeline.
    std::vector<std::string> texts;
    std::size_t bytes = 0;
    Version from = last_ + 1;
    while (from > 1 && texts.size() < snapshot_items && bytes <= items_bytes_max) {
      const auto events = read(from > read_at_once ? from - read_at_once : 1, from - 1);
      if (!events) return events.error();
      for (auto it = events->rbegin(); it != events->rend() && texts.size() < snapshot_items; ++it) {
        std::string text = json::serialize(timeline_item_json(view_.exchange(), *it));
        bytes += text.size();
        if (!texts.empty() && bytes > items_bytes_max) break;
        texts.push_back(std::move(text));
        from = it->event.version;
      }
      if (events->empty()) break;
    }
    std::ranges::reverse(texts);
    return data(joined(texts), from > 1);
  }

  Result<std::optional<std::vector<Part>>> since(const Offsets& from) const override {
    Version low = 1, high = last_ + 1;  // the first version at or after `from`
    while (low < high) {
      const Version middle = low + (high - low) / 2;
      const auto entry = view_.engine().history(stream_, middle, 1);
      if (!entry) return entry.error();
      if (entry->empty()) return std::nullopt;
      if (entry->front().offset >= from[partition_])
        high = middle;
      else
        low = middle + 1;
    }
    return parts(low, last_);
  }

 private:
  /// The last version before `at`, given that all before `from` are.
  [[nodiscard]] Result<Version> version_at(Version from, const Offsets& at) const {
    Version version = from - 1;
    while (true) {
      const auto entries = view_.engine().history(stream_, version + 1, items_max);
      if (!entries) return entries.error();
      for (const history::Entry& entry : *entries) {
        if (entry.offset >= at[partition_]) return version;
        version = entry.version;
      }
      if (entries->size() < items_max) return version;
    }
  }
  [[nodiscard]] Result<std::vector<RecordedEvent>> read(Version from, Version to) const {
    if (from > to) return std::vector<RecordedEvent>{};
    auto entries = view_.engine().history(stream_, from, static_cast<std::size_t>(to - from + 1));
    if (!entries) return entries.error();
    return view_.engine().events(stream_, *entries);
  }
  /// What is told of these versions, none where they are too many: in messages of a bounded size, but for one item that is larger.
  [[nodiscard]] Result<std::optional<std::vector<Part>>> parts(Version from, Version to) const {
    if (to >= from && to - from + 1 > items_max) return std::nullopt;
    auto events = read(from, to);
    if (!events) return events.error();
    std::vector<Part> out;
    std::vector<std::string> texts;
    std::size_t bytes = 0, all_bytes = 0;
    for (std::size_t i = 0; i < events->size(); ++i) {
      const RecordedEvent& event = (*events)[i];
      // A place lies between two records: what is of one record stays together.
      const bool begins = i != 0 && event.position != (*events)[i - 1].position;
      if (begins && bytes > items_bytes_max) {
        out.push_back({data(joined(texts), std::nullopt), std::pair(partition_, event.position.offset)});
        texts.clear();
        bytes = 0;
      }
      texts.push_back(json::serialize(timeline_item_json(view_.exchange(), event)));
      bytes += texts.back().size();
      all_bytes += texts.back().size();
      // More than a stream holds: whoever needs it takes the end, and the rest from the timeline.
      if (i != 0 && all_bytes > stream_waiting_bytes_max) return std::nullopt;
    }
    out.push_back({data(joined(texts), std::nullopt), std::nullopt});
    return out;
  }
  static std::string joined(const std::vector<std::string>& texts) {
    std::string out = "[";
    for (std::size_t i = 0; i < texts.size(); ++i) {
      if (i != 0) out += ',';
      out += texts[i];
    }
    return out + "]";
  }
  [[nodiscard]] std::string data(const std::string& items, std::optional<bool> earlier) const {
    std::string out =
        "{\"ticket\":" + json::serialize(ticket_json(view_.exchange(), ticket_, TicketDetail::whole)) +
        ",\"items\":" + items;
    if (earlier) out += std::string(",\"earlier\":") + (*earlier ? "true" : "false");
    return out + "}";
  }

  View view_;
  RoundTickets& tickets_;
  const ConversationId id_;
  const StreamId stream_;
  const PartitionId partition_;
  std::string key_;
  bool started_ = false;
  Version last_ = 0;  ///< told
  Ticket ticket_;
};

// ---- figures ----

/// Named values of which those that differ are told.
class FiguresTopic : public Topic {
 public:
  using Values = std::vector<std::pair<std::string, std::string>>;  ///< name, and JSON
  FiguresTopic(Context& context, const Caller& caller, std::string key)
      : view_(context, caller), key_(std::move(key)) {}
  const std::string& key() const override { return key_; }
  WorkspaceId workspace() const override { return view_.workspace(); }
  bool shows(ConversationId) const override { return false; }
  bool concerns(const Changes& changes) const override { return changes.any(); }
  bool depends_on_time() const override { return true; }
  std::int64_t pause_ms() const override { return figures_pause_ms; }

  Result<Refreshed> refresh(const Offsets&, bool) override {
    auto values = compute();
    if (!values) return values.error();
    Values different;
    for (const auto& [name, value] : *values) {
      const auto before = std::ranges::find(values_, name, &Values::value_type::first);
      if (before == values_.end() || before->second != value) different.emplace_back(name, value);
    }
    values_ = std::move(*values);
    Refreshed out;
    if (different.empty()) return out;
    out.told = Told::change;
    out.parts.push_back({render(different), std::nullopt});
    return out;
  }
  Result<std::string> snapshot() const override { return render(values_); }

 protected:
  [[nodiscard]] virtual Result<Values> compute() const = 0;
  [[nodiscard]] virtual std::string render(const Values& values) const = 0;
  View view_;

 private:
  std::string key_;
  Values values_;
};

class CountsTopic final : public FiguresTopic {
 public:
  CountsTopic(Context& context, const Caller& caller, std::vector<std::pair<std::string, ListQuery>> queries,
              const std::string& about)
      : FiguresTopic(context, caller, key_of("counts", caller, about)), queries_(std::move(queries)) {}

 protected:
  Result<Values> compute() const override {
    Values out;
    for (const auto& [name, query] : queries_) {
      ListQuery now = query;
      now.now = view_.call->now();
      now.time = view_.call->time_limit();
      const auto count = view_.views().count(now);
      if (!count) return count.error();
      out.emplace_back(name, std::to_string(count->count));
    }
    return out;
  }
  std::string render(const Values& values) const override {
    std::string out = "{";
    for (const auto& [name, value] : values)
      out += (out.size() > 1 ? "," : "") + json::serialize(json::string(name)) + ":" + value;
    return out + "}";
  }

 private:
  std::vector<std::pair<std::string, ListQuery>> queries_;
};

class QueuesTopic final : public FiguresTopic {
 public:
  QueuesTopic(Context& context, const Caller& caller)
      : FiguresTopic(context, caller, key_of("queues", caller, "")) {}

 protected:
  Result<Values> compute() const override {
    const auto queues = queues_json(view_.call);
    if (!queues) return queues.error();
    Values out;
    for (const json::value& queue : *queues)
      out.emplace_back(std::string(queue.at("id").as_string()), json::serialize(queue));
    return out;
  }
  std::string render(const Values& values) const override {
    std::string out = "{\"data\":[";
    for (std::size_t i = 0; i < values.size(); ++i) out += (i != 0 ? "," : "") + values[i].second;
    return out + "]}";
  }
};

// ---- the source ----

class LiveViews final : public LiveSource {
 public:
  LiveViews(Context& context, const Feed& feed) : context_(context), feed_(feed), tickets_(context) {}

  Reach reach() override {
    Reach reach = feed_.reach(known_);
    known_ = reach.next;
    return reach;
  }

  Result<Offset> changes(PartitionId partition, Offset from, Offset until, std::size_t records_max,
                         const std::function<void(WorkspaceId, const StreamId&)>& sink) override {
    const EventLog& log = context_.parts.log;
    const auto limit = static_cast<std::size_t>(std::min<Offset>(records_max, until - from));
    std::optional<Error> failed;
    // A record that does not count is looked at all the same: nothing comes of a look too many.
    auto next = log.read(partition, from, limit, [&](const StoredRecord& record) {
      auto parsed = parse_record(log.id(), record.bytes);
      if (!parsed || !*parsed || (*parsed)->frame.kind != RecordKind::envelope) return true;
      const auto envelope = decode_envelope((*parsed)->body);
      if (!envelope) {
        failed = envelope.error();
        return false;
      }
      for (const StreamEvent& event : envelope->events) {
        const auto* drafted = std::get_if<draft::Event>(&event.body);
        if (drafted == nullptr) {
          sink(envelope->workspace, event.stream);
          continue;
        }
        const ConversationId drafted_in = std::visit([](const auto& e) { return e.conversation; }, *drafted);
        tickets_.redraw(drafted_in);
        sink(envelope->workspace, {Category::conversation, drafted_in});
      }
      return true;
    });
    if (failed) return *failed;
    if (next && *next == from) return corrupt("log.no_record", "the log gave no record where one is");
    return next;
  }

  std::string cursor(const FeedPlace& place) const override { return feed_.cursor(place); }
  Result<FeedPlace> read_cursor(std::string_view text) const override { return feed_.read_cursor(text); }
  Result<Offsets> read_at_least(std::string_view positions) const override {
    const EventLog& log = context_.parts.log;
    auto read = read_positions(log, positions);
    if (!read && read.error().code == Errc::loss) context_.losses.position(read.error().detail);
    if (!read) return read.error();
    Offsets out(log.partitions());
    for (const Position& p : *read)
      out[p.partition] = std::max(out[p.partition], p.offset + (p.offset == ~Offset{0} ? 0 : 1));
    return out;
  }

  Result<std::shared_ptr<Topic>> topic(const Caller& caller, std::string_view what, Fields& fields,
                                       std::vector<Fault>& faults) override {
    if (what == "list") {
      std::string about;
      ListQuery query = read_list_query(context_, caller, fields, about);
      return std::make_shared<ListTopic>(context_, tickets_, caller, std::move(query), about);
    }
    if (what == "conversation") {
      const auto id = parse_id<ConversationId>(fields.text("conversation", 40, true));
      if (!id) {
        fields.fault("conversation", id.error().rule, id.error().detail);
        return std::shared_ptr<Topic>{};
      }
      return std::make_shared<ConversationTopic>(context_, tickets_, caller, *id);
    }
    if (what == "counts") return counts(caller, fields, faults);
    if (what == "queues") return std::make_shared<QueuesTopic>(context_, caller);
    fields.fault("what", "live.unknown_topic", "list, conversation, counts, queues or presence");
    return std::shared_ptr<Topic>{};
  }

  Result<bool> exists(WorkspaceId workspace, ConversationId conversation) override {
    const auto stream = context_.parts.engine.stream({Category::conversation, conversation});
    if (!stream) return stream.error();
    return *stream && (*stream)->first == workspace;
  }
  json::value agent(WorkspaceId workspace, AgentId agent) override {
    Caller nobody;
    nobody.workspace = workspace;
    return agent_json(View(context_, nobody).exchange(), agent);
  }
  Result<std::string> feed(const FeedQuery& query, FeedPlace& place, const Offsets& until,
                           std::size_t events_max) override {
    std::string out;
    auto read = feed_.read(query, place, until, events_max, feed_records,
                           [&](const Feed::Item& item, const FeedPlace& behind) {
                             const std::string id = feed_.cursor(behind);
                             const json::object event = Feed::json_of(item, id);
                             out += "event: " + std::string(event.at("type").as_string()) + "\nid: " + id +
                                    "\ndata: " + json::serialize(event) + "\n\n";
                           });
    if (!read) return read.error();
    return out;
  }
  void forget_texts() override { tickets_.forget(); }
  void round_over() override { tickets_.round_over(); }

 private:
  Result<std::shared_ptr<Topic>> counts(const Caller& caller, Fields& fields, std::vector<Fault>& faults) {
    const json::array* views = fields.array("views", counts_max);
    if (views == nullptr) {
      if (!fields.has("views")) fields.fault("views", "required", "a list of {name, q}");
      return std::shared_ptr<Topic>{};
    }
    std::vector<std::pair<std::string, ListQuery>> queries;
    std::string about;
    for (std::size_t i = 0; i < views->size(); ++i) {
      Fields one((*views)[i], "/views/" + std::to_string(i), faults);
      const std::string name = one.text("name", 200, true);
      ListQuery query = read_count_query(context_, caller, one, about);
      one.finish();
      if (std::ranges::find(queries, name, &decltype(queries)::value_type::first) != queries.end())
        one.fault("name", "twice", "each name stands once");
      queries.emplace_back(name, std::move(query));
      about += "\n" + name + "\n";
    }
    return std::make_shared<CountsTopic>(context_, caller, std::move(queries), about);
  }

  Context& context_;
  const Feed& feed_;
  RoundTickets tickets_;
  Offsets known_;
};

}  // namespace

std::shared_ptr<LiveSource> make_live_views(Context& context, const Feed& feed) {
  return std::make_shared<LiveViews>(context, feed);
}

}  // namespace parlance::http
