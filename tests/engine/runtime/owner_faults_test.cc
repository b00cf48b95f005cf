// One call of a port fails, whichever: everybody is answered, what is sent again under its key is done once, and the rows are what the log says.
#include <map>
#include <type_traits>
#include <typeinfo>

#include "tests/support/engine_fixture.h"
#include "tests/support/failing_family.h"

using namespace parlance;
using namespace parlance::tests;

namespace {

struct AllCalls {
  Calls fold, vault, log, keys;
};

class FailingVault final : public Vault {
 public:
  FailingVault(Vault& under, Calls& calls) : under_(under), calls_(calls) {}
  Result<std::optional<Bytes>> get(VaultFamily family, ByteView key) const override {
    if (calls_.fails()) return calls_.error();
    return under_.get(family, key);
  }
  Result<void> scan(VaultFamily family, const std::function<bool(ByteView, ByteView)>& sink) const override {
    if (calls_.fails()) return calls_.error();
    return under_.scan(family, sink);
  }
  Result<void> write(const std::vector<VaultRow>& put, const std::vector<VaultRow>& remove) override {
    if (calls_.fails()) return calls_.error();
    return under_.write(put, remove);
  }

 private:
  Vault& under_;
  Calls& calls_;
};

/// Of the log only reading fails here: what becomes of appends is the fencing tests' matter.
class FailingLog final : public EventLog {
 public:
  FailingLog(EventLog& under, Calls& calls) : under_(under), calls_(calls) {}
  LogId id() const override { return under_.id(); }
  std::uint32_t generation() const override { return under_.generation(); }
  PartitionId partitions() const override { return under_.partitions(); }
  bool exclusive() const override { return under_.exclusive(); }
  void append(PartitionId partition, std::vector<Record> records, AppendDone done) override {
    under_.append(partition, std::move(records), std::move(done));
  }
  Result<void> reopen(PartitionId partition) override {
    if (calls_.fails()) return calls_.error();
    return under_.reopen(partition);
  }
  Offset end(PartitionId partition) const override { return under_.end(partition); }
  Result<Offset> read(PartitionId partition, Offset from, std::size_t limit,
                      const std::function<bool(const StoredRecord&)>& sink) const override {
    if (calls_.fails()) return calls_.error();
    return under_.read(partition, from, limit, sink);
  }
  void on_advance(std::function<void(PartitionId)> listener) override {
    under_.on_advance(std::move(listener));
  }
  std::optional<SealedMark> sealed_mark(PartitionId partition) const override {
    return under_.sealed_mark(partition);
  }

 private:
  EventLog& under_;
  Calls& calls_;
};

class FailingKeys final : public KeyService {
 public:
  FailingKeys(KeyService& under, Calls& calls) : under_(under), calls_(calls) {}
  Result<Bytes> wrap(BucketId bucket, ByteView plaintext, ByteView associated) override {
    if (calls_.fails()) return calls_.error();
    return under_.wrap(bucket, plaintext, associated);
  }
  Result<Bytes> unwrap(BucketId bucket, ByteView wrapped, ByteView associated) override {
    if (calls_.fails()) return calls_.error();
    return under_.unwrap(bucket, wrapped, associated);
  }
  const Key& secret(SecretKey which) const override { return under_.secret(which); }
  std::array<std::uint8_t, 16> fingerprint() const override { return under_.fingerprint(); }

 private:
  KeyService& under_;
  Calls& calls_;
};

/// The ports of one process after the other, with faults between.
struct Faults {
  AllCalls calls;
  std::vector<std::unique_ptr<FailingFamily>> families;
  std::vector<std::unique_ptr<FailingVault>> vaults;
  std::vector<std::unique_ptr<FailingLog>> logs;
  std::vector<std::unique_ptr<FailingKeys>> keys;

  Engine::Ports between(const Engine::Ports& ports) {
    families.push_back(std::make_unique<FailingFamily>(ports.fold, calls.fold));
    vaults.push_back(std::make_unique<FailingVault>(ports.vault, calls.vault));
    logs.push_back(std::make_unique<FailingLog>(ports.log, calls.log));
    keys.push_back(std::make_unique<FailingKeys>(ports.keys, calls.keys));
    return {*logs.back(), *vaults.back(), *keys.back(),   *families.back(),
            ports.random, ports.clock,    ports.executors};
  }
};

/// A day at a desk in which nobody gives up: what is not done is sent again under its key, and a process whose owner stopped is
/// started anew.
class Day {
 public:
  explicit Day(Faults& faults)
      : faults_(faults),
        desk_({.between = [&faults](const Engine::Ports& p) { return faults.between(p); }}) {}

