#include "tools/parlance/log_verify.h"

#include <future>

#include <doctest/doctest.h>

#include "engine/runtime/capsule.h"
#include "schemas/envelope.h"
#include "tests/support/print.h"
#include "tests/support/temp_dir.h"

using namespace parlance;
using namespace parlance::tools;

namespace {

const LogId log_id = LogId::from({0x0192000000000000, 0x1234});
const WorkspaceId workspace = WorkspaceId::from({1, 1});
const StreamId conversation_stream{Category::conversation, {0x0192000000000000, 0x77}};  // slot 0
constexpr Instant noon{1'800'000'000'000};

/// A log of one partition, written record by record: soundly, unless a test says otherwise.
class WrittenLog {
 public:
  WrittenLog() {
    REQUIRE(create_embedded_log(dir_ / "log", log_id, 1, 1));
    auto opened = open_embedded_log(dir_ / "log");
    REQUIRE(opened);
    log_ = std::move(*opened);
  }

  void claim(std::uint16_t slots = 256) {
    Claim claim;
    claim.nonce = {9, state_.epoch + 1};
    claim.seen = {state_.next, state_.seq, state_.chain};
    if (state_.epoch == 0) claim.genesis = Genesis{1, 0, slots, {}};
    append_claim(claim);
  }
  void append_claim(const Claim& claim) {
    Frame frame;
    frame.kind = RecordKind::claim;
    frame.log = log_id;
    frame.epoch = state_.epoch + 1;
    append(encode_record(frame, encode_claim(claim)));
  }

  /// The next envelope, with a change of priority as the next event of the conversation.
  Envelope next() {
    Envelope envelope;
    envelope.id = EnvelopeId::from({0x0192000000000000, 0x1000 + state_.next});
    envelope.workspace = workspace;
    envelope.recorded_at = noon + static_cast<std::int64_t>(state_.next);
    const conversation::PriorityChanged changed{Priority::low, Priority::high, noon};
    envelope.events.push_back({conversation_stream, ++version_, noon, conversation::Event{changed}});
    return envelope;
  }
  void envelope(const Envelope& envelope, std::vector<VaultRow> rows = {}) {
    append(encode_record(frame_of(kinds_of(envelope)), encode_envelope(envelope)), std::move(rows));
  }
  [[nodiscard]] Frame frame_of(const KindSet& kinds) const {
    Frame frame;
    frame.log = log_id;
    frame.epoch = state_.epoch;
    frame.seq = state_.seq + 1;
    frame.prev = state_.chain;
    frame.kinds = kinds;
    return frame;
  }
  void append(Bytes bytes, std::vector<VaultRow> rows = {}) {
    const auto folded = fold(state_, state_.next, bytes);
    Record record{std::move(bytes), std::move(rows), state_.chain};
    if (!folded) state_.next += 1;  // what a sound owner would never have written
    std::promise<bool> written;
    log_->append(0, {std::move(record)},
                 [&](std::size_t, const Result<Offset>& at) { written.set_value(at.has_value()); });
    REQUIRE(written.get_future().get());
  }

  /// Closes it and holds it against the rules.
  LogFound verify() {
    log_.reset();
    auto reader = LogReader::open(dir_.path());
    REQUIRE(reader);
    Progress quiet("verifying", "records", 0, true);
    return verify_log(*reader, quiet);
  }

 private:
  tests::TempDir dir_;
  std::unique_ptr<EmbeddedLog> log_;
  LogState state_ = initial_log_state(log_id, 0);
  Version version_ = 0;
};

/// "offset rule" of each difference.
std::vector<std::string> places(const LogFound& found) {
  std::vector<std::string> out;
  for (const Difference& d : found.differences) {
    CHECK_FALSE(advice(d.rule).empty());
    out.push_back((d.offset ? std::to_string(*d.offset) : "-") + " " + std::string(d.rule));
  }
  CHECK(found.differences_in_all == out.size());
  return out;
}
using Places = std::vector<std::string>;

/// A note whose text is `stored` in the vault.
struct Note {
  Envelope envelope;
  Sealed sealed;
  Bytes stored{1, 2, 3};
  VaultRow capsule, row;
};
Note note_in(WrittenLog& log) {
  Note note;
  note.envelope = log.next();
  note.sealed = {{note.envelope.id, 0}, ReferenceId::from({5, 5}), FieldClass::content, sha256(note.stored)};
  const AgentId agent = AgentId::from({3, 3});
  note.envelope.events[0].body = conversation::Event{conversation::NoteAdded{
      MessageId::from({4, 4}), agent, Personal<MessageContent>(note.sealed), std::nullopt, noon}};
  const auto reference = note.sealed.reference.bytes();
  note.capsule = {VaultFamily::capsules, capsule_key(note.sealed.capsule), note.stored};
  note.row = {VaultFamily::rows, {reference.begin(), reference.end()}, {1}};
  return note;
}
VaultRow tombstone(const Note& note) { return {VaultFamily::tombstones, note.row.key, {0, 0, 0, 0}}; }

}  // namespace

