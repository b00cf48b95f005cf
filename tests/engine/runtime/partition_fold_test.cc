// A fold over rows that fail or are damaged: it says so, whatever it was about to do, and folds nothing wrongly.
#include "engine/runtime/partition_fold.h"

#include <algorithm>
#include <optional>

#include "tests/support/engine_fixture.h"
#include "tests/support/failing_family.h"

using namespace parlance;
using namespace parlance::tests;

namespace {

using Rows = std::vector<std::pair<Bytes, Bytes>>;

Rows rows_in(const RowFamily& family) {
  Rows out;
  REQUIRE(family.scan({}, {}, [&](ByteView key, ByteView value) {
    out.emplace_back(Bytes(key.begin(), key.end()), Bytes(value.begin(), value.end()));
    return true;
  }));
  return out;
}

/// The log of a desk at which a little of everything happened, in one partition.
class DeskLog {
 public:
  DeskLog() : desk_({.partitions = 1}) {
    inbox = QueueId::from(desk_.done(desk_.on_desk(desk::AddQueue{{}, "Inbox"})).made);
    const auto agent =
        AgentId::from(desk_.done(desk_.on_desk(desk::AddAgent{{}, Role::agent, {"Ann", ""}, {}})).made);
    desk_.done(desk_.on_desk(desk::ChangeQueue{
        inbox,
        {},
        QueueRule{.kind = RuleKind::round_robin, .skills = {}, .team = {}, .offer_ms = minute_ms}}));
    settings::Policy policy;
    policy.first_response_ms = hour_ms;
    desk_.done(desk_.policy(policy));
    desk_.done(desk_.on_settings(settings::AddTag{{}, "late parcel"}));
    Request present;
    present.workspace = desk_.workspace;
    present.slot = desk_.workspace.slot();
    present.actor = {ActorKind::agent, agent};
    present.action = OnRouting{routing::SetPresence{agent, routing::Presence::online}};
    desk_.done(present);
    const Outcome first = desk_.done(desk_.message({.text = "one, order 20261122-4711", .key = "m1"}));
    ada = ConversationId::from(first.stream.id);
    subject = first.subject;
    const Outcome second = desk_.done(desk_.message({.text = "two", .key = "m2"}));
    desk_.done(desk_.message({.from = "bob@example.com", .text = "three", .key = "m3"}));
    desk_.received(
        {.from = desk_.address_away_from(ada.slot()), .text = "me too", .key = "m6", .thread = ada});
    desk_.done(desk_.add_identity(subject, Channel::email, "ada.second@example.com"));
    desk_.done(desk_.reply(ada));
    desk_.done(desk_.redact(ada, *second.message));
    OnDraft draft;
    draft.conversation = ada;
    draft.agent = agent;
    draft.command.text = "to be continued";
    draft.command.kind = DraftKind::reply;
    draft.command.at = desk_.time.now();
    Request drafts;
    drafts.workspace = desk_.workspace;
    drafts.slot = ada.slot();
    drafts.actor = {ActorKind::agent, agent};
    drafts.action = std::move(draft);
    desk_.done(drafts);
    desk_.done(desk_.on(ada, conversation::Snooze{.until = desk_.time.now() + 2 * hour_ms}));
    import = ImportId::from({9, 9});
    desk_.done(desk_.on_settings(settings::OpenImport{import}));
    Request line = desk_.message(
        {.from = "cleo@example.com", .text = "of old", .key = "m4", .at = desk_.time.now() + -day_ms});
    line.import = import;
    desk_.done(line);
    desk_.pass(3 * hour_ms);
    desk_.done(desk_.on(ada, conversation::Resolve{}));
    desk_.done(desk_.on_settings(settings::CloseImport{import}));
    Request more = desk_.message({.from = "cleo@example.com", .text = "and of today", .key = "m5"});
    desk_.done(more);
    LogState state = initial_log_state(log_id(), 0);
    for (Offset at = 0; at < desk_.storage->end(0); ++at) {
      const Bytes bytes = desk_.storage->bytes(0, at);  // the folded record points into it
      const auto folded = fold(state, at, bytes);
      REQUIRE(folded);
      if (folded->verdict != Verdict::accepted_envelope) continue;
      auto envelope = decode_envelope(folded->record.body);
      REQUIRE(envelope);
      envelopes.push_back({at, std::move(*envelope), state});
    }
    REQUIRE(envelopes.size() > 20);
  }

  struct Accepted {
    Offset offset = 0;
    Envelope envelope;
    LogState after;
  };
  std::vector<Accepted> envelopes;
  ConversationId ada;
  SubjectId subject;
  QueueId inbox;
  ImportId import;