  void run() {
    inbox_ = QueueId::from(must("inbox", [&] { return desk_.on_desk(desk::AddQueue{{}, "Inbox"}); }).made);
    agent_ = AgentId::from(must("ann", [&] {
                             return desk_.on_desk(desk::AddAgent{{}, Role::agent, {"Ann", ""}, {}});
                           }).made);
    must("rule", [&] {
      return desk_.on_desk(desk::ChangeQueue{
          inbox_,
          {},
          QueueRule{.kind = RuleKind::round_robin, .skills = {}, .team = {}, .offer_ms = minute_ms}});
    });
    must("policy", [&] {
      settings::Policy policy;
      policy.first_response_ms = hour_ms;
      return desk_.policy(policy);
    });
    must("tag", [&] { return desk_.on_settings(settings::AddTag{{}, "late parcel"}); });
    must("present", [&] { return routing(routing::SetPresence{agent_, routing::Presence::online}); });

    const Outcome first =
        must("m1", [&] { return message({.from = "ada@example.com", .text = "one", .key = "m1"}); });
    const ConversationId ada = ConversationId::from(first.stream.id);
    again("accept", [&] { return routing(routing::AcceptOffer{ada, agent_}); });
    must("reply", [&] { return desk_.reply(ada, "dear Ada"); });
    must("note", [&] {
      conversation::Note note;
      note.agent = agent_;
      note.content.text = "a note";
      return desk_.on(ada, std::move(note));
    });
    const Outcome second =
        must("m2", [&] { return message({.from = "ada@example.com", .text = "two", .key = "m2"}); });
    // Through two doors.
    const std::string friend_of = desk_.address_away_from(ada.slot());
    must("m3", [&] { return message({.from = friend_of, .text = "three", .key = "m3", .thread = ada}); });
    must("m4", [&] { return message({.from = "bob@example.com", .text = "four", .key = "m4"}); });
    must("redact", [&] { return desk_.redact(ada, *second.message); });
    must("draft", [&] {
      OnDraft action;
      action.conversation = ada;
      action.agent = agent_;
      action.command.text = "to be continued";
      action.command.kind = DraftKind::reply;
      action.command.at = desk_.time.now();
      Request request;
      request.workspace = desk_.workspace;
      request.slot = ada.slot();
      request.actor = {ActorKind::agent, agent_};
      request.action = std::move(action);
      return request;
    });
    again("snooze",
          [&] { return desk_.on(ada, conversation::Snooze{.until = fixture_start + 2 * hour_ms}); });
    if (first.subject != SubjectId{})
      again("link",
            [&] { return desk_.add_identity(first.subject, Channel::email, "ada@elsewhere.example"); });
    // Timers, each of which is due in its turn whatever failed meanwhile.
    for (int i = 0; i < 4; ++i) {
      desk_.pass(hour_ms);
      revive();
    }
    again("resolve", [&] { return desk_.on(ada, conversation::Resolve{}); });
    again("undo", [&] {
      conversation::Undo command;
      command.by = {ActorKind::agent, agent_};
      command.agent = agent_;
      return desk_.on(ada, std::move(command));
    });
    must("m5", [&] { return message({.from = "ada@example.com", .text = "five", .key = "m5"}); });
    (void)desk_.engine().maintain(true);
    desk_.restart();
    revive();
    faults_.calls.fold.fail_at = faults_.calls.vault.fail_at = faults_.calls.log.fail_at =
        faults_.calls.keys.fail_at = 0;
    desk_.crash();
    revive();
    desk_.pass(minute_ms);
    for (const auto& [name, outcome] : done_) {
      CAPTURE(name);
      const Outcome repeated = desk_.done(keyed(name, made_.at(name)));
      CHECK(repeated.replayed);
      CHECK(repeated.envelope == outcome.envelope);
    }
    (void)desk_.engine().maintain(true);
  }

