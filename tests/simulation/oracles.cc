#include "tests/simulation/oracles.h"

#include <algorithm>
#include <array>
#include <set>
#include <string>

#include "engine/runtime/fold_rows.h"
#include "engine/runtime/state_rows.h"
#include "engine/runtime/streams.h"
#include "schemas/frame.h"
#include "schemas/log_fold.h"
#include "tests/simulation/model.h"
#include "tests/simulation/routing_ledger.h"

namespace parlance::simulation {
namespace {

constexpr std::string_view needle = "needle";

using Rows = std::vector<std::pair<Bytes, Bytes>>;

Rows rows_of(const RowFamily& family) {
  Rows out;
  const auto scanned = family.scan({}, {}, [&](ByteView key, ByteView value) {
    out.emplace_back(Bytes(key.begin(), key.end()), Bytes(value.begin(), value.end()));
    return true;
  });
  must(scanned.has_value(), "rows are read");
  return out;
}

/// What lies in a fold store apart from the log's own state, from what leads to orders (a message that could not be opened when it was
/// folded is opened when an order is looked for: see judge_orders()), from redactions that one who folds anew carries out anew, from what is owed to routing,
/// which is known from answers (engine/runtime/routing_rows.h), and,
/// where somebody was erased, from what named them.
Rows comparable(Rows rows, bool somebody_erased) {
  std::erase_if(rows, [&](const auto& row) {
    const char type = static_cast<char>(row.first.at(2));
    return type == 'M' || type == 'B' || type == 'U' || type == 'X' || type == 'Q' || type == 'Z' ||
           (somebody_erased && (type == 'A' || type == 'P' || type == 'R' || type == 'O'));
  });
  return rows;
}

bool holds_needle(ByteView bytes) { return as_text(bytes).find(needle) != std::string_view::npos; }

void no_plaintext(const RowFamily& family, const std::string& where) {
  for (const auto& [key, value] : rows_of(family))
    must(!holds_needle(key) && !holds_needle(value), "no personal text stands in the clear in " + where);
}

/// Folds the log in the order in which it became durable, and gives what is accepted to the model.
void judge_log(World& world, Model& model) {
  MemoryLogStorage& storage = world.storage();
  std::vector<LogState> states;
  for (PartitionId p = 0; p < world.plan().partitions; ++p)
    states.push_back(initial_log_state(storage.options().id, p));
  std::map<std::pair<PartitionId, std::uint64_t>, std::uint32_t> writers;  // by epoch
  std::map<Position, EnvelopeId> envelopes;
  Moment moment = 0;
  for (const Landed& landed : world.landed()) {
    LogState& state = states[landed.partition];
    const Bytes bytes = storage.bytes(landed.partition, landed.offset);
    must(!holds_needle(bytes), "no personal text stands in the clear in the log");
    const auto folded = fold(state, landed.offset, bytes);
    must(folded.has_value(), folded ? "" : "the log folds: " + folded.error().detail);
    const std::uint32_t sender = world.senders().at(folded->record_hash);
    if (folded->verdict == Verdict::accepted_claim) {
      must(writers.emplace(std::pair(landed.partition, state.epoch), sender).second,
           "an epoch has one claim");
    } else if (folded->verdict == Verdict::accepted_envelope) {
      must(writers.at({landed.partition, state.epoch}) == sender, "an epoch has one writer");
      auto envelope = decode_envelope(folded->record.body);
      must(envelope.has_value(), envelope ? "" : "an accepted envelope decodes: " + envelope.error().detail);
      must(kinds_of(*envelope) == folded->record.frame.kinds, "a frame names the kinds inside");
      envelopes.emplace(Position{storage.options().generation, landed.partition, landed.offset},
                        envelope->id);
      model.accepted(landed.partition, *envelope, moment);
      ++world.coverage().envelopes;
    }
    ++moment;
  }
  model.ended();
  // What clients were told.
  for (const Intent& intent : world.ledger().intents) {
    const std::string name = "command " + std::to_string(intent.number);
    if (intent.done) {
      must(!intent.done->positions.empty() || std::holds_alternative<OnConversation>(intent.request.action),
           name + " was done somewhere");
      for (const Position& position : intent.done->positions)
        must(envelopes.contains(position),
             name + " was done at " + to_text(position) + ", which is not accepted");
      if (!intent.done->positions.empty() && intent.done->envelope) {
        const bool there = std::ranges::any_of(intent.done->positions, [&](const Position& position) {
          return envelopes.at(position) == intent.done->envelope;
        });
        must(there, name + " was done by an envelope that is not there");
      }
    }
    if (!intent.keyed()) continue;
    const auto found = model.done().find(intent.number);
    const std::size_t times = found == model.done().end() ? 0 : found->second.size();
    // An offer was accepted, and the conversation, which alone says who has it, did not take the agent.
    const bool not_taken = intent.feature == Feature::accept && !intent.done && intent.last_error &&
                           intent.last_error->rule.starts_with("conversation.");
    // Its client was never told whether it was done.
    const bool not_told = !intent.done && !(intent.last_error && definitive(*intent.last_error));
    must(times == (intent.done ? 1U : 0U) || ((not_taken || not_told) && times == 1),
         name + (intent.done ? " was done, and is in the log " : " was refused, and is in the log ") +
             std::to_string(times) + " times");
    if (times == 0) continue;
    for (const Moment said : intent.said_not_there)
      must(found->second.front() >= said, name + " was said not to be done when it was");
  }
  for (const SaidClosed& said : world.ledger().said_closed) {
    const auto& closed = model.conversations().at(said.conversation).closed_at;
    must(closed && *closed < said.at, "a conversation was said to be closed before that was certain");
  }
}

std::vector<std::string> texts_of(World& world, ConversationId id, const Model::Conversation& expected) {
  Engine& engine = world.survivor().process->engine;
  const StreamId stream{Category::conversation, id};
  const auto entries = engine.history(stream, 1, 100'000);
  must(entries.has_value(), "history is read");
  must(entries->size() == expected.version, "history is complete");
  const auto events = engine.events(stream, *entries);
  must(events.has_value(), events ? "" : "history leads to the events: " + events.error().detail);
  std::vector<std::string> out;
  Version version = 0;
  for (const RecordedEvent& event : *events) {
    must(event.event.version == ++version, "history is dense");
    const auto read = [&](char kind, const Personal<MessageContent>& content) {
      auto opened = engine.door().open<MessageContent>(engine_principal, Purpose::engine, world.workspace(),
                                                       content.sealed());
      if (const auto* value = std::get_if<MessageContent>(&opened)) return out.push_back(kind + value->text);
      must(std::holds_alternative<Erased>(opened), "a text opens or is erased");
      out.push_back(std::string(1, kind));
    };
    const auto& body = std::get<conversation::Event>(event.event.body);
    if (const auto* m = std::get_if<conversation::MessageReceived>(&body)) read('m', m->content);
    if (const auto* m = std::get_if<conversation::Replied>(&body)) read('r', m->content);
    if (const auto* m = std::get_if<conversation::NoteAdded>(&body)) read('n', m->content);
  }
  return out;
}

/// The fold store, history and the ticket view against the model.
void judge_conversations(World& world, const Model& model) {
  Process& process = *world.survivor().process;
  RowFamily& fold_store = *(*world.survivor().rows).open("fold").value();
  const Instant now = process.clock.now();
  for (const auto& [id, expected] : model.conversations()) {
    const std::string name = "conversation " + to_text(id);
    const auto row = fold_store.get(
        fold_rows::stream_key(process.engine.partition_of(id.slot()), {Category::conversation, id}));
    must(row && *row, name + " is in the fold store");
    ByteReader in(**row);
    must(in.id_of<WorkspaceId>() == world.workspace() && in.le<Version>() == expected.version,
         name + ": its version");
    (void)in.id(), (void)in.le<std::uint8_t>();  // the import that holds its timers, and whether it lived
    conversation::State state;
    read_row(in, state);
    must(in.at_end(), name + ": its row reads");
    std::set<FieldId> fields;
    for (const conversation::FieldEntry& entry : state.fields) fields.insert(entry.field);
    must(state.team == expected.team && state.type == expected.type &&
             state.escalated == expected.escalated && fields == expected.fields,
         name + ": its team, type and fields");
    must(state.phase == expected.phase, name + " is " + std::string(to_text(state.phase)) +
                                            " and should be " + std::string(to_text(expected.phase)));
    must(state.agent == expected.owner, name + ": its owner");
    must(state.priority == expected.priority && state.queue == expected.queue &&
             state.number == expected.number && state.episode == expected.episode &&
             state.participants == expected.participants &&
             std::set<TagId>(state.tags.begin(), state.tags.end()) == expected.tags &&
             state.first_response == expected.response,
         name + ": its state");
    for (const conversation::Timer& timer : conversation::timers(state))
      must(timer.due > now, name + ": a timer that was due has fired");

    const auto texts = texts_of(world, id, expected);
    std::vector<std::string> wanted;
    std::array<std::uint32_t, 3> counts{};
    for (const Model::Item& item : expected.items) {
      wanted.push_back(item.kind + (item.erased ? std::string() : item.text));
      ++counts[item.kind == 'm' ? 0 : item.kind == 'r' ? 1 : 2];
    }
    must(texts == wanted, name + ": its messages, in order");

    const auto ticket = process.views->ticket(world.workspace(), id);
    must(ticket && *ticket, name + " is a ticket");
    const Ticket& seen = **ticket;
    must(seen.version == expected.version && seen.state == expected.phase &&
             seen.assignee == expected.owner && seen.priority == expected.priority &&
             seen.queue == expected.queue && seen.number == expected.number && seen.received == counts[0] &&
             seen.replied == counts[1] && seen.notes == counts[2] &&
             seen.participants == expected.participants.size() &&
             std::set<TagId>(seen.tags.begin(), seen.tags.end()) == expected.tags,
         name + ": its ticket");
  }
}

/// What routing counts with is what the conversations say, and nothing is on its way.
void judge_routing(World& world, const Model& model) {
  const Engine& engine = world.survivor().process->engine;
  const WorkspaceId workspace = world.workspace();
  const PartitionId partition = engine.partition_of(workspace.slot());
  RowFamily& fold_store = *(*world.survivor().rows).open("fold").value();
  const auto desk_row = fold_store.get(fold_rows::stream_key(partition, desk_stream(workspace)));
  must(desk_row.has_value(), "the desk's row is read");
  desk::State desk;
  if (*desk_row) {
    ByteReader in(**desk_row);
    (void)in.id(), (void)in.le<Version>(), (void)in.id(), (void)in.le<std::uint8_t>();
    read_row(in, desk);
    must(in.at_end(), "the desk's row reads");
  }
  const auto ledger = routing_ledger(fold_store, partition, workspace);
  std::map<AgentId, std::uint32_t> held, offered;
  for (const auto& [id, c] : model.conversations()) {
    const std::string name = "conversation " + to_text(id) + ": routing ";
    const bool holds = conversation::is_to_do(c.phase) && c.owner;
    const auto found = ledger.find(id);
    if (found == ledger.end()) {
      // Of what an import brought, the next event after it tells.
      must(!holds || !desk.routes || c.imported, name + "does not know that somebody holds it");
      continue;
    }
    using routing::Standing;
    const routing::Entry& entry = found->second;
    must(entry.standing != Standing::assigning, name + "is assigning it at rest");
    must(entry.standing != Standing::parked, name + "awaits word of it at rest");
    if (entry.standing == Standing::held) {
      must(holds && entry.agent == c.owner, name + "takes it for another's");
      ++held[entry.agent];
    } else {
      must(!holds && conversation::is_to_do(c.phase), name + "takes it for waiting");
      if (entry.standing == Standing::offered) ++offered[entry.agent];
    }
  }
  const auto agents = engine.routed_agents(workspace);
  must(agents.has_value(), "the agents' loads are read");
  for (const auto& [id, agent] : *agents)
    must(agent.held.total == held[id] && agent.reserved.total == offered[id] &&
             agent.offers.size() == offered[id],
         "agent " + to_text(id) + " has the load of what they hold and are offered");
}

std::map<std::pair<std::string, PartitionId>, std::string> hashes(const Views& views) {
  std::map<std::pair<std::string, PartitionId>, std::string> out;
  for (const ViewStatus& status : views.status()) {
    must(status.health == Health::ok, "a view is in order");
    must(status.lag == 0, "a view has applied the log");
    out[{status.view, status.partition}] = status.hash;
  }
  return out;
}

void judge_views(World& world) {
  MemoryRows rows;
  auto rebuilt = Views::open(world.survivor().process->log, rows, {});
  must(rebuilt.has_value(), "views open over nothing");
  while (true) {
    const auto applied = (*rebuilt)->apply_available({}, 1'000);
    must(applied.has_value(), "views apply the log");
    if (*applied == 0) break;
  }
  must(hashes(*world.survivor().process->views) == hashes(**rebuilt),
       "live views and rebuilt ones have the same hashes");
}

void judge_vault(World& world) {
  const MemoryVault& vault = world.survivor().process->vault;
  for (const VaultFamily family : {VaultFamily::capsules, VaultFamily::rows, VaultFamily::tombstones}) {
    const auto scanned = vault.scan(family, [&](ByteView key, ByteView value) {
      must(!holds_needle(key) && !holds_needle(value), "no personal text stands in the clear in the vault");
      return true;
    });
    must(scanned.has_value(), "the vault is read");
  }
  Door& door = world.survivor().process->engine.door();
  for (const ReferenceId reference : world.ledger().destroyed) {
    must(std::holds_alternative<Erased>(door.row(world.workspace(), reference)),
         "what was destroyed stays destroyed");
    Door fresh(world.survivor().process->vault, world.keys(), world.survivor().process->random);
    must(std::holds_alternative<Erased>(fresh.row(world.workspace(), reference)),
         "also for who asks for the first time");
  }
  // A second pass finds what a late record brought beside the tombstones, and nothing else of these people.
  for (const SubjectId subject : world.ledger().erased) {
    const auto left = door.rows_of(world.workspace(), subject);
    must(left.has_value(), "an erased person's rows are looked for");
    for (const ReferenceId reference : *left)
      must(world.ledger().destroyed.contains(reference), "nothing new was sealed for somebody erased");
  }
  for (Node& node : world.nodes())
    for (const std::string& name : node.rows->families())
      no_plaintext(*node.rows->open(name).value(), "rows of " + name);
}

/// An order leads to the conversations that name it, those of the erased apart.
void judge_orders(World& world, const Model& model, const Engine& engine, const std::string& where) {
  for (std::size_t n = 0; n < Clients::orders; ++n) {
    const std::string order = Clients::order(n);
    const auto found = engine.conversations_of_order(world.workspace(), order);
    must(found.has_value(), found ? "" : "an order is looked for: " + found.error().detail);
    std::set<ConversationId> wanted;
    for (const auto& [id, conversation] : model.conversations())
      for (const Model::Item& item : conversation.items)
        if (item.order == order && !item.erased) wanted.insert(id);
    must(std::set<ConversationId>(found->begin(), found->end()) == wanted,
         order + " leads to its conversations " + where + ": " + std::to_string(found->size()) + " of " +
             std::to_string(wanted.size()));
  }
}

/// Takes what a process has to do now, over a log that holds nothing back; whether any event came of it.
bool let_run(World& world, Process& process) {
  MemoryLogStorage& storage = world.storage();
  const auto envelopes = [&] {
    std::size_t out = 0;
    for (PartitionId p = 0; p < world.plan().partitions; ++p)
      for (Offset at = 0; at < storage.end(p); ++at) {
        const Bytes bytes = storage.bytes(p, at);
        const auto record = parse_record(storage.options().id, bytes);
        if (!record || !*record || (*record)->frame.kind != RecordKind::envelope) continue;
        const auto envelope = decode_envelope((*record)->body);
        out += envelope && !envelope->events.empty() ? 1 : 0;
      }
    return out;
  };
  const std::size_t before = envelopes();
  process.engine.start();
  for (bool ran = true; ran;) {
    ran = false;
    for (const auto& executor : process.executors) ran = executor->run() > 0 || ran;
    if (ran || world.plan().exclusive) continue;
    // A claim waits a moment where others may write.
    for (const auto& executor : process.executors)
      if (const auto due = executor->next_due(); due && *due <= world.time().boot_ms() + 100) {
        world.time().advance(std::max<std::int64_t>(*due - world.time().boot_ms(), 0));
        ran = true;
      }
  }
  return envelopes() > before;
}

/// Last, because it claims. What folds from zero does what is owed, and by that changes the log: so each of the two goes on where the other
/// stopped, until there is nothing left to do.
void judge_fold_store(World& world, const Model& model) {
  const bool erased = !world.ledger().erased.empty();
  Node& node = world.survivor();
  const Rows all = rows_of(*node.rows->open("fold").value());
  must(std::ranges::none_of(all, [](const auto& row) { return row.first.at(2) == 'X'; }),
       "no redaction is owed at rest");
  const auto has_owed =
      std::ranges::any_of(comparable(all, erased), [](const auto& row) { return row.first.at(2) == 'O'; });
  must(!has_owed, "nobody's first event is owed at rest");
  node.process.reset();
  MemoryRows rows;
  MemoryLogStorage& storage = world.storage();
  storage.hold_syncs(false);
  storage.hold_appends(false);
  for (int turns = 0;; ++turns) {
    must(turns < 20, "two processes after one another leave each other nothing to do");
    const bool from_zero = let_run(world, *world.process_from_zero(rows));
    const bool live = let_run(world, *world.process_from_zero(*node.rows));
    if (!from_zero && !live) break;
  }
  const Rows live = comparable(rows_of(*node.rows->open("fold").value()), erased);
  const Rows folded = comparable(rows_of(*rows.open("fold").value()), erased);
  // Which kinds of rows differ is what one looks for first.
  std::string differ;
  for (const auto* some : {&folded, &live})
    for (const auto& row : *some) {
      const Rows& others = some == &folded ? live : folded;
      const char kind = static_cast<char>(row.first.at(2));
      if (std::ranges::find(others, row) == others.end() && differ.find(kind) == std::string::npos)
        differ += kind;
    }
  must(folded == live,
       "folding the log from zero gives the rows that there are; kinds that differ: " + differ);
  const auto process = world.process_from_zero(rows);
  (void)let_run(world, *process);
  judge_orders(world, model, process->engine, "in a fold store from zero");
}

}  // namespace

void judge(World& world) {
  std::vector<PartitionId> partition_of_slot;
  Process& process = *world.survivor().process;
  for (unsigned slot = 0; slot < 256; ++slot)
    partition_of_slot.push_back(process.engine.partition_of(static_cast<Slot>(slot)));
  Model model(world.ledger(), world.keys(), process.engine.door(), world.workspace(), partition_of_slot,
              std::ranges::none_of(
                  std::array{Fault::clock_step, Fault::clock_jump, Fault::clock_skew, Fault::clock_years},
                  [&](Fault fault) { return world.plan().has(fault); }));
  judge_log(world, model);
  judge_conversations(world, model);
  judge_routing(world, model);
  judge_views(world);
  judge_vault(world);
  judge_orders(world, model, process.engine, "in the fold store that there is");
  judge_fold_store(world, model);
}

}  // namespace parlance::simulation
