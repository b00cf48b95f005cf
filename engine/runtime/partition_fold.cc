#include "engine/runtime/partition_fold.h"

#include <algorithm>

#include "engine/base/assert.h"
#include "engine/runtime/blind.h"
#include "engine/runtime/order_index.h"
#include "engine/runtime/streams.h"

namespace parlance {
namespace {

constexpr std::size_t conversations_in_memory_max = 20'000;
constexpr std::size_t other_streams_in_memory_max = 5'000;
constexpr std::size_t rows_cleared_at_once = 10'000;

Bytes bytes_of(const std::vector<fold_rows::Conversation>& listed) {
  ByteWriter out;
  for (const fold_rows::Conversation& c : listed) fold_rows::write_conversation(out, c);
  return out.take();
}

}  // namespace

const Personal<Identity>* identity_of(const AnyEvent& event) {
  return std::visit(
      [](const auto& category) {
        return std::visit(
            [](const auto& e) -> const Personal<Identity>* {
              if constexpr (requires {
                              { e.identity } -> std::convertible_to<const Personal<Identity>&>;
                            })
                return &e.identity;
              else
                return nullptr;
            },
            category);
      },
      event);
}

/// Where a folding is: the event, the envelope around it, and the rows changed so far.
struct PartitionFold::Folding {
  const Envelope& envelope;
  const StreamEvent& event;
  std::vector<RowChange>& changes;
  Ticket ticket;