  /// What customers wrote, and how often each kind of event happened to conversations: the same whatever failed.
  [[nodiscard]] std::map<std::string, std::size_t> happened() {
    std::map<std::string, std::size_t> out;
    for (const Envelope& envelope : desk_.envelopes())
      for (const StreamEvent& event : envelope.events)
        if (const auto* c = std::get_if<conversation::Event>(&event.body))
          std::visit(
              [&]<class E>(const E&) {
                // Who had it when depends on the moments at which things were done again.
                if constexpr (!std::is_same_v<E, conversation::Assigned>) ++out[typeid(E).name()];
              },
              *c);
    for (const auto& [name, outcome] : done_)
      if (outcome.opened)
        for (const std::string& text : desk_.texts(ConversationId::from(outcome.stream.id)))
          ++out["text " + text];
    return out;
  }
  [[nodiscard]] std::vector<std::pair<Bytes, Bytes>> rows() {
    auto rows = desk_.stored_rows();
    // A start claims, which changes the rows of the log's state; and what is owed to routing is known from answers, not from the log.
    std::erase_if(rows, [](const auto& row) {
      return row.first[2] == 'M' || row.first[2] == 'Q' || row.first[2] == 'Z';
    });
    return rows;
  }
  void fold_again() {
    desk_.crash_and_lose_rows();
    (void)desk_.engine().maintain(true);
  }

 private:
  using Make = std::function<Request()>;
  Request message(const EngineFixtureMessage& m) { return desk_.message(m); }
  template <class Command> Request routing(Command command) {
    Request request;
    request.workspace = desk_.workspace;
    request.slot = desk_.workspace.slot();
    request.actor = {ActorKind::agent, agent_};
    request.action = OnRouting{command};
    return request;
  }
  Request keyed(const std::string& name, Request request) {
    request.command = desk_.key(name);
    return request;
  }
  void revive() {
    for (int tries = 0; tries < 3; ++tries) {
      bool stopped = false;
      for (const OwnerStatus& status : desk_.status())
        stopped = stopped || status.health == OwnerHealth::stopped;
      if (!stopped) return;
      desk_.crash();
    }
    FAIL("an owner stops again and again");
  }
  std::optional<Outcome> attempt(const std::string& name, const Make& make) {
    for (int tries = 0; tries < 4; ++tries) {
      const Request request = keyed(name, make());
      const Pending pending = desk_.send(request);
      desk_.settle();
      if (!pending.answered()) desk_.pass(2 * minute_ms);
      revive();
      if (!pending.answered()) continue;  // of a process that is no more
      if (pending.result()) {
        done_[name] = *pending.result();
        made_.emplace(name, request);
        return *pending.result();
      }
      const Error& error = pending.result().error();
      if (error.code == Errc::refused || error.code == Errc::invalid) return std::nullopt;
    }
    return std::nullopt;
  }
  Outcome must(const std::string& name, const Make& make) {
    const auto outcome = attempt(name, make);
    CAPTURE(name);
    REQUIRE(outcome);
    return *outcome;
  }
  /// What a rule may refuse, depending on what happened meanwhile.
  void again(const std::string& name, const Make& make) { (void)attempt(name, make); }

  Faults& faults_;
  EngineFixture desk_;
  QueueId inbox_;
  AgentId agent_;
  std::map<std::string, Outcome> done_;
  std::map<std::string, Request> made_;
};

constexpr std::size_t runs_a_port = 120;

void each_call_fails(Calls AllCalls::*port, Errc as) {
  std::size_t calls = 0;
  std::map<std::string, std::size_t> wanted;
  {
    Faults faults;
    Day day(faults);
    day.run();
    calls = (faults.calls.*port).made;
    wanted = day.happened();
  }
  REQUIRE(calls > 10);
  const std::size_t step = std::max<std::size_t>(1, calls / runs_a_port);
  for (std::size_t n = 1; n <= calls; n += step) {
    CAPTURE(n);
    Faults faults;
    (faults.calls.*port).fail_at = n;
    (faults.calls.*port).as = as;
    Day day(faults);
    day.run();
    CHECK(day.happened() == wanted);
    const auto live = day.rows();
    day.fold_again();
    CHECK(day.rows() == live);
  }
}

}  // namespace

TEST_CASE("one call of the fold store fails") { each_call_fails(&AllCalls::fold, Errc::unavailable); }
TEST_CASE("one call of the fold store finds damage") { each_call_fails(&AllCalls::fold, Errc::corrupt); }
TEST_CASE("one call of the vault fails") { each_call_fails(&AllCalls::vault, Errc::unavailable); }
TEST_CASE("one reading of the log fails") { each_call_fails(&AllCalls::log, Errc::unavailable); }
TEST_CASE("one call of the key service fails") { each_call_fails(&AllCalls::keys, Errc::unavailable); }