  [[nodiscard]] LogId log_id() const { return desk_.storage->options().id; }
  [[nodiscard]] WorkspaceId workspace() const { return desk_.workspace; }
  [[nodiscard]] PartitionFold fold_over(RowFamily& rows, PartitionId partition = 0) {
    return {partition, genesis_of(partition, 1, desk_.storage->options().generation, desk_.keys), rows,
            desk_.engine().door(), desk_.keys};
  }
  void erase(SubjectId whom) {
    const auto rows = desk_.engine().door().rows_of(desk_.workspace, whom);
    REQUIRE(rows);
    REQUIRE(desk_.engine().door().destroy(std::span<const ReferenceId>(*rows), 20'000));
  }

 private:
  EngineFixture desk_;
};

/// Everything that a fold can be asked, as the rules of the errors it answered with; "" for an answer.
std::vector<std::string_view> ask_all(DeskLog& desk, PartitionFold& fold) {
  std::vector<std::string_view> out;
  const auto ask = [&](const auto& answer) {
    out.push_back(answer ? std::string_view() : answer.error().rule);
  };
  const Bytes from = fold.first_conversation();
  ask(fold.due(instant_max, 0));
  ask(fold.find_subject(desk.workspace(), Channel::email, "ada@example.com"));
  for (unsigned slot = 0; slot < 256; ++slot)
    if (auto known = fold.conversations_of(static_cast<Slot>(slot), desk.subject); !known) ask(known);
  ask(fold.reference_of(desk.workspace(), desk.ada, desk.subject));
  ask(fold.is_open(desk.workspace(), desk.import));
  ask(fold.numbered(desk.workspace(), desk.ada.slot()));
  ask(fold.due(instant_max, 100));
  ask(fold.due(instant_max, 1));
  ask(fold.due(fixture_start, 100));
  ask(fold.owed());
  ask(fold.redactions());
  ask(fold.owes_redaction(desk.ada, 1));
  ask(fold.workspaces());
  ask(fold.routed_workspaces());
  ask(fold.adopted_workspaces());
  ask(fold.owed_to_routing());
  ask(fold.swept(desk.workspace()));
  ask(fold.trail_of(desk.workspace(), desk.ada));
  ask(fold.written<conversation::State>({Category::conversation, desk.ada}));
  Bytes at = from;
  for (int pages = 0; pages < 50 && !at.empty(); ++pages) {
    auto next = fold.each_conversation(at, 1, [](ConversationId, const auto&) {});
    ask(next);
    at = next ? *next : Bytes{};
  }
  for (const auto& [offset, envelope, after] : desk.envelopes) {
    if (envelope.command) ask(fold.offset_of(*envelope.command));
    for (const StreamEvent& event : envelope.events) ask(fold.version_of(event.stream));
  }
  return out;
}

}  // namespace

TEST_CASE(
    "whichever row cannot be read or written, a fold says so, and folded again over rows that can it is the "
    "same") {
  DeskLog desk;
  MemoryRows whole;
  RowFamily& rows = *whole.open("fold").value();
  std::size_t failed = 0;
  PartitionFold first = desk.fold_over(rows);
  REQUIRE(first.load(desk.log_id()));
  REQUIRE(first.write(0));
  for (const auto& [offset, envelope, after] : desk.envelopes) {
    CAPTURE(offset);
    const Rows before = rows_in(rows);
    for (std::size_t n = 1;; ++n) {
      Calls calls{.fail_at = n};
      FailingFamily failing(rows, calls);
      PartitionFold cold = desk.fold_over(failing);
      const auto loaded = cold.load(desk.log_id());
      Result<void> folded;
      if (loaded) folded = cold.catch_up(envelope, offset, 0);
      Result<Instant> written = instant_max;
      if (loaded && folded) {
        cold.passed(after);
        written = cold.write(0);
      }
      const bool came = calls.made >= n;
      if (!came) break;  // all of it worked, and is written
      ++failed;
      const std::string_view rule = !loaded    ? loaded.error().rule
                                    : !folded  ? folded.error().rule
                                    : !written ? written.error().rule
                                               : std::string_view();
      CHECK(rule == "test.fault");
      CHECK(rows_in(rows) == before);
    }
    CHECK(rows_in(rows) != before);
  }
  CHECK(failed > 100);
  // In one go they are the same rows.
  MemoryRows other;
  RowFamily& warm_rows = *other.open("fold").value();
  PartitionFold warm = desk.fold_over(warm_rows);
  REQUIRE(warm.load(desk.log_id()));
  for (const auto& [offset, envelope, after] : desk.envelopes) {
    REQUIRE(warm.catch_up(envelope, offset, 0));
    warm.passed(after);
  }
  REQUIRE(warm.write(0));
  CHECK(rows_in(warm_rows) == rows_in(rows));

  // And what it is asked.
  std::size_t refused = 0;
  for (std::size_t n = 2;; ++n) {
    Calls calls{.fail_at = n};
    FailingFamily failing(rows, calls);
    PartitionFold cold = desk.fold_over(failing);
    REQUIRE(cold.load(desk.log_id()));
    const auto answers = ask_all(desk, cold);
    const auto faults = static_cast<std::size_t>(std::ranges::count(answers, "test.fault"));
    if (calls.made < n) {
      CHECK(faults == 0);
      break;
    }
    CHECK(faults >= 1);
    refused += faults;
  }
  CHECK(refused > 30);
}

TEST_CASE("whichever row is damaged, a fold answers, or says that it is damaged") {
  DeskLog desk;
  MemoryRows whole;
  RowFamily& rows = *whole.open("fold").value();
  PartitionFold first = desk.fold_over(rows);
  REQUIRE(first.load(desk.log_id()));
  for (const auto& [offset, envelope, after] : desk.envelopes) {
    REQUIRE(first.catch_up(envelope, offset, 0));
    first.passed(after);
  }
  REQUIRE(first.write(0));
  const Rows all = rows_in(rows);
  std::size_t told = 0;
  for (const auto& [key, value] : all) {
    if (key[2] == 'M') continue;  // another layout's or log's: all is folded anew
    for (const std::optional<std::size_t> keep :
         {std::optional(std::size_t{0}), std::optional(value.size() / 2), std::optional(value.size() + 3),
          std::optional<std::size_t>()}) {
      Bytes harmed = value;
      harmed.resize(keep.value_or(0));
      REQUIRE(rows.write({{key, keep ? std::optional(harmed) : std::nullopt}}));
      PartitionFold cold = desk.fold_over(rows);
      REQUIRE(cold.load(desk.log_id()));
      for (const std::string_view rule : ask_all(desk, cold)) told += rule.empty() ? 0 : 1;
      for (const auto& [offset, envelope, after] : desk.envelopes) {
        PartitionFold colder = desk.fold_over(rows);
        REQUIRE(colder.load(desk.log_id()));
        if (const auto folded = colder.catch_up(envelope, offset, 0); !folded) ++told;
      }
    }
    REQUIRE(rows.write({{key, value}}));
  }
  CHECK(told > 100);
  // Rows of no kind are passed over.
  for (const char kind : {'T', 'I', 'Q', 'R', 'S', 'N'}) {
    Bytes key = all.front().first;
    key.resize(3);
    key[2] = static_cast<std::uint8_t>(kind);
    REQUIRE(rows.write({{key, Bytes(2)}}));
  }
  REQUIRE(rows.write({{fold_rows::held_timers(0, desk.import), Bytes(2)},
                      {fold_rows::id_key(0, 'O', RawId{1, 2}), Bytes(2)},
                      {routing_rows::swept_key(0, desk.workspace()), Bytes(5)}}));
  PartitionFold cold = desk.fold_over(rows);
  REQUIRE(cold.load(desk.log_id()));
  for (const std::string_view rule : ask_all(desk, cold)) CHECK(rule != "test.fault");
  // Of another log, layout or partition: emptied, or not begun where that cannot be done.
  const Rows before = rows_in(rows);
  const auto state_row = std::ranges::find_if(before, [](const auto& row) { return row.first[2] == 'M'; });
  REQUIRE(state_row != before.end());
  const auto put_back = [&] {
    for (const auto& [key, value] : before) REQUIRE(rows.write({{key, value}}));
  };
  for (std::size_t at = 0; at <= state_row->second.size(); ++at) {
    Bytes other = state_row->second;
    if (at < other.size())
      other[at] ^= 1;
    else
      other.push_back(0);
    REQUIRE(rows.write({{state_row->first, other}}));
    PartitionFold again = desk.fold_over(rows);
    const auto loaded = again.load(desk.log_id());
    REQUIRE(loaded);
    if (!*loaded) {
      CHECK(rows_in(rows).empty());
      put_back();
    }
  }
  put_back();
  REQUIRE(rows.write({{state_row->first, Bytes(3)}}));
  PartitionFold short_of = desk.fold_over(rows);
  const auto short_loaded = short_of.load(desk.log_id());
  REQUIRE(short_loaded);
  CHECK_FALSE(*short_loaded);
  put_back();
  // A partition's state under the key of another.
  REQUIRE(rows.write({{fold_rows::key(1, 'M'), state_row->second}}));
  PartitionFold neighbour = desk.fold_over(rows, 1);
  const auto begun = neighbour.load(desk.log_id());
  REQUIRE(begun);
  CHECK_FALSE(*begun);
  for (std::size_t n = 1;; ++n) {
    Calls calls{.fail_at = n};
    FailingFamily failing(rows, calls);
    PartitionFold foreign = desk.fold_over(failing);
    const auto loaded = foreign.load(LogId::from({5, 5}));
    if (calls.made < n) {
      REQUIRE(loaded);
      CHECK_FALSE(*loaded);
      break;
    }
    CHECK(loaded.error().rule == "test.fault");
  }
  CHECK(rows_in(rows).empty());
}

TEST_CASE(
    "whoever is erased has no address and no row in a conversation any more, though the fold's own rows "
    "stay") {
  DeskLog desk;
  MemoryRows whole;
  RowFamily& rows = *whole.open("fold").value();
  PartitionFold fold = desk.fold_over(rows);
  REQUIRE(fold.load(desk.log_id()));
  for (const auto& [offset, envelope, after] : desk.envelopes) REQUIRE(fold.catch_up(envelope, offset, 0));
  const auto subject_at = [&] {
    const auto found = fold.find_subject(desk.workspace(), Channel::email, "ada@example.com");
    REQUIRE(found);
    return *found;
  };
  const auto row_of_her = [&] {
    const auto found = fold.reference_of(desk.workspace(), desk.ada, desk.subject);
    REQUIRE(found);
    return *found;
  };
  CHECK(subject_at() == desk.subject);
  CHECK(row_of_her());
  desk.erase(desk.subject);
  CHECK_FALSE(subject_at());
  CHECK_FALSE(row_of_her());
}

TEST_CASE("what a closed import held is due, as many as are asked for, and no row that is none among it") {
  DeskLog desk;
  MemoryRows whole;
  RowFamily& rows = *whole.open("fold").value();
  PartitionFold first = desk.fold_over(rows);
  REQUIRE(first.load(desk.log_id()));
  for (const auto& [offset, envelope, after] : desk.envelopes) {
    REQUIRE(first.catch_up(envelope, offset, 0));
    first.passed(after);
  }
  REQUIRE(first.write(0));
  const auto count = [&](Instant now, std::size_t limit) {
    PartitionFold cold = desk.fold_over(rows);
    REQUIRE(cold.load(desk.log_id()));
    const auto due = cold.due(now, limit);
    REQUIRE(due);
    return due->timers.size();
  };
  const std::size_t before = count(instant_max, 100);
  const Bytes workspace = ByteWriter().id(desk.workspace()).take();
  const StreamId stream{Category::conversation, desk.ada};
  REQUIRE(
      rows.write({{fold_rows::held_timers(0, desk.import), workspace},
                  {fold_rows::held_timer_key(0, desk.import, fixture_start, stream, {}), workspace},
                  {fold_rows::held_timer_key(0, desk.import, fixture_start + 1, stream, {}), workspace}}));
  CHECK(count(instant_max, 100) == before + 2);
  CHECK(count(instant_max, before + 1) == before + 1);
  CHECK(count(fixture_start, 100) == 1);
  for (std::size_t n = 2, refused = 0;; ++n) {
    Calls calls{.fail_at = n};
    FailingFamily failing(rows, calls);
    PartitionFold cold = desk.fold_over(failing);
    REQUIRE(cold.load(desk.log_id()));
    const auto due = cold.due(instant_max, 100);
    if (calls.made < n) {
      CHECK(refused >= 4);
      break;
    }
    refused += due ? 0 : 1;
    CHECK_FALSE(due);
  }
}

TEST_CASE("keys of other kinds are none, and behind an import comes the next") {
  const Bytes timer = fold_rows::timer_key(1, fixture_start, {Category::conversation, RawId{1, 2}}, {});
  REQUIRE(fold_rows::read_timer_key(timer));
  CHECK_FALSE(fold_rows::read_held_timer_key(timer));
  CHECK_FALSE(fold_rows::read_timer_key({}));
  CHECK_FALSE(fold_rows::read_held_timer_key({}));
  CHECK_FALSE(fold_rows::read_timer_key(ByteView(timer).first(10)));
  CHECK_FALSE(fold_rows::is_stream_of(timer, Category::conversation));
  CHECK_FALSE(fold_rows::is_stream_of({}, Category::conversation));
  CHECK(fold_rows::is_stream_of(fold_rows::stream_key(1, {Category::draft, RawId{1, 2}}), Category::draft));
  CHECK(fold_rows::after(ImportId::from({1, ~std::uint64_t{0}})) == ImportId::from({2, 0}));
  CHECK(fold_rows::after(ImportId::from({1, 5})) == ImportId::from({1, 6}));
}