  void touch(auto& held) const {
    held.workspace = envelope.workspace;
    held.version = event.version;
    held.ticket = ticket;
  }
};

PartitionFold::PartitionFold(PartitionId partition, Genesis genesis, RowFamily& store, Door& door,
                             KeyService& keys)
    : partition_(partition),
      genesis_(genesis),
      store_(store),
      door_(door),
      keys_(keys),
      rows_(store),
      conversations_(store, partition, conversations_in_memory_max),
      subjects_(store, partition, other_streams_in_memory_max),
      settings_(store, partition, other_streams_in_memory_max),
      desks_(store, partition, other_streams_in_memory_max),
      adoptions_(store, partition, other_streams_in_memory_max),
      doors_(store, partition, other_streams_in_memory_max),
      drafts_(store, partition, other_streams_in_memory_max),
      routings_(store, partition, other_streams_in_memory_max) {}

// ---- the log's state ----

Result<std::optional<PartitionFold::Applied>> PartitionFold::load(LogId log) {
  const auto row = store_.get(fold_rows::key(partition_, 'M'));
  if (!row) return row.error();
  if (*row) {
    ByteReader in(**row);
    const auto state = decode_log_state(in.take(log_state_bytes));
    const Instant last_recorded{in.le<std::int64_t>()};
    const auto layout = in.le<std::uint32_t>();
    if (state && in.at_end() && layout == state_rows_version && state->log == log &&
        state->partition == partition_) {
      last_recorded_ = last_recorded;
      return Applied{*state, last_recorded};
    }
  }
  if (auto cleared = clear(); !cleared) return cleared.error();
  return std::nullopt;
}

Result<void> PartitionFold::clear() {
  const Bytes from = ByteWriter().be(partition_).take();
  const Bytes to = ByteWriter().be(static_cast<PartitionId>(partition_ + 1U)).take();
  while (true) {
    std::vector<RowChange> removed;
    const auto scanned = store_.scan(from, to, [&](ByteView key, ByteView) {
      removed.push_back({Bytes(key.begin(), key.end()), std::nullopt});
      return removed.size() < rows_cleared_at_once;
    });
    if (!scanned || removed.empty()) return scanned;
    if (auto written = store_.write(removed); !written) return written;
  }
}

// ---- folding ----

Result<std::vector<RowChange>> PartitionFold::decided(const Envelope& envelope,
                                                      const std::vector<std::optional<Identity>>& identities,
                                                      const std::vector<std::string>& orders,
                                                      const std::optional<Preview>& preview, Ticket ticket) {
  auto changes = fold(envelope, identities, preview, ticket);
  if (changes) order_index::add_rows(keys_, partition_, envelope, orders, *changes);
  return changes;
}

Result<void> PartitionFold::certain(const Envelope& envelope, std::vector<RowChange> changes, Offset offset,
                                    Ticket ticket) {
  last_recorded_ = std::max(last_recorded_, envelope.recorded_at);
  for (RowChange& change : changes) {
    if (change.value && routing_rows::is_owed_key(change.key))
      if (auto owed = routing_rows::read_owed(*change.value)) owed_to_routing_.push_back(*std::move(owed));
    pending_.emplace_back(std::move(change), ticket);
  }
  if (envelope.command) {
    put_certain(fold_rows::id_key(partition_, 'C', *envelope.command), ByteWriter().le(offset).take(),
                ticket);
  }
  for (std::size_t i = 0; i < envelope.events.size(); ++i) {
    const StreamEvent& event = envelope.events[i];
    auto noted = note({event.version, kind_of(event.body), event.occurred_at, envelope.recorded_at,
                       envelope.actor, offset, static_cast<std::uint16_t>(i)},
                      event.stream, ticket);
    if (!noted) return noted;
  }
  return {};
}

/// Adds the entry to its stream's history.
Result<void> PartitionFold::note(const history::Entry& entry, const StreamId& stream, Ticket ticket) {
  Bytes key = history::block_key(partition_, stream, entry.version);
  std::vector<history::Entry> block;
  const Version before = (entry.version - 1) % history::block_entries;
  if (before > 0) {
    const auto row = rows_.get(key);
    if (!row) return row.error();
    auto read = history::read_block(entry.version - before, *row ? ByteView(**row) : ByteView());
    if (!read || read->size() != before)
      return corrupt("history.malformed", "a block of history is not as it was left; fold the log again");
    block = std::move(*read);
  }
  block.push_back(entry);
  put_certain(std::move(key), history::write_block(block), ticket);
  return {};
}

void PartitionFold::put_certain(Bytes key, Bytes value, Ticket ticket) {
  rows_.put(key, value, ticket);
  pending_.push_back({{std::move(key), std::move(value)}, ticket});
}

Result<void> PartitionFold::catch_up(const Envelope& envelope, Offset offset, Ticket settled) {
  std::vector<std::optional<Identity>> identities;
  for (const StreamEvent& event : envelope.events) {
    auto& identity = identities.emplace_back();
    const Personal<Identity>* field = identity_of(event.body);
    if (field == nullptr || event.stream.category == Category::subject) continue;
    auto opened =
        door_.open<Identity>(engine_principal, Purpose::engine, envelope.workspace, field->sealed());
    if (const auto* closed = std::get_if<Unavailable>(&opened)) return closed->error;
    if (auto* value = std::get_if<Identity>(&opened)) identity = std::move(*value);
  }
  auto changes = fold(envelope, identities, std::nullopt, settled);
  if (!changes) return changes.error();
  order_index::add_rows(keys_, door_, partition_, envelope, *changes);
  return certain(envelope, std::move(*changes), offset, settled);
}

Result<Instant> PartitionFold::write(Ticket settled) {
  if (!passed_ && pending_.empty()) return instant_max;
  std::vector<RowChange> batch;
  batch.reserve(pending_.size() + 1);
  Instant earliest = instant_max;
  for (const auto& [change, ticket] : pending_) {
    batch.push_back(change);
    if (!change.value) continue;
    if (const auto timer = fold_rows::read_timer_key(change.key))
      earliest = std::min(earliest, timer->timer.due);
    // What was adopted may have closed an import, and let go timers of any time.
    if (fold_rows::is_stream_of(change.key, Category::adoption)) earliest = Instant{};
  }
  if (passed_)
    batch.push_back(
        {fold_rows::key(partition_, 'M'),
         ByteWriter().raw(encode_log_state(*passed_)).le(last_recorded_.ms).le(state_rows_version).take()});
  if (auto written = store_.write(batch); !written) return written.error();
  for (const auto& [change, ticket] : pending_) rows_.written(change.key, ticket);
  pending_.clear();
  passed_.reset();
  conversations_.evict(settled);
  subjects_.evict(settled);
  drafts_.evict(settled);
  return earliest;
}

void PartitionFold::drop() {
  rows_.drop();
  conversations_.drop();
  subjects_.drop();
  settings_.drop();
  desks_.drop();
  adoptions_.drop();
  doors_.drop();
  drafts_.drop();
  routings_.drop();
}

Result<std::vector<RowChange>> PartitionFold::fold(const Envelope& envelope,
                                                   const std::vector<std::optional<Identity>>& identities,
                                                   const std::optional<Preview>& preview, Ticket ticket) {
  std::vector<RowChange> changes;
  std::vector<StreamId> touched;
  for (std::size_t i = 0; i < envelope.events.size(); ++i) {
    const StreamEvent& event = envelope.events[i];
    if (std::ranges::find(touched, event.stream) == touched.end()) touched.push_back(event.stream);
    const Folding at{envelope, event, changes, ticket};
    auto folded = std::visit([&](const auto& body) { return fold_event(at, body); }, event.body);
    if (!folded) return folded.error();
    if (!identities[i]) continue;
    if (auto linked = fold_identity(at, *identities[i], identity_of(event.body)->sealed()); !linked)
      return linked.error();
  }
  for (const StreamId& stream : touched) {
    auto cached = row_of(stream, preview, ticket);
    if (!cached) return cached.error();
    changes.push_back({fold_rows::stream_key(partition_, stream), std::move(*cached)});
  }
  return changes;
}

Result<void> PartitionFold::fold_event(const Folding& at, const conversation::Event& event) {
  const StreamId& stream = at.event.stream;
  auto loaded = conversations_.load(stream);
  if (!loaded) return loaded.error();
  auto& held = **loaded;
  const auto before = conversation::timers(held.state);
  const auto stood = process::stand_of(held.state);
  const auto shown = held.state.preview;
  held.state = conversation::evolve(std::move(held.state), event,
                                    {at.envelope.actor, at.envelope.id, at.envelope.recorded_at});
  if (held.state.preview != shown) held.preview.reset();
  at.touch(held);
  // An open import holds the timers of what it touches; they go back at the first event after it is closed.
  const ImportId before_under = held.import;
  if (at.envelope.import) held.import = at.envelope.import;
  if (held.import) {
    const auto open = is_open(held.workspace, held.import);
    if (!open) return open.error();
    if (!*open) held.import = {};
  }
  move_timers(at, before, conversation::timers(held.state), before_under, held.import);
  // Nobody is to be given what belongs to the past: routing hears of it once something happens to it that no import brought.
  held.lived = held.lived || !at.envelope.import;
  if (held.lived)
    if (auto owed = owe_follow(at, stood, held.state, event); !owed) return owed;
  if (const auto* opened = std::get_if<conversation::Opened>(&event))
    put(at, fold_rows::number_key(partition_, at.envelope.workspace, stream.id.slot()),
        ByteWriter().le(opened->number / 256).take());
  if (const auto* redacted = std::get_if<conversation::MessageRedacted>(&event)) {
    fold_rows::Redacting owed;
    owed.workspace = at.envelope.workspace;
    owed.of = redacted->of;
    owed.day = fold_rows::day_of(at.envelope.recorded_at);
    at.changes.push_back({fold_rows::redaction_key(partition_, stream.id, at.event.version),
                          fold_rows::write_redacting(owed)});
  }
  return {};
}
Bytes PartitionFold::key_of_timer(const StreamId& stream, const conversation::Timer& timer,
                                  ImportId import) const {
  return import ? fold_rows::held_timer_key(partition_, import, timer.due, stream, timer.kind)
                : fold_rows::timer_key(partition_, timer.due, stream, timer.kind);
}
void PartitionFold::move_timers(const Folding& at, const std::vector<conversation::Timer>& before,
                                const std::vector<conversation::Timer>& after, ImportId from,
                                ImportId to) const {
  const StreamId& stream = at.event.stream;
  const bool moved = from != to;
  const Bytes value = to ? ByteWriter().id(at.envelope.workspace).take() : Bytes{};
  for (const auto& timer : before)
    if (moved || std::ranges::find(after, timer) == after.end())
      at.changes.push_back({key_of_timer(stream, timer, from), std::nullopt});
  for (const auto& timer : after)
    if (moved || std::ranges::find(before, timer) == before.end())
      at.changes.push_back({key_of_timer(stream, timer, to), value});
}
/// A conversation that comes to stand otherwise is owed to routing: by this row, until routing has answered.
Result<void> PartitionFold::owe_follow(const Folding& at, const process::Stand& stood,
                                       const conversation::State& state, const conversation::Event& event) {
  const WorkspaceId workspace = at.envelope.workspace;
  auto adopted = adoptions_.load(adoption_stream(workspace, genesis_.first_slot));
  if (!adopted) return adopted.error();
  if (!process::must_follow(stood, process::stand_of(state), (*adopted)->state.body)) return {};
  const auto id = ConversationId::from(at.event.stream.id);
  Bytes key = routing_rows::owed_key(partition_, id);
  routing::Taken taken = process::taken_by(event);
  if (taken == routing::Taken::none) {
    // How the agent came to it may not have been told yet.
    const auto row = rows_.get(key);
    if (!row) return row.error();
    const auto before = *row ? routing_rows::read_owed(**row) : std::nullopt;
    if (before && before->follow.agent == state.agent) taken = before->follow.taken;
  }
  put(at, std::move(key),
      routing_rows::write_owed(
          {workspace, at.envelope.id,
           process::follow_of(id, state, at.event.version, taken, at.event.occurred_at)}));
  return {};
}
Result<void> PartitionFold::fold_event(const Folding& at, const routing::Event& event) {
  auto loaded = routings_.load(at.event.stream);
  if (!loaded) return loaded.error();
  auto& held = **loaded;
  const WorkspaceId workspace = at.envelope.workspace;
  const ConversationId id = routing::about(event);
  const auto timers_before = routing::timers(held.state);
  std::vector<AgentId> agents{std::visit(
      [](const auto& e) {
        if constexpr (requires { e.agent; })
          return e.agent;
        else
          return AgentId{};
      },
      event)};
  const auto touched = [&] {
    const auto it = held.state.entries.find(id);
    if (it == held.state.entries.end()) return static_cast<routing::Entry*>(nullptr);
    agents.push_back(it->second.agent);
    return &it->second;
  };
  (void)touched();
  held.state = evolve(std::move(held.state), event);
  if (id) {
    routing::Entry* entry = touched();
    const bool decided = std::holds_alternative<routing::Decided>(event) ||
                         std::holds_alternative<routing::OfferAccepted>(event);
    if (entry != nullptr && decided && entry->standing == routing::Standing::assigning)
      entry->decided_in = at.envelope.id;
    at.changes.push_back(
        {routing_rows::entry_key(partition_, workspace, id),
         entry == nullptr ? std::nullopt : std::optional(routing_rows::write_entry(*entry))});
    auto trail = trail_of(workspace, id);
    if (!trail) return trail.error();
    if (const auto* followed = std::get_if<routing::Followed>(&event)) trail->followed = followed->seen;
    trail->versions.push_back(at.event.version);
    put(at, routing_rows::trail_key(partition_, workspace, id), routing_rows::write_trail(*trail));
  }
  std::ranges::sort(agents);
  agents.erase(std::ranges::unique(agents).begin(), agents.end());
  for (const AgentId agent : agents)
    if (const auto it = held.state.agents.find(agent); it != held.state.agents.end())
      at.changes.push_back(
          {routing_rows::agent_key(partition_, workspace, agent), routing_rows::write_agent(it->second)});
  move_timers(at, timers_before, routing::timers(held.state));
  at.touch(held);
  return {};
}
template <class State, class Event>
Result<void> PartitionFold::evolve_stream(StreamStates<State>& states, const Folding& at,
                                          const Event& event) {
  auto loaded = states.load(at.event.stream);
  if (!loaded) return loaded.error();
  (*loaded)->state = evolve(std::move((*loaded)->state), event);
  at.touch(**loaded);
  return {};
}
Result<void> PartitionFold::fold_event(const Folding& at, const subject::Event& event) {
  if (std::holds_alternative<subject::Created>(event))
    put(at, fold_rows::id_key(partition_, 'O', at.event.stream.id), std::nullopt);
  return evolve_stream(subjects_, at, event);
}
Result<void> PartitionFold::fold_event(const Folding& at, const settings::Event& event) {
  return evolve_stream(settings_, at, event);
}
Result<void> PartitionFold::fold_event(const Folding& at, const desk::Event& event) {
  return evolve_stream(desks_, at, event);
}
Result<void> PartitionFold::fold_event(const Folding& at, const adoption::Event& event) {
  return evolve_stream(adoptions_, at, event);
}
Result<void> PartitionFold::fold_event(const Folding& at, const intake::Event&) {
  auto loaded = doors_.load(at.event.stream);
  if (!loaded) return loaded.error();
  at.touch(**loaded);
  return {};
}

Result<void> PartitionFold::fold_event(const Folding& at, const draft::Event& event) {
  auto folded = std::visit(
      [&]<class E>(const E& e) -> Result<void> {
        Bytes key = fold_rows::id_key(partition_, 'D', e.conversation);
        const auto row = rows_.get(key);
        if (!row) return row.error();
        auto drafts = *row ? fold_rows::read_drafts(**row) : std::vector<fold_rows::Drafted>{};
        std::erase_if(drafts, [&](const fold_rows::Drafted& d) { return d.agent == e.agent; });
        if constexpr (std::is_same_v<E, draft::Kept>) {
          drafts.push_back({e.agent, e.kind, e.at});
          put(at, fold_rows::ids_key(partition_, 'E', e.conversation, e.agent), Bytes{});
        }
        put(at, std::move(key),
            drafts.empty() ? std::nullopt : std::optional(fold_rows::write_drafts(drafts)));
        return {};
      },
      event);
  if (!folded) return folded;
  return evolve_stream(drafts_, at, event);
}

/// The identity map, from what opening, joining, forwarding and linking events carry. What a door knows comes from events of its
/// own slot alone, so it does not depend on which slots share a partition, and an older message that arrives in another
/// slot takes no address back from whom it was linked to since. A person's own events say nothing here: a further
/// address counts once its door has linked it.
Result<void> PartitionFold::fold_identity(const Folding& at, const Identity& identity, const Sealed& sealed) {
  const StreamId& stream = at.event.stream;
  PARLANCE_ASSERT(stream.category != Category::subject, "a person's own events say nothing about doors");
  const WorkspaceId workspace = at.envelope.workspace;
  const SubjectId person = identity.subject;
  const auto writes_in = [&](ConversationId conversation) {
    put(at, fold_rows::ids_key(partition_, 'R', conversation, person),
        ByteWriter().id(sealed.reference).take());
  };
  std::vector<fold_rows::Conversation> joined;
  if (stream.category == Category::conversation) {
    auto cached = conversations_.load(stream);
    if (!cached) return cached.error();
    joined.push_back({ConversationId::from(stream.id), identity.channel, (*cached)->state.store});
    writes_in(joined.back().id);
  } else {
    const StoreId store = store_id(keys_, workspace, identity.channel, identity.account);
    const auto& event = std::get<intake::Event>(at.event.body);
    if (const auto* forwarded = std::get_if<intake::MessageForwarded>(&event)) {
      joined.push_back({forwarded->to, identity.channel, store});
      writes_in(forwarded->to);
    } else {
      for (const ConversationId id : identity.conversations) joined.push_back({id, identity.channel, store});
    }
  }
  const Slot door = slot_of_address(keys_, workspace, identity.channel, identity.address);
  if (stream.id.slot() != door) return {};
  put(at,
      fold_rows::id_key(partition_, 'A', blind_address(keys_, workspace, identity.channel, identity.address)),
      ByteWriter().id(person).id(sealed.reference).take());
  auto listed = conversations_of(door, person);
  if (!listed) return listed.error();
  for (const fold_rows::Conversation& c : joined)
    if (std::ranges::find(*listed, c) == listed->end()) listed->push_back(c);
  if (!listed->empty()) put(at, fold_rows::known_key(partition_, door, person), bytes_of(*listed));

  // The person's own first event is a command of its own, never in one envelope with a conversation.
  if (person.slot() != door) return {};
  auto held = subjects_.load({Category::subject, person});
  if (!held) return held.error();
  if ((*held)->state.exists) return {};
  ByteWriter owed;
  owed.id(workspace);
  write_row(owed, sealed);
  put(at, fold_rows::id_key(partition_, 'O', person), owed.take());
  return {};
}

void PartitionFold::put(const Folding& at, Bytes key, std::optional<Bytes> value) {
  rows_.put(key, value, at.ticket);
  at.changes.push_back({std::move(key), std::move(value)});
}

Result<Bytes> PartitionFold::row_of(const StreamId& stream, const std::optional<Preview>& preview,
                                    Ticket ticket) {
  const auto row = [&](auto& states) -> Result<Bytes> {
    auto cached = states.load(stream);
    if (!cached) return cached.error();
    (*cached)->ticket = ticket;
    if (stream.category == Category::conversation && preview) (*cached)->preview = preview;
    return states.row(**cached);
  };
  switch (stream.category) {
    case Category::conversation: return row(conversations_);
    case Category::subject: return row(subjects_);
    case Category::settings: return row(settings_);
    case Category::desk: return row(desks_);
    case Category::adoption: return row(adoptions_);
    case Category::door: return row(doors_);
    case Category::draft: return row(drafts_);
    case Category::routing: return row(routings_);
    case Category::none: break;
  }
  return corrupt("stream.category", "an event of no category");
}

// ---- reading ----

Result<Version> PartitionFold::version_of(const StreamId& stream) {
  const auto version = [](auto held) -> Result<Version> {
    if (!held) return held.error();
    return (*held)->version;
  };
  switch (stream.category) {
    case Category::conversation: return version(conversations_.load(stream));
    case Category::subject: return version(subjects_.load(stream));
    case Category::settings: return version(settings_.load(stream));
    case Category::desk: return version(desks_.load(stream));
    case Category::adoption: return version(adoptions_.load(stream));
    case Category::door: return version(doors_.load(stream));
    case Category::draft: return version(drafts_.load(stream));
    case Category::routing: return version(routings_.load(stream));
    case Category::none: break;
  }
  return corrupt("stream.category", "an event of no category");
}

Result<std::optional<Offset>> PartitionFold::offset_of(CommandId command) const {
  const auto row = rows_.get(fold_rows::id_key(partition_, 'C', command));
  if (!row) return row.error();
  if (!*row) return std::nullopt;
  return ByteReader(**row).le<Offset>();
}

Result<std::optional<SubjectId>> PartitionFold::find_subject(WorkspaceId workspace, Channel channel,
                                                             const std::string& address) {
  const auto row =
      rows_.get(fold_rows::id_key(partition_, 'A', blind_address(keys_, workspace, channel, address)));
  if (!row) return row.error();
  if (!*row) return std::nullopt;
  ByteReader in(**row);
  const auto subject = in.id_of<SubjectId>();
  const auto erased = is_erased(workspace, in.id_of<ReferenceId>());
  if (!erased) return erased.error();
  return *erased ? std::nullopt : std::optional(subject);
}

Result<std::vector<fold_rows::Conversation>> PartitionFold::conversations_of(Slot door,
                                                                             SubjectId subject) const {
  const auto row = rows_.get(fold_rows::known_key(partition_, door, subject));
  if (!row) return row.error();
  if (!*row) return std::vector<fold_rows::Conversation>{};
  return fold_rows::read_conversations(**row);
}

Result<std::optional<ReferenceId>> PartitionFold::reference_of(WorkspaceId workspace,
                                                               ConversationId conversation,
                                                               SubjectId subject) {
  const auto row = rows_.get(fold_rows::ids_key(partition_, 'R', conversation, subject));
  if (!row) return row.error();
  if (!*row) return std::nullopt;
  const auto reference = ByteReader(**row).id_of<ReferenceId>();
  const auto erased = is_erased(workspace, reference);
  if (!erased) return erased.error();
  return *erased ? std::nullopt : std::optional(reference);
}

Result<bool> PartitionFold::is_open(WorkspaceId workspace, ImportId import) {
  const auto adopted = adoptions_.load(adoption_stream(workspace, genesis_.first_slot));
  if (!adopted) return adopted.error();
  return (*adopted)->state.body.is_open(import);
}

Result<std::uint64_t> PartitionFold::numbered(WorkspaceId workspace, Slot slot) const {
  const auto row = rows_.get(fold_rows::number_key(partition_, workspace, slot));
  if (!row) return row.error();
  return *row ? ByteReader(**row).le<std::uint64_t>() : 0;
}

Result<bool> PartitionFold::is_erased(WorkspaceId workspace, ReferenceId reference) {
  const auto row = door_.row(workspace, reference);
  if (const auto* trouble = std::get_if<Unavailable>(&row)) return trouble->error;
  return std::holds_alternative<Erased>(row);
}

Result<PartitionFold::Due> PartitionFold::due(Instant now, std::size_t limit) {
  Due out;
  const auto take = [&](const fold_rows::DueTimer& timer) {
    if (timer.timer.due > now || out.timers.size() >= limit) {
      out.next = std::min(out.next, timer.timer.due);
      return false;
    }
    out.timers.push_back(timer);
    return true;
  };
  auto scanned = store_.scan(fold_rows::key(partition_, 'T'), fold_rows::key(partition_, 'T' + 1),
                             [&](ByteView key, ByteView) {
                               const auto timer = fold_rows::read_timer_key(key);
                               return !timer || take(*timer);
                             });
  // From import to import: those that are closed let go what they held.
  for (Bytes from = fold_rows::key(partition_, 'I'); scanned;) {
    std::optional<std::pair<WorkspaceId, ImportId>> found;
    scanned = store_.scan(from, fold_rows::key(partition_, 'I' + 1), [&](ByteView key, ByteView value) {
      if (const auto held = fold_rows::read_held_timer_key(key))
        found.emplace(ByteReader(value).id_of<WorkspaceId>(), held->import);
      return !found;
    });
    if (!scanned || !found) break;
    const auto& [workspace, import] = *found;
    from = fold_rows::held_timers(partition_, fold_rows::after(import));
    const auto open = is_open(workspace, import);
    if (!open) return open.error();
    if (*open) continue;
    scanned = store_.scan(fold_rows::held_timers(partition_, import), from, [&](ByteView key, ByteView) {
      const auto held = fold_rows::read_held_timer_key(key);
      return !held || take(held->timer);
    });
  }
  if (!scanned) return scanned.error();
  std::ranges::sort(out.timers, {}, [](const fold_rows::DueTimer& timer) { return timer.timer.due; });
  return out;
}

Result<std::vector<std::pair<WorkspaceId, Sealed>>> PartitionFold::owed() const {
  std::vector<std::pair<WorkspaceId, Sealed>> out;
  const auto scanned = store_.scan(fold_rows::key(partition_, 'O'), fold_rows::key(partition_, 'O' + 1),
                                   [&](ByteView, ByteView value) {
                                     ByteReader in(value);
                                     const auto workspace = in.id_of<WorkspaceId>();
                                     Sealed sealed;
                                     read_row(in, sealed);
                                     if (in.at_end()) out.emplace_back(workspace, sealed);
                                     return true;
                                   });
  if (!scanned) return scanned.error();
  return out;
}

Result<routing_rows::Trail> PartitionFold::trail_of(WorkspaceId workspace, ConversationId id) const {
  const auto row = rows_.get(routing_rows::trail_key(partition_, workspace, id));
  if (!row) return row.error();
  return *row ? routing_rows::read_trail(**row) : routing_rows::Trail{};
}

// ---- what is owed to routing ----

Result<std::vector<routing_rows::Owed>> PartitionFold::owed_to_routing() const {
  std::vector<routing_rows::Owed> out;
  const auto scanned = store_.scan(fold_rows::key(partition_, 'Q'), fold_rows::key(partition_, 'Q' + 1),
                                   [&](ByteView, ByteView value) {
                                     if (auto owed = routing_rows::read_owed(value)) out.push_back(*owed);
                                     return true;
                                   });
  if (!scanned) return scanned.error();
  return out;
}

Result<std::vector<fold_rows::Redacting>> PartitionFold::redactions() const {
  std::vector<fold_rows::Redacting> out;
  const auto scanned = store_.scan(fold_rows::key(partition_, 'X'), fold_rows::key(partition_, 'X' + 1),
                                   [&](ByteView key, ByteView value) {
                                     if (const auto owed = fold_rows::read_redacting(key, value))
                                       out.push_back(*owed);
                                     return true;
                                   });
  if (!scanned) return scanned.error();
  return out;
}
Result<bool> PartitionFold::owes_redaction(ConversationId conversation, Version version) const {
  const Bytes key = fold_rows::redaction_key(partition_, conversation, version);
  for (auto it = pending_.rbegin(); it != pending_.rend(); ++it)
    if (it->first.key == key) return it->first.value.has_value();
  const auto row = store_.get(key);
  if (!row) return row.error();
  return row->has_value();
}
void PartitionFold::owe_to_routing(const routing_rows::Owed& owed) {
  pending_.push_back(
      {{routing_rows::owed_key(partition_, owed.follow.conversation), routing_rows::write_owed(owed)}, 0});
}
void PartitionFold::paid_to_routing(ConversationId conversation) {
  pending_.push_back({{routing_rows::owed_key(partition_, conversation), std::nullopt}, 0});
}
Result<adoption::Body> PartitionFold::adopted_for_certain(WorkspaceId workspace) const {
  const auto row =
      store_.get(fold_rows::stream_key(partition_, adoption_stream(workspace, genesis_.first_slot)));
  if (!row) return row.error();
  if (!*row) return adoption::Body{};
  auto held = StreamStates<adoption::State>::parse(**row);
  if (!held) return held.error();
  return std::move(held->state.body);
}
Result<std::optional<std::vector<QueueId>>> PartitionFold::swept(WorkspaceId workspace) const {
  const auto row = store_.get(routing_rows::swept_key(partition_, workspace));
  if (!row) return row.error();
  std::optional<std::vector<QueueId>> out;
  if (!*row) return out;
  out.emplace();
  for (ByteReader in(**row); in.ok() && in.left() > 0;) out->push_back(in.id_of<QueueId>());
  return out;
}
void PartitionFold::set_swept(WorkspaceId workspace, const std::vector<QueueId>& queues) {
  ByteWriter out;
  for (const QueueId queue : queues) out.id(queue);
  pending_.push_back({{routing_rows::swept_key(partition_, workspace), out.take()}, 0});
}
Result<Bytes> PartitionFold::each_conversation(
    const Bytes& from, std::size_t limit,
    const std::function<void(ConversationId, const StreamState<conversation::State>&)>& use) const {
  const Bytes to = fold_rows::stream_key(partition_, {Category::subject, {}});
  Bytes next;
  std::size_t seen = 0;
  std::optional<Error> fault;
  const auto scanned = store_.scan(from, to, [&](ByteView key, ByteView row) {
    if (seen++ == limit) {
      next.assign(key.begin(), key.end());
      return false;
    }
    auto held = StreamStates<conversation::State>::parse(row);
    if (!held)
      fault = held.error();
    else
      use(ConversationId::from(RawId::from_bytes(key.last<16>())), *held);
    return !fault;
  });
  if (!scanned) return scanned.error();
  if (fault) return *fault;
  return next;
}

Result<std::vector<WorkspaceId>> PartitionFold::workspaces_of(Category category) const {
  std::vector<WorkspaceId> out;
  const auto next = static_cast<Category>(static_cast<int>(category) + 1);
  const auto scanned =
      store_.scan(fold_rows::stream_key(partition_, {category, {}}),
                  fold_rows::stream_key(partition_, {next, {}}), [&](ByteView, ByteView value) {
                    out.push_back(ByteReader(value).id_of<WorkspaceId>());
                    return true;
                  });
  if (!scanned) return scanned.error();
  return out;
}
Result<std::vector<WorkspaceId>> PartitionFold::routed_workspaces() const {
  return workspaces_of(Category::routing);
}
Result<std::vector<WorkspaceId>> PartitionFold::adopted_workspaces() const {
  return workspaces_of(Category::adoption);
}

void PartitionFold::redacted(const fold_rows::Redacting& redacting, Ticket settled) {
  pending_.push_back(
      {{fold_rows::redaction_key(partition_, redacting.conversation, redacting.version), std::nullopt},
       settled});
}

Result<std::set<WorkspaceId>> PartitionFold::workspaces() const {
  std::set<WorkspaceId> out;
  for (const Category category : {Category::settings, Category::desk}) {
    const auto next = static_cast<Category>(static_cast<int>(category) + 1);
    const auto scanned =
        store_.scan(fold_rows::stream_key(partition_, {category, {}}),
                    fold_rows::stream_key(partition_, {next, {}}), [&](ByteView, ByteView value) {
                      out.insert(ByteReader(value).id_of<WorkspaceId>());
                      return true;
                    });
    if (!scanned) return scanned.error();
  }
  return out;
}

}  // namespace parlance