TEST_CASE("a sound log has no difference, and what is in it is counted") {
  WrittenLog log;
  log.claim();
  log.envelope(log.next());
  Note note = note_in(log);
  log.envelope(note.envelope, {note.capsule, note.row});
  log.claim();
  log.append({1, 2, 3});
  log.envelope(log.next());
  const LogFound found = log.verify();
  CHECK(places(found) == Places{});
  const PartitionFound& p = found.partitions.at(0);
  CHECK(p.end == 6);
  CHECK(p.claims == 2);
  CHECK(p.envelopes == 3);
  CHECK(p.state.voids == 1);
  CHECK(p.state.epoch == 2);
  CHECK(p.events == 3);
  CHECK(p.streams == 1);
  CHECK(p.capsules == 1);
  CHECK(p.erased == 0);
}

TEST_CASE("a record that is not as it was written stops its partition and is named") {
  WrittenLog log;
  log.claim();
  log.envelope(log.next());
  Bytes changed = encode_record(log.frame_of({}), encode_envelope(log.next()));
  changed.back() ^= 1;
  log.append(std::move(changed));
  const LogFound found = log.verify();
  CHECK(places(found) == Places{"2 log.corrupt"});
  CHECK(found.partitions.at(0).state.next == 2);
}

TEST_CASE("a claim that had seen another log is a loss") {
  WrittenLog log;
  log.claim();
  log.envelope(log.next());
  Claim claim;
  claim.nonce = {9, 9};
  claim.seen = {2, 1, Sha256{1}};
  log.append_claim(claim);
  CHECK(places(log.verify()) == Places{"2 log.loss"});
}

TEST_CASE("all that differs inside accepted envelopes is named, not only the first") {
  WrittenLog log;
  log.claim();
  Envelope repeated = log.next();
  repeated.command = CommandId::from({6, 6});
  log.envelope(repeated);
  log.append(encode_record(log.frame_of({}), Bytes(40)));
  Envelope skips = log.next();
  skips.command = repeated.command;
  skips.events[0].version += 1;
  log.envelope(skips);
  Envelope early = log.next();
  early.id = repeated.id;
  early.recorded_at = noon;
  early.events[0].version += 1;
  log.append(encode_record(log.frame_of({}), encode_envelope(early)));
  CHECK(places(log.verify()) == Places{"2 envelope.corrupt", "3 command.repeated", "3 stream.version",
                                       "4 envelope.kinds", "4 envelope.repeated", "4 envelope.recorded_at"});
}

TEST_CASE("a stream in a slot of another partition, and slots that are nobody's, are named") {
  WrittenLog log;
  log.claim(128);
  Envelope elsewhere = log.next();
  elsewhere.events[0].stream.id.high |= 200 << 8;
  log.envelope(elsewhere);
  CHECK(places(log.verify()) == Places{"1 stream.elsewhere", "- claim.slots"});
}

TEST_CASE("a first claim that names no slots is named") {
  WrittenLog log;
  Claim claim;
  claim.nonce = {9, 9};
  claim.seen = {0, 0, initial_log_state(log_id, 0).chain};
  log.append_claim(claim);
  CHECK(places(log.verify()) == Places{"0 claim.genesis"});
}

TEST_CASE("capsules") {
  WrittenLog log;
  log.claim();
  Note note = note_in(log);
  SUBCASE("one with other bytes than its event says differs") {
    note.capsule.value.push_back(4);
    log.envelope(note.envelope, {note.capsule, note.row});
    CHECK(places(log.verify()) == Places{"1 capsule.differs"});
  }
  SUBCASE("one that is not there without a tombstone is missing") {
    log.envelope(note.envelope, {note.row});
    CHECK(places(log.verify()) == Places{"1 capsule.missing"});
  }
  SUBCASE("one without its key row is missing it") {
    log.envelope(note.envelope, {note.capsule});
    CHECK(places(log.verify()) == Places{"1 key_row.missing"});
  }
  SUBCASE("one under a tombstone is erased, whether its bytes are gone by now or not") {
    log.envelope(note.envelope, {note.capsule, tombstone(note)});
    Note gone = note_in(log);
    log.envelope(gone.envelope, {});
    const LogFound found = log.verify();
    CHECK(places(found) == Places{});
    CHECK(found.partitions.at(0).erased == 2);
    CHECK(found.partitions.at(0).capsules == 0);
  }
}
