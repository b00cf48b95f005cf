#include "schemas/envelope.h"

#include <cctype>
#include <map>
#include <set>

#include <doctest/doctest.h>

#include "schemas/adoption_generated.h"
#include "schemas/conversation_generated.h"
#include "schemas/desk_generated.h"
#include "schemas/door_generated.h"
#include "schemas/draft_generated.h"
#include "schemas/envelope_generated.h"
#include "schemas/routing_generated.h"
#include "schemas/settings_generated.h"
#include "schemas/subject_generated.h"
#include "tests/schemas/given_members.h"
#include "tests/schemas/hostile.h"
#include "tests/schemas/samples.h"
#include "tests/schemas/stored_by_hand.h"

namespace parlance {
namespace {

using tests::envelope_of;
using tests::envelope_samples;

/// "MessageReceived" as "message_received".
std::string snake_case(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (std::isupper(static_cast<unsigned char>(c)) != 0 && !out.empty()) out += '_';
    out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return out;
}

TEST_CASE("an envelope of every event reads back as it was written") {
  for (const auto& [name, envelope] : envelope_samples()) {
    CAPTURE(name);
    const auto decoded = decode_envelope(encode_envelope(envelope));
    REQUIRE(decoded.has_value());
    CHECK(*decoded == envelope);
  }
}

TEST_CASE("every member of every event is given in some sample, so that none is forgotten in its codec") {
  tests::GivenMembers given;
  for (const auto& [name, envelope] : envelope_samples()) {
    tests::note_members(envelope, given["envelope"]);
    for (const auto& event : envelope.events) {
      tests::note_members(event, given["stream event"]);
      std::visit(
          [&](const auto& of_category) {
            std::visit(
                [&](const auto& body) {
                  tests::note_members(body, given[std::string(kind_name(kind_of(of_category)))]);
                },
                of_category);
          },
          event.body);
      if (const auto* adoption = std::get_if<adoption::Event>(&event.body)) {
        const auto& body = std::get<adoption::Adopted>(*adoption).body;
        tests::note_members(body, given["adopted body"]);
        tests::note_members(body.policy, given["policy"]);
        for (const auto& tag : body.tags) tests::note_members(tag, given["tag"]);
        for (const auto& queue : body.queues) tests::note_members(queue, given["queue"]);
      }
    }
  }
  tests::check_all_given(given);
}

TEST_CASE("an envelope of many events of several streams reads back in order") {
  Envelope all = envelope_samples().front().envelope;
  all.events.clear();
  for (int round = 0; round < 20; ++round) {
    for (const auto& sample : envelope_samples()) {
      for (const auto& event : sample.envelope.events) all.events.push_back(event);
    }
  }
  const auto decoded = decode_envelope(encode_envelope(all));
  REQUIRE(decoded.has_value());
  CHECK(*decoded == all);
}

TEST_CASE("encoding the same envelope twice gives the same bytes") {
  for (const auto& [name, envelope] : envelope_samples()) {
    CAPTURE(name);
    CHECK(encode_envelope(envelope) == encode_envelope(envelope));
  }
}

TEST_CASE("an envelope reads back from any address") {
  const auto sample = envelope_samples().front().envelope;
  const Bytes bytes = encode_envelope(sample);
  for (std::size_t shift = 0; shift < 8; ++shift) {
    Bytes shifted(bytes.size() + shift);
    std::copy(bytes.begin(), bytes.end(), shifted.begin() + static_cast<std::ptrdiff_t>(shift));
    const auto decoded = decode_envelope(ByteView(shifted).subspan(shift));
    REQUIRE(decoded.has_value());
    CHECK(*decoded == sample);
  }
}

TEST_CASE("every event has a kind of its own, named as in its schema") {
  std::set<EventKind> kinds;
  for (const auto& [name, envelope] : envelope_samples()) {
    for (const auto& event : envelope.events) {
      const EventKind kind = kind_of(event.body);
      kinds.insert(kind);
      CHECK((kind >> 8) == static_cast<int>(event.stream.category));
    }
  }
  std::size_t named = 0;
  const auto check_names = [&](Category category, const char* const* names) {
    const std::string prefix = snake_case(wire::EnumNamesCategory()[static_cast<int>(category)]);
    for (int member = 1; names[member] != nullptr; ++member, ++named) {
      const auto kind = static_cast<EventKind>(static_cast<int>(category) << 8 | member);
      CHECK(kind_name(kind) == prefix + "." + snake_case(names[member]));
      CHECK(kinds.contains(kind));
    }
  };
  check_names(Category::conversation, wire::conversation::EnumNamesEvent());
  check_names(Category::subject, wire::subject::EnumNamesEvent());
  check_names(Category::door, wire::door::EnumNamesEvent());
  check_names(Category::settings, wire::settings::EnumNamesEvent());
  check_names(Category::desk, wire::desk::EnumNamesEvent());
  check_names(Category::adoption, wire::adoption::EnumNamesEvent());
  check_names(Category::draft, wire::draft::EnumNamesEvent());
  check_names(Category::routing, wire::routing::EnumNamesEvent());
  CHECK(kinds.size() == named);
}

TEST_CASE("kinds of newer programs have no name") {
  for (const unsigned kind : {0x0000U, 0x0100U, 0x0001U, 0x01ffU,
                              static_cast<unsigned>(std::variant_size_v<AnyEvent> + 1) << 8, 0xffffU}) {
    CHECK(kind_name(static_cast<EventKind>(kind)) == "unknown");
  }
}

TEST_CASE("the kinds of an envelope are those of its events") {
  auto envelope = envelope_samples().front().envelope;
  KindSet expected;
  expected.add(0x0101);
  CHECK(kinds_of(envelope) == expected);
  envelope.events.push_back({{Category::desk, {}}, 1, {}, desk::Event{desk::TokenRevoked{}}});
  expected.add(0x0504);
  CHECK(kinds_of(envelope) == expected);
}

TEST_CASE("an event kind beyond what this program knows is newer") {
  flatbuffers::FlatBufferBuilder body;
  body.Finish(wire::conversation::CreateEntry(body, wire::conversation::Event::Woken,
                                              wire::conversation::CreateWoken(body).Union()),
              wire::conversation::EntryIdentifier());
  CHECK(decode_envelope(envelope_of(wire::Category::conversation, 0x010a, body)).has_value());
  for (const EventKind kind :
       {EventKind{0x0100 + std::variant_size_v<conversation::Event> + 1}, EventKind{0x01ff}}) {
    const auto decoded = decode_envelope(envelope_of(wire::Category::conversation, kind, body));
    REQUIRE(decoded.has_error());
    CHECK(decoded.error().code == Errc::newer);
    CHECK(decoded.error().rule == "envelope.newer");
    CHECK(decoded.error().detail.find(", event 0 (unknown)") != std::string::npos);
  }
  constexpr std::uint8_t beyond = std::variant_size_v<AnyEvent> + 1;
  const auto decoded =
      decode_envelope(envelope_of(static_cast<wire::Category>(beyond), EventKind{beyond << 8 | 1}, body));
  REQUIRE(decoded.has_error());
  CHECK(decoded.error().code == Errc::newer);
}

TEST_CASE("an event that is not of the kind the envelope says is corrupt") {
  flatbuffers::FlatBufferBuilder body;
  body.Finish(wire::conversation::CreateEntry(body, wire::conversation::Event::Woken,
                                              wire::conversation::CreateWoken(body).Union()),
              wire::conversation::EntryIdentifier());
  struct Case {
    wire::Category category;
    EventKind kind;
  };
  for (const Case c : {Case{wire::Category::conversation, 0x0109}, Case{wire::Category::conversation, 0x0100},
                       Case{wire::Category::conversation, 0x0203}, Case{wire::Category::subject, 0x0201},
                       Case{wire::Category::none, 0x000a}}) {
    const auto decoded = decode_envelope(envelope_of(c.category, c.kind, body));
    REQUIRE(decoded.has_error());
    CHECK(decoded.error().code == Errc::corrupt);
    CHECK(decoded.error().rule == "envelope.corrupt");
  }
}

TEST_CASE("a value beyond what this program knows of an enumeration is newer, and says which") {
  flatbuffers::FlatBufferBuilder body;
  const auto event =
      wire::conversation::CreatePriorityChanged(body, wire::Priority::low, static_cast<wire::Priority>(5));
  body.Finish(
      wire::conversation::CreateEntry(body, wire::conversation::Event::PriorityChanged, event.Union()),
      wire::conversation::EntryIdentifier());
  const auto decoded = decode_envelope(envelope_of(wire::Category::conversation, 0x010f, body));
  REQUIRE(decoded.has_error());
  CHECK(decoded.error().code == Errc::newer);
  CHECK(decoded.error().detail.find(
            "(conversation.priority_changed): this program does not know priority 5") != std::string::npos);
}

TEST_CASE("scopes beyond those this program knows are newer") {
  flatbuffers::FlatBufferBuilder body;
  const wire::Id id(1, 2);
  const wire::Digest hash{};
  const auto event =
      wire::desk::CreateTokenIssued(body, &id, nullptr, static_cast<wire::desk::Scope>(16 + 1), &hash);
  body.Finish(wire::desk::CreateEntry(body, wire::desk::Event::TokenIssued, event.Union()),
              wire::desk::EntryIdentifier());
  const auto decoded = decode_envelope(envelope_of(wire::Category::desk, 0x0503, body));
  REQUIRE(decoded.has_error());
  CHECK(decoded.error().code == Errc::newer);
}

TEST_CASE("times that sums of which could overflow are corrupt") {
  for (const std::int64_t ms : {std::int64_t{1} << 62, std::numeric_limits<std::int64_t>::min()}) {
    flatbuffers::FlatBufferBuilder body;
    const auto event = wire::conversation::CreateBreachWithdrawn(body, ms);
    body.Finish(
        wire::conversation::CreateEntry(body, wire::conversation::Event::BreachWithdrawn, event.Union()),
        wire::conversation::EntryIdentifier());
    const auto decoded = decode_envelope(envelope_of(wire::Category::conversation, 0x0112, body));
    REQUIRE(decoded.has_error());
    CHECK(decoded.error().code == Errc::corrupt);
  }
}

TEST_CASE("a body that says the same long name ten thousand times over is corrupt, not gigabytes") {
  flatbuffers::FlatBufferBuilder body;
  const wire::Id id(1, 2);
  const auto name = body.CreateString(std::string(200'000, 'x'));
  const auto tag = wire::adoption::CreateTag(body, &id, name);
  const std::vector<flatbuffers::Offset<wire::adoption::Tag>> tags(10'000, tag);
  const auto vector = body.CreateVector(tags);
  const auto policy = wire::settings::CreatePolicy(body);
  const auto event = wire::adoption::CreateAdopted(body, 1, 1, policy, vector);
  body.Finish(wire::adoption::CreateEntry(body, wire::adoption::Event::Adopted, event.Union()),
              wire::adoption::EntryIdentifier());
  const auto decoded = decode_envelope(envelope_of(wire::Category::adoption, 0x0601, body));
  REQUIRE(decoded.has_error());
  CHECK(decoded.error().code == Errc::corrupt);
  CHECK(decoded.error().detail.find("more values than bytes") != std::string::npos);
}

TEST_CASE("events that share one body are corrupt, however few they are") {
  flatbuffers::FlatBufferBuilder body;
  (void)body.CreateVector(Bytes(1000));
  body.Finish(wire::conversation::CreateEntry(body, wire::conversation::Event::Woken,
                                              wire::conversation::CreateWoken(body).Union()),
              wire::conversation::EntryIdentifier());
  const auto decode_times = [&](std::size_t times) {
    return decode_envelope(envelope_of(wire::Category::conversation, 0x010a, body, times));
  };
  CHECK(decode_times(1).has_value());
  const auto two = decode_times(2);
  REQUIRE(two.has_error());
  CHECK(two.error().code == Errc::corrupt);
  CHECK(two.error().detail.find("events that share bytes") != std::string::npos);
  const auto more_than_the_bytes_can_hold = decode_times(1000);
  REQUIRE(more_than_the_bytes_can_hold.has_error());
  CHECK(more_than_the_bytes_can_hold.error().detail.find("not a sound envelope") != std::string::npos);
}

TEST_CASE("an envelope beyond the longest body is corrupt") {
  const auto decoded = decode_envelope(Bytes(body_bytes_max + 1));
  REQUIRE(decoded.has_error());
  CHECK(decoded.error().code == Errc::corrupt);
}

TEST_CASE("damaged envelopes never crash, and what still reads can be written again") {
  std::size_t refused = 0;
  std::size_t read = 0;
  for (const auto& [name, envelope] : envelope_samples()) {
    CAPTURE(name);
    tests::each_damage(encode_envelope(envelope), [&](const Bytes& damaged) {
      const auto decoded = decode_envelope(damaged);
      if (!decoded) {
        ++refused;
        const Errc code = decoded.error().code;
        if (code != Errc::corrupt && code != Errc::newer) FAIL_CHECK("neither corrupt nor newer");
        return;
      }
      ++read;
      const auto again = decode_envelope(encode_envelope(*decoded));
      if (!again.has_value() || *again != *decoded) FAIL_CHECK("not the same when written again");
    });
  }
  CHECK(refused > 10'000);
  CHECK(read > 10'000);
}

}  // namespace
}  // namespace parlance
