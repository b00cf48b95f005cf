#include <fstream>
#include <iterator>
#include <string>

#include <doctest/doctest.h>
#include <flatbuffers/idl.h>

#include "schemas/frame.h"
#include "tests/schemas/stored_by_hand.h"

// What a program writes that knows more than this one: this program's own schemas with additions, compiled here.

namespace parlance {
namespace {

using Edit = std::pair<std::string, std::string>;

/// A schema of the project with each of `edits` made once.
class NewerSchema {
 public:
  NewerSchema(const std::string& name, const std::vector<Edit>& edits) {
    std::ifstream file(std::string(PARLANCE_SOURCE) + "/schemas/" + name);
    std::string text{std::istreambuf_iterator<char>(file), {}};
    for (const auto& [from, to] : edits) {
      const std::size_t place = text.find(from);
      REQUIRE_MESSAGE(place != std::string::npos, from);
      text.replace(place, from.size(), to);
    }
    const char* include_paths[] = {PARLANCE_SOURCE, nullptr};
    REQUIRE_MESSAGE(parser_.Parse(text.c_str(), include_paths), parser_.error_);
  }

  Bytes write(const std::string& json) {
    REQUIRE_MESSAGE(parser_.Parse(json.c_str()), parser_.error_);
    const auto& builder = parser_.builder_;
    return {builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()};
  }
  std::string read(ByteView bytes) {
    std::string json;
    REQUIRE(flatbuffers::GenerateText(parser_, bytes.data(), &json));
    return json;
  }

 private:
  flatbuffers::Parser parser_;
};

NewerSchema newer_conversation() {
  return NewerSchema(
      "conversation.fbs",
      {{"table MessageReceived {", "table Levitated { level:int (id: 0); }\n\ntable MessageReceived {"},
       {"Rated, Undone\n}", "Rated, Undone, Levitated\n}"},
       {"table Snoozed {", "table Snoozed {\n  mood:int (id: 2);\n  words:parlance.wire.Capsule (id: 3);"}});
}

constexpr EventKind unknown_kind = 0x0100 + std::variant_size_v<conversation::Event> + 1;

std::string numbers(ByteView bytes) {
  std::string out;
  for (const std::uint8_t byte : bytes) out += (out.empty() ? "" : ",") + std::to_string(byte);
  return "[" + out + "]";
}

/// The record as another log takes it in: what a copy may change is in the frame.
Bytes copied(const Bytes& record, LogId from, LogId to) {
  const auto parsed = parse_record(from, record);
  REQUIRE(parsed.has_value());
  REQUIRE(parsed->has_value());
  Frame frame = (*parsed)->frame;
  frame.log = to;
  frame.seq += 40;
  frame.prev.fill(7);
  return encode_record(frame, (*parsed)->body);
}

TEST_CASE("an event with a member that this program does not know is read without it") {
  NewerSchema newer = newer_conversation();
  const Bytes body = newer.write(R"({event_type: "Snoozed", event: {until: 99, mood: 5}})");
  const auto decoded = decode_envelope(tests::envelope_of(wire::Category::conversation, 0x0109, body));
  REQUIRE(decoded.has_value());
  REQUIRE(decoded->events.size() == 1);
  CHECK(decoded->events.front().body ==
        AnyEvent(conversation::Event(conversation::Snoozed{.until = {99}, .reason = {}, .at = {5}})));
}

TEST_CASE("an event that this program does not know is newer, and survives a copy with all it holds") {
  NewerSchema newer = newer_conversation();
  const Bytes levitated = newer.write(R"({event_type: "Levitated", event: {level: 3}})");
  const Bytes body = tests::envelope_of(wire::Category::conversation, unknown_kind, levitated);
  const auto decoded = decode_envelope(body);
  REQUIRE(decoded.has_error());
  CHECK(decoded.error().code == Errc::newer);

  const LogId old_log = LogId::from({1, 2});
  const LogId new_log = LogId::from({3, 4});
  KindSet kinds;
  kinds.add(unknown_kind);
  const Bytes record = encode_record(Frame{.log = old_log, .epoch = 1, .seq = 2, .kinds = kinds}, body);
  const Bytes copy = copied(record, old_log, new_log);
  const auto parsed = parse_record(new_log, copy);
  REQUIRE(parsed.has_value());
  REQUIRE(parsed->has_value());
  CHECK((*parsed)->frame.kinds == kinds);
  CHECK(Bytes((*parsed)->body.begin(), (*parsed)->body.end()) == body);
  const auto& stored = *wire::GetEnvelope((*parsed)->body.data())->events()->Get(0)->body();
  const std::string json = newer.read({stored.data(), stored.size()});
  CHECK(json.find("Levitated") != std::string::npos);
  CHECK(json.find("level: 3") != std::string::npos);
}

TEST_CASE("members of the envelope that this program does not know are passed over") {
  NewerSchema newer_events = newer_conversation();
  NewerSchema newer(
      "envelope.fbs",
      {{"  decider_version:uint (id: 9);", "  decider_version:uint (id: 9);\n  trace:Id (id: 13);"},
       {"  kind:ushort (id: 4);", "  kind:ushort (id: 4);\n  weight:double (id: 6);"}});
  const Bytes woken = newer_events.write(R"({event_type: "Woken", event: {}})");
  const Bytes body =
      newer.write(R"({id: {high: 1, low: 2}, workspace: {high: 3, low: 4}, trace: {high: 5, low: 6},
      events: [{category: "conversation", stream: {high: 7, low: 8}, version: 9, occurred_at: 10, kind: 266,
                weight: 2.5, body: )" +
                  numbers(woken) + "}]}");
  const auto decoded = decode_envelope(body);
  REQUIRE(decoded.has_value());
  CHECK(decoded->id == EnvelopeId::from({1, 2}));
  CHECK(decoded->workspace == WorkspaceId::from({3, 4}));
  REQUIRE(decoded->events.size() == 1);
  CHECK(decoded->events.front() == StreamEvent{.stream = {Category::conversation, {7, 8}},
                                               .version = 9,
                                               .occurred_at = {10},
                                               .body = conversation::Event(conversation::Woken{.at = {10}})});
}

}  // namespace
}  // namespace parlance
